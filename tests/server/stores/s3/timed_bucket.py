"""An S3 store whose engine has the clock of the test: the time of an object is when the test wrote it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from storage_tui.server.stores.s3.protocol.bucket import WRITTEN, Bucket, Object, ObjectPage
from storage_tui.server.stores.s3.protocol.listed import Listed
from storage_tui.server.stores.s3.store import S3Store
from tests import seaweed

Clock = Callable[[], datetime]

_written: dict[str, datetime] = {}  # by full name: what the engine would remember if it had this clock


class TimedBucket(Bucket):
    """A bucket of the real engine, with the times of the clock in the place of the engine's."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        super().__init__(bucket.engine, bucket.name, bucket.root, is_ours=bucket.is_ours)
        self._clock = clock

    def now(self) -> datetime:
        super().now()
        return self._clock()

    def head(self, name: str, **options: Any) -> Object | None:
        found = super().head(name, **options)
        return None if found is None else self._timed(found)

    def open(self, name: str, *args: Any, **options: Any) -> tuple[Object, Any]:
        found, answer = super().open(name, *args, **options)
        return self._timed(found), answer

    def list(self, *args: Any, **options: Any) -> ObjectPage:
        listing = super().list(*args, **options)
        return replace(listing, objects=[self._timed(found) for found in listing.objects])

    def list_columns(self, *args: Any, **options: Any) -> Listed:
        listing = super().list_columns(*args, **options)
        rows = zip(listing.names, listing.modified, strict=True)
        return replace(listing, modified=[self._seconds(name, modified) for name, modified in rows])

    def put(self, name: str, *args: Any, **options: Any) -> Object:
        written = super().put(name, *args, **options)
        self._note(name)
        return self._timed(written)

    def copy(self, source: Object, target: str, **options: Any) -> None:
        super().copy(source, target, **options)
        self._note(target)

    def finish_parts(self, name: str, *args: Any, **options: Any) -> None:
        super().finish_parts(name, *args, **options)
        self._note(name)

    def _note(self, name: str) -> None:
        _written[self.root + name] = self._clock()

    def _seconds(self, name: str, modified: float) -> float:
        written = _written.get(self.root + name)
        return modified if written is None else written.timestamp()

    def _timed(self, found: Object) -> Object:
        if WRITTEN in found.meta:
            return found
        return replace(found, modified=_written.get(self.root + found.name, found.modified))


def root_of_test(path: Path) -> str:
    """The prefix in the bucket that belongs to the test with this temporary directory."""
    return sha256(str(path).encode()).hexdigest()[:16] + "/"


def open_timed_store(path: Path, clock: Clock, **options: Any) -> S3Store:
    """The store of a test, below a prefix of its own."""
    bucket = TimedBucket(seaweed.bucket_at(seaweed.endpoint(), root_of_test(path)), clock)
    return S3Store(bucket, clock=clock, check=lambda _: None, **options)
