"""Files that hold a token or a login: never read where others may read them, and never left so."""

import os
import stat
from pathlib import Path

from storage_tui.contract.errors import CredentialsError
from storage_tui.machine.private_files import write_private

FILE_BYTES = 64 * 1024  # a file of tokens is a few hundred bytes; a larger one is something else


def read_token_file(path: Path) -> str | None:
    """The text of a file that only its owner, us, may read; None where there is no such file.

    Raises CredentialsError when others may read it, as ssh does for its keys.
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
        return raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise CredentialsError(f"{path} is not text, so not a file of tokens") from exc


def write_token_file(path: Path, text: str) -> None:
    """Put the text under the name whole and with mode 0600, in a folder of mode 0700 when that has to be made."""
    write_private(path, text.encode())
