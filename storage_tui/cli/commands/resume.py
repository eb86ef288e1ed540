"""`storage-tui resume`: continues the transfers that earlier commands and browsers began, or had waiting, and did not
finish."""

from typing import TYPE_CHECKING

import click

from storage_tui.cli.moving import jobs_of, move, telling, with_jobs
from storage_tui.cli.options import with_bwlimit, with_patience, with_settings
from storage_tui.cli.printing import complain, remark, say
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.client.batch.plan import BatchPlan, item_of, plan_rest
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.unfinished import Unfinished
from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage
    from storage_tui.client.transfer.records import UnfinishedTransfer


@click.command()
@click.option("--list", "is_list", is_flag=True, help="Only list them.")
@click.option("--forget", is_flag=True, help="Give them up, and delete their partial data.")
@with_jobs
@with_bwlimit
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each file, then one summary.")
@with_patience
@with_settings
def resume(
    is_list: bool, forget: bool, jobs: int | None, bwlimit: str | None, as_json: bool, patience_s: float | None,
    settings: Settings,
) -> None:  # fmt: skip
    """Continue the transfers with this server that a crash, a signal or a lost network ended, and those that the
    browser still had waiting."""
    with (
        open_storage(settings, patience_s=patience_s, bwlimit=bwlimit) as storage,
        telling(storage),
        Unfinished(storage.engine) as found,
    ):
        goes_on = _wake_agent()
        if not found.rows:
            if not goes_on:
                remark(f"no unfinished transfers with {storage.display_url}")
            found.take()
        elif is_list:
            _list(found.rows)
        elif forget:
            _forget(storage, found.rows)
            found.take()
        else:
            _continue(storage, found, jobs=jobs_of(jobs, settings), as_json=as_json)


def _wake_agent() -> bool:
    """Start the transfer agent for what it has left, and say what goes on there; return whether something does."""
    from storage_tui.client.agent.place import AgentPlace, may_have_work

    if not may_have_work(AgentPlace.here()):
        return False
    from storage_tui.client.agent.frames import AgentError
    from storage_tui.client.agent.link import AgentLink

    try:
        with AgentLink.open() as link:
            active = sum(job.files - job.ended for job in link.news().jobs)
    except AgentError as exc:
        complain(exc.message)
        return True
    if active:
        remark(f"{plural(active, 'transfer')} in the background; see: storage-tui transfers")
    return active > 0


def _list(rows: "list[UnfinishedTransfer]") -> None:
    for row in rows:
        size = "" if row.size_bytes is None else size_text(row.size_bytes)
        say(f"{size:>10}  {_line(row)}")


def _forget(storage: "Storage", rows: "list[UnfinishedTransfer]") -> None:
    for row in rows:
        if not row.has_begun or storage.forget(row):
            say(f"forgotten  {_line(row)}")
        else:
            complain(f"another program is continuing {_line(row)}")


def _continue(storage: "Storage", found: Unfinished, *, jobs: int, as_json: bool) -> None:
    """Continue all of them. The transfers that are not done when this ends, however it ends, are kept for the next
    time."""
    items = [item_of(row) for row in found.waiting]
    numbers = {id(item): number for number, item in enumerate(items)}
    kept = storage.engine.journal.waiting(storage.account())
    if items:
        kept.add(enumerate(found.waiting))
    found.take()

    def note(result: BatchResult) -> None:
        if result.state in ("done", "skipped") and id(result.item) in numbers:
            kept.end(numbers[id(result.item)])

    try:
        move(
            storage, BatchPlan([*plan_rest(found.begun).items, *items]), conflict=Conflict.OVERWRITE, jobs=jobs,
            resume=True, must_verify=False, as_json=as_json, verb="finished", verbose=True, note=note,
            waiting=lambda: len(kept),
        )  # fmt: skip
    finally:
        kept.close(keep=True)


def _line(row: "UnfinishedTransfer") -> str:
    ends = [row.path, f"{row.storage_type}:{row.key}"]
    source, target = ends if row.direction == "upload" else reversed(ends)
    return f"{source} -> {target}" + ("" if row.has_begun else "  not begun")
