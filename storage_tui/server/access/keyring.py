"""The signing keys of an engine: the record `keys`, made on first use, with one current key for each purpose.

A key has an id, the `kid` that tokens, URLs and page tokens carry. So keys can be replaced while signatures of older
keys stay valid. No purpose accepts the keys of another purpose. All servers on one engine share the record. Each server
notices a changed record in `refresh`, and at once when a kid arrives that it does not know.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.machine.secrets import Secret
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.watched_record import change

Purpose = Literal["token", "url", "page"]
PURPOSES: tuple[Purpose, ...] = ("token", "url", "page")

RECORD = "keys"
KEY_BYTES = 32
LOOK_AGAIN_S = 1.0  # unknown kids cause a read of the record at most so often, whoever sends them


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key, and the id under which signatures name the key."""

    kid: str
    secret: Secret[bytes]

    def sign(self, *fields: bytes) -> str:
        """Return the HMAC-SHA256 over the fields in base64url without padding. The length of each field is signed in
        front of it, so that no two lists of fields have the same signature."""
        digest = hmac.new(self.secret.reveal(), digestmod=hashlib.sha256)
        for field in fields:
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
        return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class KeySet:
    """The content of the record: all keys that verify, and by purpose the id of the key that signs."""

    keys: Mapping[Purpose, Mapping[str, SigningKey]]
    current: Mapping[Purpose, str]

    def to_json(self) -> bytes:
        """Return the content of the record."""
        raw = {
            purpose: {
                "current": self.current[purpose],
                "keys": {kid: base64.b64encode(key.secret.reveal()).decode("ascii") for kid, key in table.items()},
            }
            for purpose, table in self.keys.items()
        }
        return json.dumps(raw, indent=1).encode("ascii")

    def with_new_keys(self) -> "KeySet":
        """Return the keys with a new current key for each purpose; the older keys continue to verify."""
        fresh = new_keys()
        return KeySet({purpose: {**self.keys[purpose], **fresh.keys[purpose]} for purpose in PURPOSES}, fresh.current)

    def without_old_keys(self) -> "KeySet":
        """Return the current keys alone: signatures of older keys are then refused."""
        keys = {purpose: {kid: self.keys[purpose][kid]} for purpose, kid in self.current.items()}
        return KeySet(keys, self.current)


class Keyring:
    """The keys of all purposes at the last read of the record."""

    def __init__(self, records: Records, keys: KeySet, *, look_again_s: float = LOOK_AGAIN_S) -> None:
        self._records = records
        self._look_again_s = look_again_s
        self._set = keys
        self._looked_up = float("-inf")

    def current(self, purpose: Purpose) -> SigningKey:
        """Return the key that signs now."""
        keys = self._set
        return keys.keys[purpose][keys.current[purpose]]

    def find(self, purpose: Purpose, kid: str) -> SigningKey | None:
        """Return the key that a signature names; None for an unknown key or a key of another purpose."""
        return self._set.keys[purpose].get(kid)

    async def look_up(self, purpose: Purpose, kid: str) -> SigningKey | None:
        """Return the same as `find`. For an unknown kid read the record again first: another server may have just made
        the key."""
        key = self.find(purpose, kid)
        if key is None and time.monotonic() - self._looked_up >= self._look_again_s:
            self._looked_up = time.monotonic()
            await asyncio.to_thread(self.refresh)
            key = self.find(purpose, kid)
        return key

    def refresh(self) -> None:
        """Read the record again; this blocks. Raise StorageError when that fails, and keep the present keys."""
        record = self._records.read(RECORD)
        if record is None:
            raise UnavailableError("the signing keys of the store are missing; restore them from a backup")
        self._set = parse_keys(record.content)


def load_keyring(records: Records, *, look_again_s: float = LOOK_AGAIN_S) -> Keyring:
    """Return the keys of the engine, and make them when there are none yet. Other processes may do so at the same time.

    Raise StorageError when the record cannot be read or written or holds no keys.
    """
    record = records.read(RECORD)
    if record is None:
        change(records, RECORD, lambda content: content or new_keys().to_json())
        record = records.read(RECORD)
    if record is None:
        raise UnavailableError("the signing keys were removed while they were being made; try again")
    return Keyring(records, parse_keys(record.content), look_again_s=look_again_s)


def rotate_keys(records: Records) -> None:
    """Make a new current key for each purpose. Signatures of the present keys stay valid."""
    change(records, RECORD, lambda content: _parse_or_make(content).with_new_keys().to_json())


def forget_old_keys(records: Records) -> None:
    """Keep the current keys alone: every token, signed URL and page token of an older key is refused from now on."""
    change(records, RECORD, lambda content: _parse_or_make(content).without_old_keys().to_json())


def add_keys(records: Records, older: KeySet) -> None:
    """Accept signatures of the keys in `older`. These keys sign new things only where there are no keys yet."""

    def merge(content: bytes) -> bytes:
        if not content:
            return older.to_json()
        present = parse_keys(content)
        keys = {purpose: {**older.keys[purpose], **present.keys[purpose]} for purpose in PURPOSES}
        return KeySet(keys, present.current).to_json()

    change(records, RECORD, merge)


def new_keys() -> KeySet:
    """Return one fresh key for each purpose."""
    current = {purpose: secrets.token_hex(4) for purpose in PURPOSES}
    keys = {purpose: {kid: SigningKey(kid, Secret(secrets.token_bytes(KEY_BYTES)))} for purpose, kid in current.items()}
    return KeySet(keys, current)


def parse_keys(content: bytes) -> KeySet:
    """Return the keys in a record's content; raise StorageError when the content holds no keys."""
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
            f"the record {RECORD!r} does not hold signing keys; restore it, or remove it and every token with it"
        ) from exc
    return KeySet(keys, current)


def _parse_or_make(content: bytes) -> KeySet:
    return parse_keys(content) if content else new_keys()


def _decode(text: str) -> Secret[bytes]:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
    if len(content) < KEY_BYTES:
        raise ValueError("too short a key")
    return Secret(content)
