"""The signing keys of a server: DATA_DIR/keys.json, made on first use, one current key for each purpose.

A key has an id, the `kid` that tokens, URLs and page tokens carry, so that a key can be replaced while what older keys
signed stays good: add the new key to the file under a new id and name it `current`. No purpose accepts the keys of
another one.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.server.secret import Secret

Purpose = Literal["token", "url", "page"]
PURPOSES: tuple[Purpose, ...] = ("token", "url", "page")

KEY_BYTES = 32
FILE_NAME = "keys.json"
MAX_FILE_BYTES = 64 * 1024  # far more keys than anyone rotates through


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key and the id under which signatures name it."""

    kid: str
    secret: Secret

    def sign(self, *fields: bytes) -> str:
        """HMAC-SHA256 over the fields, each with its length in front so that no two lists of fields sign alike;
        base64url without padding."""
        digest = hmac.new(self.secret.reveal(), digestmod=hashlib.sha256)
        for field in fields:
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
        return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")


class Keyring:
    """The keys of all purposes."""

    def __init__(self, keys: Mapping[Purpose, Mapping[str, SigningKey]], current: Mapping[Purpose, str]) -> None:
        self._keys = keys
        self._current = current

    def current(self, purpose: Purpose) -> SigningKey:
        """The key that signs now."""
        return self._keys[purpose][self._current[purpose]]

    def find(self, purpose: Purpose, kid: str) -> SigningKey | None:
        """The key that a signature names; None for one that is unknown or of another purpose."""
        return self._keys[purpose].get(kid)


def load_keyring(data_dir: Path) -> Keyring:
    """The keys of the data directory, made now if there are none yet; safe beside other processes doing the same.

    Raises StorageError when the file cannot be read or written, or when others could read it.
    """
    path = data_dir / FILE_NAME
    try:
        content = _read(path)
        if content is None:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(path)
            content = _read(path)
    except OSError as exc:
        raise UnavailableError(f"cannot use the signing keys in {path}: {exc.strerror or exc}") from exc
    if content is None:
        raise UnavailableError(f"the signing keys in {path} went away while they were being made; try again")
    return _parse(content, path)


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


def _create(path: Path) -> None:
    """Write new keys beside the path and link them to it: whoever links first has made the keys of all."""
    raw = {
        purpose: {"current": kid, "keys": {kid: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")}}
        for purpose, kid in ((purpose, secrets.token_hex(4)) for purpose in PURPOSES)
    }
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(json.dumps(raw, indent=1).encode("ascii"))
            file.flush()
            os.fsync(fd)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        temporary.unlink()


def _parse(content: bytes, path: Path) -> Keyring:
    try:
        raw: dict[str, Any] = json.loads(content)
        keys: dict[Purpose, dict[str, SigningKey]] = {}
        current: dict[Purpose, str] = {}
        for purpose in PURPOSES:
            table = {kid: SigningKey(kid, _decode(text)) for kid, text in raw[purpose]["keys"].items()}
            current[purpose] = raw[purpose]["current"]
            table[current[purpose]]
            keys[purpose] = table
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise StorageError(
            f"{path} does not hold signing keys; restore it, or remove it and every token with it"
        ) from exc
    return Keyring(keys, current)


def _decode(text: str) -> Secret:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
    if len(content) < KEY_BYTES:
        raise ValueError("too short a key")
    return Secret(content)
