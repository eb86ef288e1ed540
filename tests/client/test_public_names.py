"""What `import storage_tui` gives, as a program and a person at a prompt find it."""

import copy
import inspect
import multiprocessing
import pickle
import pydoc
from importlib import import_module
from pathlib import Path

import pytest

import storage_tui
from storage_tui import AsyncStorage, Storage
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract import errors
from tests.client.access.test_credentials import jwt
from tests.server.running import RunningServer

PUBLISHED = {  # descarteslabs 1.12.1, descarteslabs/client/services/storage/storage.py
    "get_signed_url": ["key", "storage_type"],
    "get_upload_url": ["key", "storage_type"],
    "delete": ["key", "storage_type"],
    "set": ["key", "value", "storage_type"],
    "get": ["key", "storage_type"],
    "exists": ["key", "storage_type"],
    "list": ["prefix", "storage_type"],
    "iter_list": ["prefix", "storage_type"],
    "set_file": ["key", "file_obj", "storage_type"],
    "get_file": ["key", "file_obj", "storage_type"],
}


@pytest.mark.parametrize("client", [Storage, AsyncStorage])
@pytest.mark.parametrize("call", PUBLISHED)
def test_the_published_calls_take_their_arguments_by_the_same_names(client: type, call: str) -> None:
    parameters = inspect.signature(getattr(client, call)).parameters.values()
    positional = [row.name for row in parameters if row.kind is row.POSITIONAL_OR_KEYWORD]
    assert positional == ["self", *PUBLISHED[call]]
    storage_type = next(row for row in parameters if row.name == "storage_type")
    assert storage_type.default == "data"


@pytest.mark.parametrize("call", [name for name in vars(Storage) if not name.startswith("_")])
def test_both_clients_take_the_same_arguments(call: str) -> None:
    told = getattr(Storage, call)
    if not callable(told):
        return
    twin = inspect.signature(getattr(AsyncStorage, call))
    assert list(twin.parameters.values()) == list(inspect.signature(told).parameters.values())


def test_a_prompt_completes_the_public_names() -> None:
    assert set(storage_tui.__all__) <= set(dir(storage_tui))
    assert all(hasattr(storage_tui, name) for name in storage_tui.__all__)


def test_help_shows_the_clients() -> None:
    shown = pydoc.render_doc(storage_tui, renderer=pydoc.plaintext)  # type: ignore[attr-defined]
    assert "class Storage(" in shown
    assert "class AsyncStorage(" in shown
    assert "class TransferControl(" in shown


@pytest.mark.parametrize("call", [name for name in vars(Storage) if not name.startswith("_")])
def test_every_call_says_what_it_does(call: str) -> None:
    assert getattr(Storage, call).__doc__, f"Storage.{call}"
    assert getattr(AsyncStorage, call).__doc__, f"AsyncStorage.{call}"


def test_errors_are_imported_by_name() -> None:
    module = import_module("storage_tui.errors")
    assert module is storage_tui.errors
    assert module.NotFoundError is errors.NotFoundError
    tree = [row for row in vars(errors).values() if inspect.isclass(row) and issubclass(row, errors.StorageError)]
    assert sorted(module.__all__) == sorted(row.__name__ for row in tree)
    assert "PreconditionFailedError" in pydoc.render_doc(module, renderer=pydoc.plaintext)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [row for row in vars(errors).values() if inspect.isclass(row)])
def test_an_error_survives_the_way_from_another_process(kind: type) -> None:
    if not issubclass(kind, errors.StorageError):
        return
    there = kind("it is gone", key="a/b")
    back = pickle.loads(pickle.dumps(there))
    assert (type(back), back.message, vars(back)) == (kind, "it is gone", vars(there))
    assert str(back) == str(there)


def keys_of(storage: Storage) -> list[str]:
    with storage:
        return storage.list()


def test_a_client_is_handed_to_the_processes_of_a_pool(
    server: RunningServer, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(token)
    monkeypatch.setenv("STORAGE_TUI_URL", server.url)
    with Storage(token_file=path) as storage:
        storage.set("a", b"1")
        monkeypatch.delenv("STORAGE_TUI_URL")
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.map(keys_of, [storage], 1) == [["a"]]


def test_a_copy_of_a_client_is_one_of_its_own(tmp_path: Path) -> None:
    storage = Storage(data_dir=tmp_path, retries=0, timeout_s=5)
    again = copy.deepcopy(storage)
    assert again is not storage
    assert repr(again) == repr(storage)
    assert pickle.dumps(again) == pickle.dumps(storage)


async def test_the_asynchronous_client_is_pickled_after_use_too(
    server: RunningServer, token: str, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(token)
    async with AsyncStorage(server.url, token_file=path) as storage:
        await storage.set("a", b"1")
        async with pickle.loads(pickle.dumps(storage)) as again:
            assert await again.list() == ["a"]


def test_a_token_is_not_pickled() -> None:
    storage = Storage("https://host", token=jwt())
    with pytest.raises(TypeError, match="token_file"):
        pickle.dumps(storage)


def test_a_row_of_unfinished_is_handed_to_another_process() -> None:
    row = UnfinishedTransfer("upload", "https://host", "data", "k", "/tmp/k", 1, "2026-01-01T00:00:00.000+00:00")
    assert pickle.loads(pickle.dumps(row)) == row
