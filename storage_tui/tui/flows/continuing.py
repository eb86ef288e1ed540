"""Transfers that an earlier session began or had waiting: offer to continue them, or to forget them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

from storage_tui.client.batch.plan import Conflict
from storage_tui.client.batch.waiting import WaitingItem, not_begun
from storage_tui.contract.counts import plural
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.transfers import Transfer

if TYPE_CHECKING:
    from storage_tui.client.transfer.journal import UnfinishedTransfer


async def offer_unfinished(app: App[Any], session: Session) -> None:
    """Ask once, when there are any; Esc leaves them for the next session."""
    try:
        begun = list(await session.storage.unfinished())
    except EXPECTED as exc:
        session.log.error("cannot tell whether transfers are unfinished", exc)
        return
    left = await session.runner.left_waiting()
    try:
        waiting = not_begun(left.items, begun)
        transfers = [_begun(one) for one in begun] + [_waiting(one) for one in waiting]
        if not transfers:
            left.take()
            return
        from storage_tui.tui.screens.unfinished import UnfinishedScreen

        answer = await app.push_screen_wait(UnfinishedScreen(begun, waiting))
        if answer == "continue":
            session.queue.add(transfers)
            await session.runner.pump_and_keep()
            left.take()
            session.say(f"continuing {plural(len(transfers), 'transfer')} (w shows them)")
        elif answer == "forget":
            left.take()
            for one in begun:
                await session.storage.forget(one)
            session.say(f"forgot {plural(len(transfers), 'transfer')}")
    except EXPECTED as exc:
        session.fail("not all transfers were forgotten", exc)
    finally:
        left.release()


def _begun(one: "UnfinishedTransfer") -> Transfer:
    root = None if one.root is None else Path(one.root)
    transfer = Transfer(
        one.direction, one.storage_type, one.key, Path(one.path), one.size_bytes, Conflict.OVERWRITE, root
    )
    transfer.unfinished = one
    return transfer


def _waiting(row: WaitingItem) -> Transfer:
    item = row.item
    return Transfer(
        item.direction, item.storage_type, item.key, item.path, item.size_bytes, row.conflict, item.root
    )  # fmt: skip
