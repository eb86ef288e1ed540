"""The route table as data, and the search for the row of a raw path.

Paths are matched as raw bytes and never decoded first: `{type}` is one segment, `{key}` is all the rest, slashes and
escapes included. Rows are tried in order, so `DELETE {type}/{key}` takes every key, also `list` and `get/x`.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum

from storage_tui.contract.wire import BASE_PATH
from storage_tui.server.http.grants import Verb
from storage_tui.server.http.naming import Naming
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response

ANY_KEY = "/{type}/{key}"  # the published DELETE matches every path, so it does not count as an allowed method

CLASSES = {"GET": Verb.READ, "HEAD": Verb.READ, "DELETE": Verb.DELETE}  # any other method writes

Handler = Callable[[Request], Awaitable[Response]]


class Access(Enum):
    """What a caller must have to use a route."""

    TOKEN = "a valid token, which decides the namespace"
    SIGNATURE = "a signed URL, which names the namespace"
    SESSION = "the unguessable id of an upload session in the path"
    LOGIN = "the refresh token of a login in the body"
    METRICS = "the token of those who keep watch over the server"
    OPEN = "nothing: it reports only whether the server is well"


@dataclass(frozen=True)
class Route:
    """One row: a method and a path below its base, the access it needs, its query parameters, and the keys it names.

    A row without `names` is closed to restricted tokens. `verb` is the class in which its requests are counted; without
    `verb` the method decides.
    """

    method: str
    path: str
    handler: Handler
    access: Access = Access.TOKEN
    parameters: frozenset[str] = frozenset()
    names: Naming | None = None
    verb: Verb | None = None
    base: str = BASE_PATH
    pattern: re.Pattern[bytes] = field(init=False, repr=False, compare=False)

    @property
    def request_class(self) -> Verb | None:
        """Return the class of requests per minute in which the row counts, or None for a row that does not count.

        Upload URLs do not count: making the URL counted, and a client on one must not be asked to try again later.
        Routes that no user calls do not count either.
        """
        if self.access not in (Access.TOKEN, Access.SIGNATURE):
            return None
        return self.verb or CLASSES.get(self.method, Verb.WRITE)

    def __post_init__(self) -> None:
        text = re.escape(self.path).replace(r"\{type\}", "(?P<type>[^/]*)").replace(r"\{id\}", "(?P<id>[^/]+)")
        pattern = (re.escape(self.base) + text.replace(r"\{key\}", "(?P<key>.*)")).encode("ascii")
        object.__setattr__(self, "pattern", re.compile(pattern, re.DOTALL))


@dataclass(frozen=True)
class Match:
    """The row for a request, if any, and the methods that its path takes."""

    route: Route | None
    path: dict[str, bytes]
    allowed: tuple[str, ...]


def find_route(routes: tuple[Route, ...], method: str, raw_path: bytes) -> Match:
    """Return the first row that takes method and path."""
    for route in routes:
        if route.method == method and (found := route.pattern.fullmatch(raw_path)) is not None:
            return Match(route, found.groupdict(), ())
    rows = [route for route in routes if route.path != ANY_KEY and route.pattern.fullmatch(raw_path) is not None]
    return Match(None, {}, tuple(dict.fromkeys(route.method for route in rows)))
