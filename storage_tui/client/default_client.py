"""The default client of each class, as the published client has one: made on first use, and kept."""

import threading
from typing import Any, TypeVar

from storage_tui.contract.errors import BadRequestError

C = TypeVar("C")

_clients: dict[type, Any] = {}
_lock = threading.Lock()


def default_of(kind: type[C]) -> C:
    """Return the default client of a class; make it without arguments when there is none yet."""
    with _lock:
        if kind not in _clients:
            _clients[kind] = kind()
        client: C = _clients[kind]
        return client


def set_default(kind: type[C], client: C) -> None:
    """Make `client` the default client of a class; raise BadRequestError for a client of another class."""
    if not isinstance(client, kind):
        raise BadRequestError(f"the default client of {kind.__name__} is one itself, not a {type(client).__name__}")
    with _lock:
        _clients[kind] = client
