"""An upload that nobody can go on with is not left at the server, where it would count as stored for a week."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import ConflictError, LocalFileError
from tests.server.running import RunningServer

pytestmark = pytest.mark.usefixtures("hasty")

SIZE = 20 * 1024 * 1024


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(9).randbytes(SIZE)


@pytest.fixture
def left(server: RunningServer) -> Callable[[], set[str]]:
    """Tells the uploads at the server that were not there before the test."""
    folder = server.data_dir / "uploads"
    before = {path.name for path in folder.iterdir()}
    return lambda: {path.name for path in folder.iterdir()} - before


class _Broken:
    """A stream that ends in an error past its first pieces."""

    def __init__(self, error: BaseException) -> None:
        self._error, self._rest = error, SIZE

    def read(self, size_bytes: int) -> bytes:
        if self._rest <= 0:
            raise self._error
        self._rest -= size_bytes
        return bytes(size_bytes)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
def test_a_stream_that_breaks_leaves_nothing(
    storage: Storage, left: Callable[[], set[str]], error: BaseException
) -> None:
    with pytest.raises(LocalFileError if isinstance(error, OSError) else KeyboardInterrupt):
        storage.set_file("k", _Broken(error))
    assert not left() and not storage.exists("k")


class _Growing(TransferControl):
    """Lets the file grow while it is read."""

    path: Path

    def check(self) -> None:
        super().check()
        if self.done_bytes > SIZE // 2:
            with self.path.open("ab") as file:
                file.write(b"more")


def test_a_file_that_changes_while_it_is_read_leaves_nothing(
    storage: Storage, left: Callable[[], set[str]], source: Path
) -> None:
    control = _Growing()
    control.path = source
    with pytest.raises(LocalFileError, match="changed"):
        storage.set_file("k", source, control=control)
    assert not left() and not storage.exists("k") and not storage.unfinished()


def test_an_upload_that_is_refused_in_the_end_leaves_nothing(
    storage: Storage, left: Callable[[], set[str]], source: Path
) -> None:
    class Overtaken(TransferControl):
        def check(self) -> None:
            super().check()
            if self.done_bytes > SIZE // 2 and not storage.exists("k"):
                storage.set("k", b"first")

    with pytest.raises(ConflictError):
        storage.engine.upload("k", source, "data", control=Overtaken(), resume=True, replaces=False)
    assert not left() and storage.get("k") == b"first"
