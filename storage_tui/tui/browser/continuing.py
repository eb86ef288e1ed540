"""Transfers that an earlier session began or queued: offer to continue or to forget them."""

from pathlib import Path
from typing import Any

from textual.app import App

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract.counts import plural
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.state.transfers import Transfer


async def offer_unfinished(app: App[Any], desk: Desk) -> None:
    """Ask once when there are such transfers. Esc leaves them for the next start."""
    try:
        found = await desk.runner.left()
    except EXPECTED as exc:
        desk.log.error("cannot find out whether transfers are unfinished", exc)
        return
    try:
        if not found.rows:
            found.take()
            return
        from storage_tui.tui.dialogs.unfinished import UnfinishedScreen

        answer = await app.push_screen_wait(UnfinishedScreen(found.rows))
        if answer == "continue":
            desk.queue.add(_transfer(row) for row in found.rows)
            await desk.runner.pump_and_keep()
            found.take()
            desk.say(f"continuing {plural(len(found.rows), 'transfer')} (w shows them)")
        elif answer == "forget":
            found.take()
            for row in found.begun:
                await desk.storage.forget(row)
            desk.say(f"forgot {plural(len(found.rows), 'transfer')}")
    except EXPECTED as exc:
        desk.fail("not all transfers were forgotten", exc)
    finally:
        found.release()


def _transfer(row: UnfinishedTransfer) -> Transfer:
    root = None if row.root is None else Path(row.root)
    return Transfer(
        row.direction, row.storage_type, row.key, Path(row.path), row.size_bytes, row.conflict or Conflict.OVERWRITE,
        root, unfinished=row if row.has_begun else None,
    )  # fmt: skip
