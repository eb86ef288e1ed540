"""What `GET /storage/v1` tells: version, features, limits and the rules of the storage types."""

from storage_tui import __version__
from storage_tui.contract.models import FEATURES, Limits, ServiceInfo
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.server.request import Request
from storage_tui.server.responses import Response, json_response


class Description:
    """The handler of the service description."""

    def __init__(self, limits: Limits) -> None:
        self._info = ServiceInfo(
            version=__version__,
            features=frozenset(FEATURES),
            limits=limits,
            storage_types=tuple(row.to_json() for row in STORAGE_TYPES.values()),
        )

    async def get(self, request: Request) -> Response:
        """The description as JSON."""
        return json_response(self._info.to_json())
