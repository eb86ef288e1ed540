"""The key file of older versions, DATA_DIR/keys.json. Its keys move into the records once; then the file is removed."""

import os
import stat
from pathlib import Path

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.server.access.keyring import add_keys, parse_keys
from storage_tui.server.stores.records import Records

FILE_NAME = "keys.json"
MAX_FILE_BYTES = 64 * 1024  # many more keys than anyone rotates through


def move_key_file(data_dir: Path, records: Records) -> None:
    """Put the keys of the file into the records, durably, then remove the file. Do nothing when there is no file.

    Tokens and URLs signed with these keys stay valid. Raise StorageError when the file holds no keys, cannot be read or
    could be read by others.
    """
    path = data_dir / FILE_NAME
    try:
        content = _read(path)
        if content is None:
            return
        try:
            keys = parse_keys(content)
        except StorageError as exc:
            raise StorageError(f"{path} does not hold signing keys; restore it, or remove it") from exc
        add_keys(records, keys)
        path.unlink(missing_ok=True)
    except OSError as exc:
        raise UnavailableError(f"cannot move the signing keys out of {path}: {exc.strerror or exc}") from exc


def _read(path: Path) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077 or not stat.S_ISREG(status.st_mode):
            raise StorageError(f"{path} can be read by others; make it yours alone with chmod 600")
        return file.read(MAX_FILE_BYTES)
