"""What a token opens: the places that may be listed, the one to begin at, and the wire's form."""

from typing import Any

import pytest

from storage_tui.contract.errors import ProtocolError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import TokenScope


@pytest.mark.parametrize(
    ("scope", "first", "seen", "hidden"),
    [
        (TokenScope(), "data:", ("data:", "tmp:a/b/"), ()),
        (TokenScope(types=("tmp", "logs")), "tmp:", ("tmp:a/", "logs:"), ("data:", "result:x/")),
        (TokenScope(prefix="maps"), "data:maps/", ("tmp:maps/", "data:maps/a/"), ("data:", "data:maps-2/", "data:m")),
        (TokenScope(("tmp",), ("list", "read"), "a/b"), "tmp:a/b/", ("tmp:a/b/c/",), ("tmp:a/", "data:a/b/")),
        (TokenScope(verbs=("write",)), None, (), ("data:", "tmp:a/")),
    ],
)
def test_places(scope: TokenScope, first: str | None, seen: tuple[str, ...], hidden: tuple[str, ...]) -> None:
    assert scope.first_place == (None if first is None else Location.parse(first))
    assert all(scope.may_list(Location.parse(place)) for place in seen)
    assert not any(scope.may_list(Location.parse(place)) for place in hidden)
    assert TokenScope.from_json(scope.to_json()) == scope


@pytest.mark.parametrize(
    "raw", [None, [], "x", {"types": "data"}, {"verbs": [1]}, {"prefix": 3}, {"prefix": "a/../b"}, {"prefix": "\x1b"}]
)
def test_what_is_no_scope_is_refused(raw: Any) -> None:
    with pytest.raises(ProtocolError, match="described the token"):
        TokenScope.from_json(raw)


def test_what_a_server_adds_is_passed_over() -> None:
    assert TokenScope.from_json({"types": ["tmp"], "more": 1}) == TokenScope(types=("tmp",))
