"""Page tokens: the position after which a list continues, signed for the list that the token belongs to."""

import base64
import binascii
import hmac

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.wire import NEXT
from storage_tui.server.access.keyring import Keyring


class PageTokens:
    """Signs positions and reads them again. The `scope` of a list is its namespace, type, prefix and delimiter."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def sign_next(self, after: str | None, scope: tuple[str, ...]) -> str | None:
        """Return the token of the next page; None on the last page."""
        return None if after is None else self.sign(after, scope)

    def sign(self, after: str, scope: tuple[str, ...]) -> str:
        """Return the token of the position."""
        key = self._keyring.current("page")
        fields = [field.encode("utf-8") for field in (*scope, after)]
        position = base64.urlsafe_b64encode(after.encode("utf-8")).rstrip(b"=").decode("ascii")
        return f"{key.kid}.{position}.{key.sign(*fields)}"

    async def read(self, token: str, scope: tuple[str, ...]) -> str:
        """Return the position of a token; raise BadRequestError for a token that was not made here for this list."""
        refusal = BadRequestError(f"{NEXT} is not a page token of this list; start the list over without it")
        kid, _, rest = token.partition(".")
        position, _, signature = rest.partition(".")
        key = await self._keyring.look_up("page", kid)
        if key is None or not token.isascii():
            raise refusal
        try:
            after = base64.b64decode(position + "=" * (-len(position) % 4), altchars=b"-_", validate=True).decode(
                "utf-8"
            )
        except (binascii.Error, ValueError) as exc:
            raise refusal from exc
        expected = key.sign(*(field.encode("utf-8") for field in (*scope, after)))
        if not hmac.compare_digest(expected, signature):
            raise refusal
        return after
