"""The URL of a server as people give it."""

import pytest

from storage_tui import Storage
from storage_tui.contract.errors import BadRequestError
from tests.client.access.test_credentials import jwt


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/storage/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/storage/v1"),
        (" https://host//", "https://host/storage/v1"),
        ("https://host/storage/v1/", "https://host/storage/v1"),
        ("https://host/elsewhere", "https://host/elsewhere"),
    ],
)
def test_a_host_alone_is_completed(given: str, used: str) -> None:
    with Storage(given, token=jwt()) as storage:
        assert storage.display_url == used


@pytest.mark.parametrize("given", ["host", "ftp://host", "https://", "https://host/?a=1", "https://me:secret@host"])
def test_what_is_no_url_of_a_server_is_refused_without_its_secret(given: str) -> None:
    with pytest.raises(BadRequestError, match="URL of a server") as refused:
        Storage(given, token=jwt())
    assert "secret" not in refused.value.message
