"""Upload ids on the wire: the id of the store's session, with the maker of the session sealed into it.

An upload URL needs no token. So the end of the token that made an upload URL must be able to end the URL.
"""

import hmac
import re

from storage_tui.contract.errors import NotFoundError
from storage_tui.server.access.keyring import Keyring, SigningKey
from storage_tui.server.http.grants import Grant

MAX_ID_CHARACTERS = 1000  # an engine's own id may be long

_FORM = re.compile(
    r"(?P<upload_id>[A-Za-z0-9_.~-]+)\.(?P<kid>[0-9a-z]{1,32})\.(?P<namespace>[0-9a-f]{40})"
    r"\.(?P<token_id>[0-9a-f]{0,32})\.(?P<issued>[0-9]{1,15})\.(?P<ends>[0-9]{0,12})\.(?P<signature>[A-Za-z0-9_-]{43})"
)


def seal_upload_id(keyring: Keyring, upload_id: str, grant: Grant) -> str:
    """Return the id to put into an upload URL."""
    key = keyring.current("url")
    ends = "" if grant.ends is None else str(grant.ends)
    fields = (upload_id, key.kid, grant.namespace, grant.token_id, str(round(grant.issued * 1000)), ends)
    return ".".join((*fields, _sign(key, fields)))


async def open_upload_id(keyring: Keyring, raw: bytes) -> tuple[str, Grant]:
    """Return the store's id and the grant that began the session; raise NotFoundError for an id not sealed here."""
    text = raw.decode("ascii", "replace")
    found = _FORM.fullmatch(text) if len(text) <= MAX_ID_CHARACTERS else None
    key = await keyring.look_up("url", found["kid"]) if found else None
    if found is None or key is None or not hmac.compare_digest(_sign(key, found.groups()[:-1]), found["signature"]):
        raise NotFoundError("there is no such upload; ask for a new upload URL")
    ends = int(found["ends"]) if found["ends"] else None
    return found["upload_id"], Grant(found["namespace"], found["token_id"], int(found["issued"]) / 1000, ends)


def _sign(key: SigningKey, fields: tuple[str, ...]) -> str:
    return key.sign(b"upload", *(field.encode("ascii") for field in fields))
