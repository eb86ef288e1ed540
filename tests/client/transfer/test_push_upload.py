"""An upload whose bytes come while it runs ends for whoever writes, whatever ends it."""

from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.push_upload import Feed
from storage_tui.contract.errors import CancelledError, NotFoundError
from storage_tui.contract.models import Blob


class Broken(Storage):
    """A client that fails in a way nobody foresaw."""

    def set_file(self, *_: Any, **__: Any) -> Blob:
        raise MemoryError("none left")


def test_what_was_fed_is_one_blob_at_the_end(storage: Storage) -> None:
    feed = Feed(storage, "k", "data", None)
    for piece in (b"one", b"two", b"three"):
        feed.push(piece)
    assert not storage.exists("k")
    assert feed.finish().size_bytes == 11
    assert storage.get("k") == b"onetwothree"


def test_a_feed_that_is_cancelled_stores_nothing(storage: Storage) -> None:
    feed = Feed(storage, "k", "data", None)
    feed.push(b"one")
    feed.cancel()
    with pytest.raises(NotFoundError):
        storage.stat("k")
    with pytest.raises(CancelledError):
        feed.push(b"two")


@pytest.mark.timeout(20)
def test_an_upload_that_fails_unforeseen_does_not_keep_its_writer_waiting() -> None:
    feed = Feed(Broken("http://127.0.0.1:9", token="a.b.c"), "k", "data", None)
    with pytest.raises(MemoryError, match="none left"):
        for _ in range(10):
            feed.push(b"piece")
    with pytest.raises(MemoryError):
        feed.finish()
