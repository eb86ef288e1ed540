"""`storage-tui resume`: what earlier commands and sessions of the browser began, or had waiting, and did not finish."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from storage_tui import places
from storage_tui.cli.moving import move
from storage_tui.cli.options import open_storage, with_settings
from storage_tui.cli.printing import complain, remark, say
from storage_tui.client.batch import JOBS, MOST_JOBS
from storage_tui.client.batch_plan import BatchItem, BatchPlan, Conflict, plan_rest
from storage_tui.client.mover import BatchResult
from storage_tui.client.waiting import LeftWaiting, WaitingItem, WaitingList, not_begun
from storage_tui.config import Settings
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.journal import UnfinishedTransfer
    from storage_tui.client.storage import Storage


@click.command()
@click.option("--list", "is_list", is_flag=True, help="Only list them.")
@click.option("--forget", is_flag=True, help="Give them up, with what is there of them.")
@click.option("-j", "--jobs", type=click.IntRange(1, MOST_JOBS), default=JOBS, metavar="N", help="Files at once.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each file, then one summary.")
@with_settings
def resume(is_list: bool, forget: bool, jobs: int, as_json: bool, settings: Settings) -> None:
    """Continue the transfers with this server that a crash, a signal or a lost network ended, and those that the
    browser still had waiting."""
    with open_storage(settings) as storage:
        begun = list(storage.unfinished())
        left = LeftWaiting(places.state_dir(), storage.account())
        try:
            waiting = not_begun(left.items, begun)
            if not begun and not waiting:
                remark(f"no unfinished transfers with {storage.display_url}")
                left.take()
            elif is_list:
                _list(begun, waiting)
            elif forget:
                _forget(storage, begun, waiting)
                left.take()
            else:
                _continue(storage, begun, waiting, left, jobs=jobs, as_json=as_json)
        finally:
            left.release()


def _list(begun: "list[UnfinishedTransfer]", waiting: list[WaitingItem]) -> None:
    for transfer in begun:
        say(f"{size_text(transfer.size_bytes):>10}  {_line(transfer)}")
    for row in waiting:
        size = "" if row.item.size_bytes is None else size_text(row.item.size_bytes)
        say(f"{size:>10}  {_line(row.item)}  not begun")


def _forget(storage: "Storage", begun: "list[UnfinishedTransfer]", waiting: list[WaitingItem]) -> None:
    for transfer in begun:
        if storage.forget(transfer):
            say(f"forgotten  {_line(transfer)}")
        else:
            complain(f"another program goes on with {_line(transfer)}")
    for row in waiting:
        say(f"forgotten  {_line(row.item)}  not begun")


def _continue(
    storage: "Storage", begun: "list[UnfinishedTransfer]", waiting: list[WaitingItem], left: LeftWaiting, *, jobs: int,
    as_json: bool,
) -> None:  # fmt: skip
    """What is not done when this ends, however it ends, is left for the next time."""
    items = [replace(row.item, conflict=row.conflict) for row in waiting]
    numbers = {id(item): number for number, item in enumerate(items)}
    kept = WaitingList(places.state_dir(), storage.account())
    if waiting:
        kept.add(enumerate(waiting))
    left.take()

    def note(result: BatchResult) -> None:
        if result.state in ("done", "skipped") and id(result.item) in numbers:
            kept.end(numbers[id(result.item)])

    try:
        move(
            storage, BatchPlan([*plan_rest(begun).items, *items]), conflict=Conflict.OVERWRITE, jobs=jobs, resume=True,
            must_verify=False, as_json=as_json, verb="finished", note=note, waiting=lambda: len(kept),
        )  # fmt: skip
    finally:
        kept.close(keep=True)


def _line(row: "UnfinishedTransfer | BatchItem") -> str:
    ends = [str(row.path), f"{row.storage_type}:{row.key}"]
    source, target = ends if row.direction == "upload" else reversed(ends)
    return f"{source} -> {target}"
