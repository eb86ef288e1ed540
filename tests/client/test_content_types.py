"""The content type of a file by its name: what is guessed, and that our server passes on all that can be guessed."""

import pytest

from storage_tui.client.transfer.content_types import TYPES, guess_type
from storage_tui.server.http.responses import SAFE_TYPES


@pytest.mark.parametrize(
    ("names", "content_type"),
    [
        (("maps/a.geojson",), "application/geo+json"),
        (("A.TIF",), "image/tiff"),
        (("a.csv.gz",), "application/gzip"),
        (("a.b/c",), None),
        ((".csv",), None),
        (("page.html",), None),
        (("key-without", "scan.png"), "image/png"),
        (("a.json", "a.png"), "application/json"),
        (("a.json\n",), None),
    ],
)
def test_names_tell_types(names: tuple[str, ...], content_type: str | None) -> None:
    assert guess_type(*names) == content_type


def test_the_server_passes_on_every_type_that_is_guessed() -> None:
    assert set(TYPES.values()) == SAFE_TYPES
