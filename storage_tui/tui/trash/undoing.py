"""Undo: say what the last change of this session was and what taking it back does, ask, then do so."""

from typing import Any

from textual.app import App

from storage_tui.contract.counts import plural
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.undo import UndoScreen


async def undo(app: App[Any], desk: Desk) -> bool:
    """Ask, and take back the last change; return whether anything is different now.

    Nothing that somebody has changed meanwhile is touched: the log says which blobs were left as they are, and why.
    """
    words = desk.undo.describe_last()
    if not words:
        desk.hint("nothing to take back in this session; gz lists what was deleted or replaced")
        return False
    answer = await app.push_screen_wait(UndoScreen(words, len(desk.undo), is_lasting=desk.undo.is_lasting))
    if answer == "forget":
        desk.undo.forget_last()
        desk.say("that change stays; Z takes back the one before")
    if answer != "undo":
        return False
    desk.working = "Taking the last change back… (Esc stops)"
    try:
        result = await desk.undo.undo_last_async(desk.storage)
    except EXPECTED as exc:
        desk.fail("not all is taken back; Z goes on", exc)
        return True
    finally:
        desk.working = ""
        for name in STORAGE_TYPES:  # a step may be of several
            desk.touch(name)
    for refusal in result.refusals:
        place = visible(f"{refusal.storage_type}:{refusal.key}", limit=120)
        desk.log.error(f"{place} was left as it is: {refusal.message or refusal.error}")
    if not result.refusals:
        desk.say(f"taken back: {plural(result.done, 'blob')}")
    elif len(result.refusals) == 1 and not result.done:
        desk.fail(f"not taken back: {result.refusals[0].message or result.refusals[0].error}")
    else:
        desk.fail(f"{plural(result.done, 'blob')} taken back, {len(result.refusals):,} left as they are (L shows why)")
    return True
