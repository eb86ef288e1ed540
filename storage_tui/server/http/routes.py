"""The route table as data, and how a raw path finds its row.

Paths are matched as the bytes that came, never decoded first: `{type}` is one segment, `{key}` all the rest, slashes
and escapes included. Rows are tried in order, so `DELETE {type}/{key}` takes every key, `list` and `get/x` too.
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

ANY_KEY = "/{type}/{key}"  # the published DELETE: it takes every path, so it says nothing of what the others are

CLASSES = {"GET": Verb.READ, "HEAD": Verb.READ, "DELETE": Verb.DELETE}  # any other method writes

Handler = Callable[[Request], Awaitable[Response]]


class Access(Enum):
    """What opens a route."""

    TOKEN = "a valid token, which decides the namespace"
    SIGNATURE = "a signed URL, which names the namespace"
    SESSION = "the unguessable id of an upload session in the path"
    LOGIN = "the refresh token of a login in the body"
    METRICS = "the token of those who keep watch over the server"
    OPEN = "nothing: it tells only whether the server is well"


@dataclass(frozen=True)
class Route:
    """One row: a method and a path below its base, what opens it, the query parameters it knows, and what it names.

    A row without `names` is closed to restricted tokens. `verb` is the class in which its requests are counted; where a
    row tells none it goes by the method.
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
        """The class whose limit of requests per minute counts for it; None for an upload URL, whose making counted,
        and which nobody may be told to try again later, and for what is no user's call."""
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
    """The first row that takes method and path."""
    allowed: list[str] = []
    for route in routes:
        found = route.pattern.fullmatch(raw_path)
        if found is None:
            continue
        if route.method == method:
            return Match(route, found.groupdict(), ())
        if route.path != ANY_KEY:
            allowed.append(route.method)
    return Match(None, {}, tuple(dict.fromkeys(allowed)))
