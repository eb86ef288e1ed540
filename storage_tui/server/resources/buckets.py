"""What only a bucket has that is shown as it is: facts of objects, archives, uploads that nobody finished."""

from storage_tui.contract.errors import BadRequestError, MethodNotAllowedError, TooLargeError
from storage_tui.contract.models import Limits
from storage_tui.server.http.naming import batch_of
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.http.targets import address_of, storage_type_of
from storage_tui.server.stores.abilities import Bucketed, BucketExtras
from storage_tui.server.stores.base import Address, Store


class BucketResource:
    """The handlers of these calls."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    @property
    def _extras(self) -> BucketExtras:
        if not isinstance(self._store, Bucketed):
            raise MethodNotAllowedError("this server shows no bucket; only objects of a bucket have this")
        return self._store.extras

    async def facts(self, request: Request) -> Response:
        """Answer with what an object has beside its bytes."""
        address = address_of(request)
        return json_response((await self._extras.facts(address)).to_json())

    async def thaw(self, request: Request) -> Response:
        """Ask archives for the bytes of objects; answer with the result of each, in order."""
        storage_type, raw = storage_type_of(request), await batch_of(request)
        days, tier = raw.get("days", 1), raw.get("tier", "standard")
        if type(days) is not int or not isinstance(tier, str):
            raise BadRequestError('a thaw is {"targets": [{"key": …}, …], "days": 7, "tier": "standard"}')
        keys = [key for key, _ in self._pairs(raw)]
        addresses = [Address(request.namespace, storage_type, request.rules.check_key(key)) for key in keys]
        results = await self._extras.thaw(storage_type, addresses, days=days, tier=tier)
        return json_response({"results": [result.to_json() for result in results]})

    async def left_uploads(self, request: Request) -> Response:
        """Answer with the uploads below a prefix that nobody has finished."""
        prefix = request.rules.check_prefix(request.query.get("prefix", ""))
        found = await self._extras.left_uploads(storage_type_of(request), prefix)
        return json_response({"uploads": [one.to_json() for one in found]})

    async def drop_uploads(self, request: Request) -> Response:
        """Drop unfinished uploads; answer with the result of each, in order."""
        targets = [(key, upload_id or "") for key, upload_id in self._pairs(await batch_of(request))]
        if not all(upload_id for _, upload_id in targets):
            raise BadRequestError("each upload to drop has a key and an id")
        results = await self._extras.drop_uploads(storage_type_of(request), targets)
        return json_response({"results": [result.to_json() for result in results]})

    def _pairs(self, raw: dict[str, object]) -> list[tuple[str, str | None]]:
        targets = raw.get("targets")
        rows = targets if isinstance(targets, list) else [None]
        if len(rows) > self._limits.delete_batch:
            raise TooLargeError(f"a batch has at most {self._limits.delete_batch} targets, not {len(rows)}")
        pairs = [(row.get("key"), row.get("upload_id")) if isinstance(row, dict) else (None, None) for row in rows]
        if not all(isinstance(key, str) and (tag is None or isinstance(tag, str)) for key, tag in pairs):
            raise BadRequestError('a batch is {"targets": [{"key": …, "upload_id": …}, …]}')
        return [(str(key), tag) for key, tag in pairs]
