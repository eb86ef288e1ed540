"""The answer of `GET /storage/v1`: version, features, limits and the rules of the storage types."""

from collections.abc import Callable
from dataclasses import replace

from storage_tui.contract.keys import EXACT_NAMES
from storage_tui.contract.models import COPY_FROM_BUCKET, FEATURES, Limits, Retention, ServiceInfo, TokenScope
from storage_tui.contract.places import BUCKET_EXTRAS, OpenPlace
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES, StorageType
from storage_tui.machine.version import __version__
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.stores.abilities import Bucketed, CopyingFrom, Mapped, Noting, Placed, takes_any_name
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.trash import Keeping

OURS = {"catalog", "stray-files"}  # features of our own stores that a place does not have


class Description:
    """The handler of the service description."""

    def __init__(
        self, store: Store, limits: Limits, quotas: Quotas, why_read_only: Callable[[], str | None],
        place: OpenPlace | None = None,
    ) -> None:  # fmt: skip
        self._store, self._place = store, place
        self._trash = store.trash if isinstance(store, Keeping) else None
        self._quotas = quotas
        self._why_read_only = why_read_only
        self._info = ServiceInfo(
            version=__version__,
            features=_features(store, place),
            limits=limits,
        )

    async def get(self, request: Request) -> Response:
        """Answer with the description as JSON, with the limits of the user and the restriction of the token."""
        user = await self._quotas.describe(request.namespace)
        restriction = request.grant.restriction
        token = TokenScope() if restriction is None else TokenScope.from_json(restriction.to_json())
        trash = Retention() if self._trash is None else await self._trash.terms()
        place = None if self._place is None else await self._described(self._place)
        told = replace(
            self._info, user=user, token=token, read_only=self._why_read_only(), trash=trash, place=place,
            storage_types=tuple(row.to_json() for row in self._types()),
        )  # fmt: skip
        return json_response(told.to_json())

    async def _described(self, place: OpenPlace) -> OpenPlace:
        rules = await self._store.place_rules() if isinstance(self._store, Placed) else []
        notes = await self._store.place_notes() if isinstance(self._store, Noting) else []
        types = {row.name: row.summary for row in self._types()} if isinstance(self._store, Mapped) else {}
        return replace(place, rules=tuple(rules), notes=tuple(notes), types=types)

    def _types(self) -> list[StorageType]:
        if isinstance(self._store, Mapped):
            return self._store.storage_types()
        return [row for row in STORAGE_TYPES.values() if self._place is None or row.name == DEFAULT]


def _features(store: Store, place: OpenPlace | None) -> frozenset[str]:
    """Return the features of a server with this engine."""
    absent = set() if isinstance(store, Keeping) else {"trash"}
    more = {EXACT_NAMES} if takes_any_name(store) else set()
    more |= {COPY_FROM_BUCKET} if place is not None and isinstance(store, CopyingFrom) else set()
    lacks: frozenset[str] = getattr(store, "lacks", frozenset())
    more |= {BUCKET_EXTRAS} if isinstance(store, Bucketed) else set()
    return frozenset(FEATURES) - absent - lacks - (OURS if place is not None else set()) | more
