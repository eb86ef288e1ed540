"""Fill a store with many keys, for measurements: `python -m tests.benchmarks.seed --data-dir DIR --keys N`.

Nine keys of ten lie in folders as people make them (tiles, days, tasks), one of ten in one flat prefix, which is the
hardest thing to list. Contents are a few bytes: measurements of transfers make their own blobs. No server may own the
directory while it is filled.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path

from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.seed import SeedBlob, seed

LOCAL_NAMESPACE = sha1(b"local").hexdigest()  # of the embedded server's one user
START = datetime(2024, 1, 1, tzinfo=UTC)


def make_keys(count: int, *, is_flat: bool = False) -> Iterator[str]:
    """`count` keys in byte order, which is the order they go in fastest; all of them in one prefix, or one of ten."""
    flat, daily, tasks = (count, 0, 0) if is_flat else (count // 10, count // 5, count // 5)
    yield from (
        f"daily/{2000 + day // 10_000:04}/{day // 100 % 100:02}/{day % 100:02}/table.csv" for day in range(daily)
    )
    yield from (f"flat/blob-{number:09}.bin" for number in range(flat))
    yield from (f"tasks/group-{number // 500:05}/task-{number % 500:04}.json" for number in range(tasks))
    tiles = count - flat - daily - tasks
    yield from (f"tiles/12/{number // 256:06}/{number % 256:03}.png" for number in range(tiles))


def make_blobs(namespace: str, keys: Iterable[str], storage_type: str) -> Iterator[SeedBlob]:
    """A small blob under every key, written a minute after the one before."""
    for number, key in enumerate(keys):
        moment = START + timedelta(minutes=number % 500_000)
        yield SeedBlob(Address(namespace, storage_type, key), b"%d\n" % number, None, moment)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Fill a store with many keys.")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--keys", type=int, required=True)
    parser.add_argument("--namespace", default=LOCAL_NAMESPACE, help="default: that of the embedded server's user")
    parser.add_argument("--type", default="data", choices=("data", "result", "logs", "products"))
    parser.add_argument("--flat", action="store_true", help="all keys in one prefix, flat/")
    options = parser.parse_args()
    start = time.perf_counter()
    keys = make_keys(options.keys, is_flat=options.flat)
    count = seed(options.data_dir, make_blobs(options.namespace, keys, options.type))
    seconds = time.perf_counter() - start
    print(f"{count:,} keys in {seconds:.1f} s, {count / max(seconds, 1e-9):,.0f} a second")


if __name__ == "__main__":
    main()
