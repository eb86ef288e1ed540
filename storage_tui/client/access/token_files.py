"""Files with a token or a login: refused when others may read them, and written with mode 0600."""

import os
import stat
from pathlib import Path

from storage_tui.contract.errors import CredentialsError
from storage_tui.machine.private_files import write_private
from storage_tui.machine.text_files import text_of

FILE_BYTES = 64 * 1024  # a file of tokens has a few hundred bytes; a larger file is something else


def read_token_file(path: Path) -> str | None:
    """Return the text of a file of this user that no other user may read; None when there is no such file.

    Raise CredentialsError when others may read the file (ssh refuses such keys too), or when the file cannot be read,
    belongs to another user than this one or root, is not regular, is too large, or is not UTF-8.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise CredentialsError(f"cannot read {path}: {exc.strerror}") from exc
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise CredentialsError(f"{path} is not a regular file; put the token into one with mode 0600")
    with os.fdopen(descriptor, "rb") as file:
        if found.st_uid not in (os.getuid(), 0):
            raise CredentialsError(f"{path} belongs to another user; use a token file of your own")
        if found.st_mode & 0o077:
            raise CredentialsError(f"others may read {path}, which holds a secret; run: chmod 600 {path}")
        raw = file.read(FILE_BYTES + 1)
    if len(raw) > FILE_BYTES:
        raise CredentialsError(f"{path} is too large for a file of tokens")
    try:
        return text_of(raw)
    except ValueError as exc:
        raise CredentialsError(f"{path} is not text, so not a file of tokens: {exc}") from exc


def write_token_file(path: Path, text: str) -> None:
    """Write the text to a file of mode 0600, whole or not at all; a missing folder is made with mode 0700."""
    write_private(path, text.encode())
