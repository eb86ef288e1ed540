"""Transfers that an earlier session began: offer to continue them, or to forget them."""

from pathlib import Path
from typing import Any

from textual.app import App

from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.formats import plural
from storage_tui.tui.state.transfers import Transfer


async def offer_unfinished(app: App[Any], session: Session) -> None:
    """Ask once, when there are any; Esc leaves them for the next session."""
    try:
        found = list(await session.storage.unfinished())
    except EXPECTED as exc:
        session.log.error("cannot tell whether transfers are unfinished", exc)
        return
    if not found:
        return
    from storage_tui.tui.screens.unfinished import UnfinishedScreen

    answer = await app.push_screen_wait(UnfinishedScreen(found))
    if answer == "continue":
        session.queue.add(
            Transfer(one.direction, one.storage_type, one.key, Path(one.path), one.size_bytes, unfinished=one)
            for one in found
        )
        session.runner.pump()
        session.say(f"continuing {plural(len(found), 'transfer')} (w shows them)")
    elif answer == "forget":
        try:
            for one in found:
                await session.storage.forget(one)
            session.say(f"forgot {plural(len(found), 'transfer')}")
        except EXPECTED as exc:
            session.fail("not all transfers were forgotten", exc)
