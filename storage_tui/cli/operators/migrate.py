"""`storage-tui migrate`: a store of this machine into a bucket."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storage_tui.cli.live_line import live_line
from storage_tui.cli.operators.engine_options import DATA_DIR, S3_ENDPOINT, local_place
from storage_tui.cli.output import PartialFailureError, human_duration
from storage_tui.cli.printing import complain, say, say_json
from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.server.stores.s3.protocol.place import S3Place
    from storage_tui.server.upkeep.migration import Migration

SHOWN_FAILURES = 100  # printed one by one; the rest are counted


@click.command()
@click.argument("store", metavar="s3://BUCKET[/PREFIX]")
@DATA_DIR
@S3_ENDPOINT
@click.option("--overwrite", is_flag=True, help="Where the bucket has other bytes under a key, replace them.")
@click.option("--read-back", is_flag=True, help="Read every blob again from the bucket, against its checksum.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def migrate(
    store: str, data_dir: Path | None, s3_endpoint: str | None, overwrite: bool, read_back: bool, as_json: bool
) -> None:
    """Copy a store of this machine into a bucket: all users, types, records and tokens; what it holds already is kept.

    Run the command again after any break: it continues where it stopped. No server may run on the directory meanwhile.
    The source stays as it is. Blobs keep their times, so that a blob in tmp expires when
    it would have expired here.
    """
    from storage_tui.server.run.embedded import LOCAL_USER
    from storage_tui.server.stores.s3.protocol.place import S3Place

    source = local_place(data_dir)
    target = S3Place.parse(store, endpoint=s3_endpoint)
    if not (source / "meta.db").is_file():
        raise click.UsageError(f"there is no store in {source}; name one with --data-dir")
    state = _run(source, target, overwrite, read_back)
    fields = {"moved": state.moved, "present": state.present, "failed": len(state.failures), "bytes": state.done_bytes}
    if as_json:
        say_json({**fields, "records": state.records})
    else:
        say(
            f"{plural(state.moved, 'blob')} moved, {state.present:,} there already, "
            f"{plural(len(state.failures), 'failure')}; "
            f"{size_text(state.done_bytes)} and {plural(state.records, 'record')} checked, "
            f"{human_duration(time.monotonic() - state.started)}"
        )
        place = f"--store {store}" + (f" --s3-endpoint {s3_endpoint}" if s3_endpoint else "")
        say(f"what was stored without a token is {LOCAL_USER}'s: storage-tui token create {LOCAL_USER} {place}")
    for failure in state.failures[:SHOWN_FAILURES]:
        complain(f"{failure.what}: {failure.reason}")
    if state.failures:
        raise PartialFailureError(f"{len(state.failures):,} could not be moved; fix the causes and run it again")


def _run(source: Path, target: "S3Place", overwrite: bool, read_back: bool) -> "Migration":
    from storage_tui.client.batch.progress import BatchProgress, RateMeter
    from storage_tui.server.run.engine import open_records, open_s3_store
    from storage_tui.server.stores.local.store import LocalStore
    from storage_tui.server.upkeep.migration import Migration, migrate

    state, meter = Migration(), RateMeter()

    def read() -> BatchProgress:
        meter.read(state.done_bytes, time.monotonic())
        return BatchProgress(
            state.blobs, state.done, len(state.failures), state.done_bytes, state.total_bytes, meter.bytes_per_s
        )

    async def run() -> None:
        old, new = LocalStore(source, owner_note={"url": "storage-tui migrate"}), open_s3_store(target)
        await old.start()
        try:
            await new.start()
            try:
                await migrate(
                    old, open_records(source), new, open_records(target), state,
                    may_overwrite=overwrite, must_read_back=read_back,
                )  # fmt: skip
            finally:
                await new.close()
        finally:
            await old.close()

    with live_line(read, ""):
        asyncio.run(run())
    return state
