"""Two sides compared: a merge of two sorted lists in bounded memory, by size and checksum.

Files with the size of their blob are read unless their checksum is kept from an earlier sync. Reads and questions to a
server without details are made by a few threads, some entries ahead, and the results stay in order.
"""

import os
import re
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple

from storage_tui.client import calls
from storage_tui.client.control import TransferControl
from storage_tui.client.sync.checksums import Checksums, Known
from storage_tui.client.sync.entries import Entry, LocalEntry, StoreEntry, is_as_before, open_entry
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract import checksum
from storage_tui.contract.errors import LocalFileError, NotFoundError

READ_BYTES = 1024 * 1024
READERS = 4  # files read at once: enough to hide a disk's seeks, few enough to leave the processor to others
AHEAD = 512  # pairs in work; the next are taken when the first of them is decided

By = Literal["checksum", "read", "size"]
"""How files of one size are compared: by checksum, kept or read; by checksum, always read; not at all."""

_TAG = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")  # of an S3 engine: an MD5 of the bytes, or of those of all parts
SAME_CHECKSUM, SAME_SIZE, UNKNOWN_CHECKSUM = "same checksum", "same size", "same size, no checksum to compare"
OTHER_SIZE, OTHER_BYTES, UNREADABLE = "other size", "same size, other bytes", "it cannot be read"


class Pair(NamedTuple):
    """One relative key on both sides. `source` or `target` is None where nothing is there. `reason` says why the two
    are the same or not."""

    relative: str
    source: Entry | None
    target: Entry | None
    is_same: bool = False
    reason: str = ""
    problem: str = ""  # why a source cannot be read; nothing can be done for it


class Comparison:
    """Compares the entries of two sides. Several threads read; one thread takes the pairs."""

    def __init__(
        self, checksums: Checksums, control: TransferControl, *, by: By = "checksum",
        source: Path | TransferEngine, target: Path | TransferEngine,
    ) -> None:  # fmt: skip
        """`source` and `target` are where the entries of a side are read: the local folder, or the engine."""
        self._checksums, self._control, self._by = checksums, control, by
        self._source, self._target = source, target
        self._are_buckets = all(
            isinstance(side, TransferEngine) and side.place is not None and side.place.kind == "s3"
            for side in (source, target)
        )

    def pairs(self, source: Iterable[Entry], target: Iterable[Entry]) -> Generator[Pair, None, None]:
        """Yield a pair for each relative key of both sides, in order. Both iterables are in this order."""
        waiting: deque[Pair | Future[Pair]] = deque()
        with ThreadPoolExecutor(READERS, thread_name_prefix="storage-tui-compare") as readers:
            try:
                for pair in merged(source, target):
                    waiting.append(self._decided(pair, readers))
                    while waiting and (not isinstance(waiting[0], Future) or len(waiting) > AHEAD):
                        yield self._ended(waiting.popleft())
                while waiting:
                    yield self._ended(waiting.popleft())
            finally:
                for row in waiting:
                    if isinstance(row, Future):
                        row.cancel()

    def _decided(self, pair: Pair, readers: ThreadPoolExecutor) -> "Pair | Future[Pair]":
        source, target = pair.source, pair.target
        if source is None or target is None:
            return pair
        if source.size_bytes is None or target.size_bytes is None:
            return readers.submit(self._examined, pair, None)
        if source.size_bytes != target.size_bytes:
            return pair._replace(reason=OTHER_SIZE)
        if self._by == "size":
            return pair._replace(is_same=True, reason=SAME_SIZE)
        if self._are_buckets and (is_same := _same_by_tag(source, target)) is not None:
            return pair._replace(is_same=is_same, reason=SAME_CHECKSUM if is_same else OTHER_BYTES)
        known = self._known(source) or self._known(target)
        sums = [_listed_sum(entry) or (known and checksum.encode(known.crc)) for entry in (source, target)]
        stored = target if isinstance(target, StoreEntry) else source
        assert isinstance(stored, StoreEntry)
        if known is not None and stored.blob.crc32c is None and stored.blob.etag and known.etag == stored.blob.etag:
            return Pair(pair.relative, source, target, True, SAME_CHECKSUM)
        if None in sums or _listed_sum(stored) is None:
            return readers.submit(self._examined, pair, known)
        return _judged(pair, *sums)

    def _known(self, entry: Entry) -> Known | None:
        return self._checksums.find(entry) if isinstance(entry, LocalEntry) and self._by == "checksum" else None

    def _ended(self, row: "Pair | Future[Pair]") -> Pair:
        self._control.check()
        self._checksums.write_many()
        return row.result() if isinstance(row, Future) else row

    def _examined(self, pair: Pair, known: Known | None) -> Pair:
        """Return the verdict for a pair whose local file must be read, or whose server must be asked for the size and
        the checksum of the blob. `known` is what is known of the local file."""
        source, target = self._told(pair.source, self._source), self._told(pair.target, self._target)
        pair = pair._replace(source=source, target=target)
        if source is None or target is None:
            return pair
        if source.size_bytes != target.size_bytes:
            return pair._replace(reason=OTHER_SIZE)
        if self._by == "size":
            return pair._replace(is_same=True, reason=SAME_SIZE)
        ends = ((source, self._source), (target, self._target))
        if not all(entry.blob.crc32c for entry in (source, target) if isinstance(entry, StoreEntry)):
            return pair._replace(is_same=True, reason=UNKNOWN_CHECKSUM)
        sums: list[str | None] = []
        etag = next((entry.blob.etag for entry in (target, source) if isinstance(entry, StoreEntry)), None)
        for entry, place in ends:
            if isinstance(entry, StoreEntry):
                sums.append(entry.blob.crc32c)
                continue
            assert isinstance(place, Path)
            try:
                crc, began_ns = known.crc if known is not None else None, time.time_ns()
                crc = read_sum(entry, place, self._control.check) if crc is None else crc
            except LocalFileError as exc:
                is_source = entry is source
                return pair._replace(problem=exc.message) if is_source else pair._replace(reason=UNREADABLE)
            sums.append(checksum.encode(crc))
            other = target if entry is source else source
            is_same = isinstance(other, StoreEntry) and other.blob.crc32c == sums[-1]
            self._checksums.keep(entry, crc, read_at_ns=began_ns, etag=etag if is_same else None)
        return _judged(pair, *sums)

    def _told(self, entry: Entry | None, place: Path | TransferEngine) -> Entry | None:
        """Return the entry with what its server says of the blob, where the list has not said it; None for a blob that
        was deleted since."""
        if not isinstance(entry, StoreEntry) or not isinstance(place, TransferEngine):
            return entry
        if entry.size_bytes is not None and (entry.blob.crc32c is not None or self._by == "size"):
            return entry
        try:
            blob = place.patiently(
                lambda: place.run(calls.stat(entry.blob.key, entry.blob.storage_type)), self._control
            )  # fmt: skip
        except NotFoundError:
            return None
        return StoreEntry(entry.relative, blob)


def merged(source: Iterable[Entry], target: Iterable[Entry]) -> Iterator[Pair]:
    """Yield the entries of both sides side by side, in the order of their relative keys."""
    ours, theirs = iter(source), iter(target)
    here, there = next(ours, None), next(theirs, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here.relative < there.relative):
            assert here is not None
            yield Pair(here.relative, here, None)
            here = next(ours, None)
        elif here is None or there.relative < here.relative:
            yield Pair(there.relative, None, there)
            there = next(theirs, None)
        else:
            yield Pair(here.relative, here, there)
            here, there = next(ours, None), next(theirs, None)


def read_sum(entry: LocalEntry, root: Path, check: Callable[[], object]) -> int:
    """Return the crc32c of a file. `check` is called between reads. Raise LocalFileError when the file cannot be read
    or is no longer as the entry says."""
    crc = 0
    try:
        with closing(os.fdopen(open_entry(root, entry), "rb", buffering=0)) as file:
            buffer = memoryview(bytearray(min(READ_BYTES, entry.size_bytes + 1)))
            before = os.fstat(file.fileno())
            while count := file.readinto(buffer):
                check()
                crc = checksum.extend(crc, buffer[:count])
            if not (is_as_before(entry, before) and is_as_before(entry, os.fstat(file.fileno()))):
                raise LocalFileError(f"{entry.path!a} changes while it is read; sync it again when it is at rest")
    except OSError as exc:
        raise LocalFileError(f"cannot read {entry.path!a}: {exc.strerror or exc}") from exc
    return crc


def _judged(pair: Pair, ours: str | None, theirs: str | None) -> Pair:
    if ours is None or theirs is None:
        return Pair(pair.relative, pair.source, pair.target, True, UNKNOWN_CHECKSUM)
    if ours == theirs:
        return Pair(pair.relative, pair.source, pair.target, True, SAME_CHECKSUM)
    return Pair(pair.relative, pair.source, pair.target, False, OTHER_BYTES)


def _same_by_tag(source: Entry, target: Entry) -> bool | None:
    """Return whether two objects of buckets have the same bytes, as far as their ETags say: other MD5s of whole objects
    are other bytes, or encrypted ones, which are copied once more. None where the parts of an upload count."""
    ours, theirs = (entry.blob.etag if isinstance(entry, StoreEntry) else None for entry in (source, target))
    if ours is None or theirs is None or not (_TAG.fullmatch(ours) and _TAG.fullmatch(theirs)):
        return None
    return True if ours == theirs else None if "-" in ours + theirs else False


def _listed_sum(entry: Entry) -> str | None:
    return entry.blob.crc32c if isinstance(entry, StoreEntry) else None
