"""What a request is about: the namespace of its token, the storage type and key of its path."""

from storage_tui.contract.errors import UnknownStorageTypeError
from storage_tui.contract.storage_types import STORAGE_TYPES, find_storage_type
from storage_tui.server.http.request import Request
from storage_tui.server.stores.base import Address


def storage_type_of(request: Request) -> str:
    """Return the storage type in the path; raise UnknownStorageTypeError."""
    try:
        name = request.path["type"].decode("ascii")
    except UnicodeDecodeError as exc:
        raise UnknownStorageTypeError(f"a storage type is ASCII; use one of {', '.join(STORAGE_TYPES)}") from exc
    return find_storage_type(name).name


def address_of(request: Request) -> Address:
    """Return the address of the blob in the path; raise UnknownStorageTypeError or InvalidKeyError."""
    storage_type = storage_type_of(request)
    return Address(request.namespace, storage_type, request.rules.key_from_path(request.path["key"]))
