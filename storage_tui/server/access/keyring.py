"""The signing keys of an engine: its record `keys`, made on first use, one current key for each purpose.

A key has an id, the `kid` that tokens, URLs and page tokens carry, so that keys can be replaced while what older ones
signed stays good. No purpose accepts the keys of another one. All servers on one engine share the record; each notices
a change of it by `refresh`, and at once when it meets a kid that it does not know.
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
LOOK_AGAIN_S = 1.0  # unknown kids make us read the record at most so often, whoever sends them


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key and the id under which signatures name it."""

    kid: str
    secret: Secret[bytes]

    def sign(self, *fields: bytes) -> str:
        """HMAC-SHA256 over the fields, each with its length in front so that no two lists of fields sign alike;
        base64url without padding."""
        digest = hmac.new(self.secret.reveal(), digestmod=hashlib.sha256)
        for field in fields:
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
        return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class KeySet:
    """What the record holds: all keys that verify, and the id of the one that signs, by purpose."""

    keys: Mapping[Purpose, Mapping[str, SigningKey]]
    current: Mapping[Purpose, str]

    def to_json(self) -> bytes:
        """The content of the record."""
        raw = {
            purpose: {
                "current": self.current[purpose],
                "keys": {kid: base64.b64encode(key.secret.reveal()).decode("ascii") for kid, key in table.items()},
            }
            for purpose, table in self.keys.items()
        }
        return json.dumps(raw, indent=1).encode("ascii")

    def with_new_keys(self) -> "KeySet":
        """A new current key for each purpose; the keys so far go on verifying."""
        fresh = new_keys()
        return KeySet({purpose: {**self.keys[purpose], **fresh.keys[purpose]} for purpose in PURPOSES}, fresh.current)

    def without_old_keys(self) -> "KeySet":
        """The current keys alone: what older ones signed is refused."""
        keys = {purpose: {kid: self.keys[purpose][kid]} for purpose, kid in self.current.items()}
        return KeySet(keys, self.current)


class Keyring:
    """The keys of all purposes as they were when the record was last read."""

    def __init__(self, records: Records, keys: KeySet) -> None:
        self._records = records
        self._set = keys
        self._looked_up = float("-inf")

    def current(self, purpose: Purpose) -> SigningKey:
        """The key that signs now."""
        keys = self._set
        return keys.keys[purpose][keys.current[purpose]]

    def find(self, purpose: Purpose, kid: str) -> SigningKey | None:
        """The key that a signature names; None for one that is unknown or of another purpose."""
        return self._set.keys[purpose].get(kid)

    async def look_up(self, purpose: Purpose, kid: str) -> SigningKey | None:
        """As `find`; for an unknown kid the record is read again first, as another server may just have made it."""
        key = self.find(purpose, kid)
        if key is None and time.monotonic() - self._looked_up >= LOOK_AGAIN_S:
            self._looked_up = time.monotonic()
            await asyncio.to_thread(self.refresh)
            key = self.find(purpose, kid)
        return key

    def refresh(self) -> None:
        """Read the record again; blocking. Raises StorageError, and keeps the keys it has, when that fails."""
        record = self._records.read(RECORD)
        if record is None:
            raise UnavailableError("the signing keys of the store have gone; restore them from a backup")
        self._set = parse_keys(record.content)


def load_keyring(records: Records) -> Keyring:
    """The keys of the engine, made now if there are none yet; safe beside other processes doing the same.

    Raises StorageError when the record cannot be read or written or holds no keys.
    """
    record = records.read(RECORD)
    if record is None:
        change(records, RECORD, lambda content: content or new_keys().to_json())
        record = records.read(RECORD)
    if record is None:
        raise UnavailableError("the signing keys went away while they were being made; try again")
    return Keyring(records, parse_keys(record.content))


def rotate_keys(records: Records) -> None:
    """Make a new current key for each purpose. What the keys so far signed stays good."""
    change(records, RECORD, lambda content: _parse_or_make(content).with_new_keys().to_json())


def forget_old_keys(records: Records) -> None:
    """Keep the current keys alone: every token, signed URL and page token of an older key is refused from now on."""
    change(records, RECORD, lambda content: _parse_or_make(content).without_old_keys().to_json())


def add_keys(records: Records, older: KeySet) -> None:
    """Let what the keys of `older` signed be good here; they sign new things only where there are no keys yet."""

    def merge(content: bytes) -> bytes:
        if not content:
            return older.to_json()
        present = parse_keys(content)
        keys = {purpose: {**older.keys[purpose], **present.keys[purpose]} for purpose in PURPOSES}
        return KeySet(keys, present.current).to_json()

    change(records, RECORD, merge)


def new_keys() -> KeySet:
    """One fresh key for each purpose."""
    current = {purpose: secrets.token_hex(4) for purpose in PURPOSES}
    keys = {purpose: {kid: SigningKey(kid, Secret(secrets.token_bytes(KEY_BYTES)))} for purpose, kid in current.items()}
    return KeySet(keys, current)


def parse_keys(content: bytes) -> KeySet:
    """The content of the record; raises StorageError when it is none."""
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
