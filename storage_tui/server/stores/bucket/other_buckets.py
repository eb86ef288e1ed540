"""The buckets from which objects are copied into the bucket of a store, inside the engine that has both."""

import threading
from collections.abc import Callable

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.places import parse_place
from storage_tui.server.stores.bucket.copies import Copies
from storage_tui.server.stores.s3.protocol.bucket import Bucket

KEPT = 8  # connected at once; commands copy from one or two
Connect = Callable[[str, str], Bucket]  # the name of a bucket and a prefix -> the bucket, not asked anything yet


class OtherBuckets:
    """The copies into one bucket, by the place that they come from. `connect` opens a bucket with the options and
    credentials of the store; it blocks."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Bucket, Copies]] = {}

    def copies(self, url: str, into: Bucket) -> Copies:
        """Return the copies from the place with this URL; blocks. Raise BadRequestError for what is no bucket."""
        place = parse_place(url)
        if place is None or place.kind != "s3":
            raise BadRequestError(f"{url[:200]!a} is no bucket to copy from")
        with self._lock:
            found = self._kept.pop(url, None)
            if found is None:
                bucket = self._connect(place.bucket, place.prefix)
                found = bucket, Copies(into, source=bucket)
            self._kept[url] = found
            if len(self._kept) > KEPT:
                oldest, _ = self._kept.pop(next(iter(self._kept)))
                oldest.engine.close()
            return found[1]

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for bucket, _ in self._kept.values():
                bucket.engine.close()
            self._kept.clear()
