"""The checks of `storage-tui doctor --store`: the engine that holds a bucket, from the packages to the version."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from storage_tui.cli.operators.checks import Line
from storage_tui.cli.output import human_duration
from storage_tui.contract.errors import StorageError
from storage_tui.contract.moments import parse_http_date

if TYPE_CHECKING:
    from storage_tui.server.stores.s3.protocol.bucket import Bucket
    from storage_tui.server.stores.s3.protocol.place import S3Place

OLDEST_SEAWEED = (4, 34)  # the first version that holds all conditions
SKEW_TOLD = timedelta(seconds=10)  # the network and the whole seconds of HTTP explain a smaller difference

_SEAWEED = re.compile(r"SeaweedFS \S+ (\d+)\.(\d+)")


def bucket(place: "S3Place") -> Iterator[Line]:
    """Check packages, credentials, endpoint, bucket, conditional writes, clock and version. A check that needs a failed
    one is left out."""
    from storage_tui.server.run.engine import open_s3_bucket

    try:
        opened = open_s3_bucket(place)
    except StorageError as exc:
        yield Line("credentials", "fail", exc.message, "see `storage-tui serve --help`")
        return
    begun = time.monotonic()
    try:
        opened.engine.greet()
    except StorageError as exc:
        advice = "check --s3-endpoint, the network, the engine's certificate, and that the engine runs"
        yield Line("endpoint", "fail", f"{opened.engine.endpoint}: {exc.message}", advice)
        return
    took_ms = (time.monotonic() - begun) * 1000
    yield Line("endpoint", "ok", f"{opened.engine.endpoint} answered in {took_ms:.0f} ms")
    try:
        headers = opened.describe()
    except StorageError as exc:
        advice = "give this machine's credentials the right to list, read, write and delete in the bucket"
        yield Line("credentials", "fail", exc.message, advice)
        return
    if headers is None:
        yield Line("bucket", "fail", f"there is no bucket {place.bucket}", "create it, or name another with --store")
        return
    yield Line("bucket", "ok", f"{place} is there, and the credentials open it")
    yield _conditions(opened)
    yield _clock(parse_http_date(headers.get("date", "")), datetime.now(UTC))
    yield _version(headers.get("server", ""))


def _conditions(opened: "Bucket") -> Line:
    from storage_tui.server.stores.s3.protocol.probe import probe

    try:
        probe(opened)
    except StorageError as exc:
        return Line("conditions", "fail", exc.message, "a server on this bucket does not start until this is put right")
    return Line("conditions", "ok", "one of several racing conditional writes wins, in every way of writing")


def _clock(told: datetime | None, now: datetime) -> Line:
    from storage_tui.server.stores.s3.sweep import MAX_SKEW

    if told is None:
        return Line("clock", "warn", "the engine does not report its time", "make sure that its clock is right")
    skew = abs(now - told)
    text = f"{human_duration(skew.total_seconds())} {'behind' if now < told else 'ahead of'} the engine's"
    if skew > MAX_SKEW:
        return Line("clock", "fail", text, "set the clocks of both by NTP; until then nothing that expired is removed")
    if skew > SKEW_TOLD:
        return Line("clock", "warn", text, "set the clocks of both by NTP; what expires does so by the engine's")
    return Line("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC, as the engine's")


def _version(server: str) -> Line:
    found = _SEAWEED.match(server)
    if found is None:
        return Line("engine", "ok", f"{server[:80] or 'it does not report its name'}; its version is not checked")
    version = int(found[1]), int(found[2])
    text = f"SeaweedFS {version[0]}.{version[1]}"
    if version < OLDEST_SEAWEED:
        needed = ".".join(map(str, OLDEST_SEAWEED))
        return Line(
            "engine", "fail", f"{text} does not honour all conditional writes", f"upgrade it to {needed} or later"
        )
    return Line("engine", "ok", text)
