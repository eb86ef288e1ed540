"""A place from a script: by `Storage` and as a file system of fsspec."""

from pathlib import Path

import fsspec
import pytest

from storage_tui import Storage, errors
from storage_tui.contract.places import PlaceOptions
from tests.cli.places.conftest import Call


@pytest.fixture
def folder(call: Call, tmp_path: Path) -> Path:
    root = tmp_path / "here" / "maps"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.txt").write_text("text")
    return root


def test_a_file_system_shows_what_the_place_has_and_refuses_changes_as_such(folder: Path) -> None:
    fs = fsspec.filesystem("dlstorage", url=str(folder), skip_instance_cache=True)
    assert fs.ls("", detail=False) == ["data"]
    assert fs.find("") == ["data/in/a.txt"]
    assert fs.cat("data/in/a.txt") == b"text"
    for change in (lambda: fs.pipe("data/b", b"x"), lambda: fs.rm("data/in/a.txt")):
        with pytest.raises(PermissionError, match="is open read only"):
            change()
    fs.storage.close()


def test_the_options_of_a_place_are_an_object_or_a_dict() -> None:
    with pytest.raises(errors.BadRequestError, match="options of a place"):
        Storage("s3://bucket", opening={"writable": True})
    with Storage("s3://bucket", opening={"is_writable": True, "endpoint_url": "http://h:9"}) as storage:
        assert storage.engine.opening == PlaceOptions(is_writable=True, endpoint_url="http://h:9")
