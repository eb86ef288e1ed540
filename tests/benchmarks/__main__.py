"""Run the benchmarks named on the command line, or all, and print their table as Markdown."""

import os
import platform
import sys

from tests.benchmarks import (
    bucket,
    calls,
    cluster,
    crowd,
    listing,
    long_link,
    many_keys,
    moving,
    outage,
    paint,
    previews,
    raster,
    small,
    start,
    storm,
    syncing,
    terminal,
    transfer,
    usage,
)  # fmt: skip

BENCHMARKS = {
    "start": start.rows,
    "listing": listing.rows,
    "terminal": terminal.rows,
    "previews": previews.rows,
    "raster": raster.rows,
    "transfer": transfer.rows,
    "link": long_link.rows,
    "small": small.rows,
    "calls": calls.rows,
    "moving": moving.rows,
    "outage": outage.rows,
    "sync": syncing.rows,
    "paint": paint.rows,
    "cluster": cluster.rows,
    "crowd": crowd.rows,
    "ten_million": many_keys.rows,
    "storm": storm.rows,
    "bucket": bucket.rows,
    "usage": usage.rows,
}


def main() -> None:
    """Print one table with a line for the machine above it."""
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = set(chosen) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| what | ours | peer | target |\n|---|---|---|---|")
    for name in chosen:
        for row in BENCHMARKS[name]():
            print(f"| {row.what} | {row.ours} | {row.peer} | {row.target} |", flush=True)


if __name__ == "__main__":
    main()
