"""A terminal browser, a streaming client and a server for the Storage API.

    from storage_tui import Storage

    storage = Storage()                       # the store of this machine, or the one your environment names
    storage.set("hello", "Hello Storage")
    storage.get("hello")                      # b"Hello Storage"
    storage.set_file("maps/dem.tif", "dem.tif", storage_type="tmp")

Public names: `Storage`, `AsyncStorage`, `TransferControl` (to steer one transfer), `Move` (one of many moves),
`TaskRun`, `PlaceOptions` (how a bucket is opened), `errors`, `__version__`.
They are found on first use, so that importing the client loads neither the browser nor the server.

| file | holds |
|---|---|
| __main__.py | `python -m storage_tui`, the same as the storage-tui command |
| errors.py | the errors of the Storage API by name |
| sync.py | `sync` and `check`: folders and prefixes made equal, from a script |
| notebook.py | in a notebook: the progress of a transfer, and a look into a blob |
| contract/ | what the Storage API is: types, keys, models, errors, wire forms; no I/O |
| machine/ | this machine: directories, private files, secrets, child processes |
| client/ | how to call the API |
| server/ | how to serve the API |
| previews/ | what a blob holds, from a few ranges |
| tui/ | the terminal browser |
| fs/, web/ | the store as a file system of fsspec, and the browser in a web page |
| demo/ | the throwaway store of `storage-tui --demo` |
| cli/ | the command line: the only floor that knows all others |
"""

TYPE_CHECKING = False  # typing takes longer to load than the first look at a list

__all__ = ["AsyncStorage", "Move", "PlaceOptions", "Storage", "TaskRun", "TransferControl", "__version__", "errors"]

if TYPE_CHECKING:
    from typing import Any

    from storage_tui import errors
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.client.control import TransferControl
    from storage_tui.client.storage import Storage
    from storage_tui.client.tasks import TaskRun
    from storage_tui.contract.moves import Move
    from storage_tui.contract.places import PlaceOptions
    from storage_tui.machine.version import __version__

_HOMES = {
    "Storage": ("storage_tui.client.storage", "Storage"),
    "AsyncStorage": ("storage_tui.client.async_storage", "AsyncStorage"),
    "TaskRun": ("storage_tui.client.tasks", "TaskRun"),
    "Move": ("storage_tui.contract.moves", "Move"),
    "PlaceOptions": ("storage_tui.contract.places", "PlaceOptions"),
    "TransferControl": ("storage_tui.client.control", "TransferControl"),
    "errors": ("storage_tui.errors", None),
    "__version__": ("storage_tui.machine.version", "__version__"),
}


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module 'storage_tui' has no attribute {name!r}")
    from importlib import import_module

    home, attribute = _HOMES[name]
    module = import_module(home)
    return module if attribute is None else getattr(module, attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
