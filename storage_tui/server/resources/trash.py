"""Deleted and overwritten blobs: lists of them, and the calls that bring them back or remove them for good."""

from collections.abc import Sequence
from typing import Any

from storage_tui.contract.errors import BadRequestError, NotFoundError, StorageError, TooLargeError
from storage_tui.contract.models import Limits, parse_time
from storage_tui.contract.trash import BringBack, BringBackResult
from storage_tui.contract.wire import NEXT
from storage_tui.server.access.keyring import Keyring
from storage_tui.server.access.page_tokens import PageTokens
from storage_tui.server.http.naming import batch_of
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.http.targets import storage_type_of
from storage_tui.server.limits.budget import ENTRY_BYTES
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.resources.listing import ListResource, limit_of
from storage_tui.server.stores.base import Address, Store
from storage_tui.server.stores.totals import Counting
from storage_tui.server.stores.trash import Keeping, Trash

SCOPE = "trash"  # in the place of a delimiter: a token of another list is none of this list
FORM = '{"key": …, "etag": …, "at": …, "to_key": …, "overwrite": false, "if_etag": …}'


class TrashResource:
    """The handlers of the trash. The turns and threads are those of other lists."""

    def __init__(self, store: Store, keyring: Keyring, limits: Limits, quotas: Quotas, lists: ListResource) -> None:
        self._store = store
        self._limits = limits
        self._quotas = quotas
        self._lists = lists
        self._tokens = PageTokens(keyring)

    @property
    def trash(self) -> Trash:
        """Return the trash of the engine; raise NotFoundError where there is none."""
        if not isinstance(self._store, Keeping):
            raise NotFoundError("this server keeps no deleted or overwritten blobs")
        return self._store.trash

    async def list(self, request: Request) -> Response:
        """Answer with one page of what can be brought back below a prefix."""
        storage_type = storage_type_of(request)
        prefix = request.rules.check_prefix(request.query.get("prefix", ""))
        scope = (request.namespace, storage_type, prefix, SCOPE)
        token = request.headers.one(NEXT)
        after = await self._tokens.read(token, scope) if token else ""
        limit = limit_of(request, self._limits.list_page)
        memory = await request.hold(request.budget.calls, limit * ENTRY_BYTES)
        async with self._lists.turn(request):
            page = await self.trash.list_page(request.namespace, storage_type, prefix=prefix, after=after, limit=limit)
        headers = {NEXT: self._tokens.sign(page.next_token, scope)} if page.next_token else {}
        return await self._lists.answer(request, memory, page.to_json, headers)

    async def bring_back(self, request: Request) -> Response:
        """Bring blobs back; answer with the result of each, in order."""
        storage_type = storage_type_of(request)
        targets = [_parse_target(target) for target in self._targets(await batch_of(request))]
        if isinstance(self._store, Counting):  # the engine counts in the transaction of the change
            results = await self.trash.bring_back(request.namespace, storage_type, targets)
        else:
            results = [await self._bring_one(request.namespace, storage_type, target) for target in targets]
        return json_response({"results": [_shown(result).to_json() for result in results]})

    async def purge(self, request: Request) -> Response:
        """Remove gone blobs for good: of single keys, or below a prefix."""
        storage_type = storage_type_of(request)
        raw = await batch_of(request)
        if "prefix" in raw:
            if "targets" in raw or not isinstance(raw["prefix"], str):
                raise BadRequestError('a purge is {"targets": [{"key": …, "etag": …}, …]} or {"prefix": …}')
            prefix = request.rules.check_prefix(raw["prefix"])
            done = await self.trash.purge_prefix(request.namespace, storage_type, prefix)
        else:
            targets = [_parse_target(target) for target in self._targets(raw)]
            pairs = [(target.key, target.etag) for target in targets]
            done = await self.trash.purge(request.namespace, storage_type, pairs)
        return json_response(done.to_json())

    def _targets(self, raw: dict[str, Any]) -> Sequence[Any]:
        targets = raw.get("targets")
        if not isinstance(targets, list):
            raise BadRequestError(f'a batch is {{"targets": [{FORM}, …]}}')
        if len(targets) > self._limits.delete_batch:
            raise TooLargeError(f"a batch has at most {self._limits.delete_batch} targets, not {len(targets)}")
        return targets

    async def _bring_one(self, namespace: str, storage_type: str, target: BringBack) -> BringBackResult:
        try:
            async with self._quotas.reserve(Address(namespace, storage_type, target.target), None) as room:
                [result] = await self.trash.bring_back(namespace, storage_type, [target])
                if result.blob is not None:
                    room.note(result.blob)
                return result
        except StorageError as exc:
            return BringBackResult(target.key, None, exc.code, exc.message)


def _parse_target(raw: Any) -> BringBack:
    if not isinstance(raw, dict) or not isinstance(raw.get("key"), str):
        raise BadRequestError(f"each target is {FORM}, all but the key optional")
    texts = {name: raw.get(name) for name in ("etag", "at", "to_key", "if_etag")}
    overwrite = raw.get("overwrite", False)
    if not all(text is None or isinstance(text, str) for text in texts.values()) or not isinstance(overwrite, bool):
        raise BadRequestError(f"each target is {FORM}, texts and one truth value")
    try:
        at = parse_time(texts["at"])
    except ValueError as exc:
        raise BadRequestError(f"at is a time in the form of RFC 3339: {exc}") from exc
    return BringBack(raw["key"], _tag(texts["etag"]), at, texts["to_key"], overwrite, _tag(texts["if_etag"]))


def _tag(text: str | None) -> str | None:
    return text.strip('"') if text else None


def _shown(result: BringBackResult) -> BringBackResult:
    """Return the result with a key that UTF-8 can hold, as JSON can name half of a surrogate pair."""
    if result.key.isascii():
        return result
    key = result.key.encode("utf-8", "replace").decode("utf-8")
    return BringBackResult(key, result.blob, result.error, result.message)
