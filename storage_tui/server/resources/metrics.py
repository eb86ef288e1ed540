"""Counters in the text form that Prometheus reads (exposition format 0.0.4)."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

from storage_tui.machine.version import __version__
from storage_tui.server.http.request_summary import Exchange
from storage_tui.server.stores.overview import Overview

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 600.0)  # a stat, a listing, and a blob of many gigabytes

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters of one server since its start. Labels come from the route table, so their number is bounded."""

    def __init__(self) -> None:
        self._started = time.time()
        self._requests: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self._durations: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self.received_bytes = 0
        self.sent_bytes = 0
        self.cut = 0
        self.damaged = 0
        self.sweeps = 0
        self.failed_sweeps = 0
        self.expired = 0
        self.last_sweep = 0.0

    def note(self, exchange: Exchange) -> None:
        """Count a request that has ended."""
        route, duration_s = exchange.route, exchange.duration_s
        self._requests[(exchange.method, route, f"{exchange.final_status // 100}xx")] += 1
        self._durations[route][bisect_left(BUCKETS_S, duration_s)] += 1
        self._seconds[route] += duration_s
        self.received_bytes += exchange.received_bytes
        self.sent_bytes += exchange.sent_bytes
        self.cut += exchange.is_cut

    def note_sweep(self, expired: int | None) -> None:
        """Count a sweep. `expired` is the number of blobs that expired, or None when the sweep failed."""
        self.sweeps += 1
        if expired is None:
            self.failed_sweeps += 1
            return
        self.expired += expired
        self.last_sweep = time.time()

    def render(self, *, active: int, is_stopping: bool, is_read_only: bool, overview: Overview | None) -> str:
        """Return all metrics as text."""
        lines = [
            *_metric("info", "gauge", "Which program this is.", [((("version", __version__),), 1)]),
            *_one("start_time_seconds", "gauge", "When the server started.", self._started),
            *_metric("requests_total", "counter", "Requests that have ended.", self._request_rows()),
            *self._histogram(),
            *_one("received_bytes_total", "counter", "Bytes of bodies that came.", self.received_bytes),
            *_one("sent_bytes_total", "counter", "Bytes of answers, without their headers.", self.sent_bytes),
            *_one("cut_answers_total", "counter", "Answers that were cut before their end.", self.cut),
            *_one("active_requests", "gauge", "Requests under way.", active),
            *_one("damaged_reads_total", "counter", "Reads refused or cut as the bytes were damaged.", self.damaged),
            *_one("sweeps_total", "counter", "Times that the store was swept.", self.sweeps),
            *_one("failed_sweeps_total", "counter", "Sweeps that failed.", self.failed_sweeps),
            *_one("last_sweep_time_seconds", "gauge", "When the last sweep ended well.", self.last_sweep),
            *_one("expired_blobs_total", "counter", "Blobs that expired and were swept.", self.expired),
            *_one("stopping", "gauge", "1 while the server takes nothing new.", int(is_stopping)),
            *_one("read_only", "gauge", "1 when the store cannot be written until a restart.", int(is_read_only)),
        ]
        if overview is not None:
            lines += _overview(overview)
        return "\n".join(lines) + "\n"

    def _request_rows(self) -> Iterator[tuple[Labels, float]]:
        for (method, route, status), count in sorted(self._requests.items()):
            yield (("method", method), ("route", route), ("status", status)), count

    def _histogram(self) -> Iterator[str]:
        name = "storage_tui_request_duration_seconds"
        yield f"# HELP {name} How long requests took, the whole answer included."
        yield f"# TYPE {name} histogram"
        for route, counts in sorted(self._durations.items()):
            total = 0
            for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), counts, strict=True):
                total += count
                yield f"{name}_bucket{_labels((('route', route), ('le', bound)))} {total}"
            yield f"{name}_sum{_labels((('route', route),))} {self._seconds[route]:.6f}"
            yield f"{name}_count{_labels((('route', route),))} {total}"


def _overview(overview: Overview) -> Iterator[str]:
    counts = [((("type", held.storage_type),), held.count) for held in overview.types]
    sizes = [((("type", held.storage_type),), held.size_bytes) for held in overview.types]
    yield from _metric("blobs", "gauge", "Blobs in the store.", counts)
    yield from _metric("blob_bytes", "gauge", "Their bytes.", sizes)
    yield from _one("open_uploads", "gauge", "Upload sessions that are not finished.", overview.open_uploads)
    gone = overview.gone
    yield from _one("gone_blobs", "gauge", "Deleted and overwritten blobs that can be brought back.", gone.count)
    yield from _one("gone_blob_bytes", "gauge", "Their bytes.", gone.size_bytes)
    yield from _one("ended_early_total", "counter", "Of them, those that went early for room.", gone.ended_early)
    yield from _one("free_bytes", "gauge", "Free room on the disk of the store.", overview.free_bytes)


def _one(name: str, kind: str, text: str, value: float) -> Iterator[str]:
    return _metric(name, kind, text, [((), value)])


def _metric(name: str, kind: str, text: str, rows: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    name = f"storage_tui_{name}"
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in rows:
        yield f"{name}{_labels(labels)} {value}"


def _labels(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels)  # label values of the table need no escapes
    return f"{{{pairs}}}" if pairs else ""
