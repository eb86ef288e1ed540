"""One edit: fetch the blob, leave the terminal to the editor, ask, and write back without overwriting anybody."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from storage_tui.client.control import TransferControl
from storage_tui.client.editing import steps
from storage_tui.client.editing.copies import EditCopy
from storage_tui.client.editing.refusals import check_editable, why_ask
from storage_tui.client.editing.steps import Written
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.machine.terminal_programs import (
    EDITORS,
    NoProgramError,
    Program,
    chosen_program,
    end_words,
    run_on_terminal,
)
from storage_tui.tui.background import in_thread
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.edit import EditedScreen, LeftEditScreen, OpenAnywayScreen
from storage_tui.tui.edits.voice import Voice

PROGRESS_S = 0.25


async def edit(app: App[Any], desk: Desk, location: Location, voice: Voice, *, is_new: bool = False) -> Written | None:
    """Edit the blob at a place, or a new one; return what was stored, None when nothing was.

    Everything is said through `voice`: a refusal, a failure, the name of a copy that was not written back. With
    `is_new` the place is known to have no blob.
    """
    try:
        program = chosen_program(EDITORS, "vi")
    except NoProgramError as exc:
        voice.refuse(visible(str(exc)))
        return None
    try:
        copy = await _opened(app, desk, location, voice, is_new=is_new)
    except EXPECTED as exc:
        _say_not_opened(voice, location, exc)
        return None
    finally:
        voice.work("")
    if copy is None:
        return None
    try:
        return await _edited(app, desk, copy, program, voice)
    except EXPECTED as exc:
        copy.leave_or_close()
        voice.fail(f"{_name(location)} was not written back{_kept(copy)}", exc)
        return None
    except BaseException:
        copy.leave_or_close()
        if copy.is_kept:
            desk.log.error(f"{_name(location)} was not written back{_kept(copy)}")
        raise
    finally:
        voice.work("")


def _say_not_opened(voice: Voice, location: Location, error: BaseException) -> None:
    if isinstance(error, StorageError) and error.status in (409, 413):
        voice.refuse(visible(error.message))
    else:
        voice.fail(f"cannot edit {_name(location)}", error)


async def _opened(app: App[Any], desk: Desk, location: Location, voice: Voice, *, is_new: bool) -> EditCopy | None:
    """Return the copy for the editor: of an earlier edit, or a new one; None when the user has changed his mind."""
    engine, control = desk.storage.engine, TransferControl()
    voice.work(f"Opening {_name(location)}… (Esc stops)")
    left = await _held(control, lambda: steps.reopen(engine, location))
    if left is not None:
        answer = await _leaving_on_cancel(left, app, LeftEditScreen(left.record, left.path))
        if answer == "continue":
            return left
        left.leave_or_close() if answer is None else left.close()
        if answer is None:
            return None
    if not is_new:
        blob = await in_thread(control, lambda: steps.find(engine, location))
        if blob is None:
            voice.refuse(f"{_name(location)} is gone; nothing was opened")
            return None
        check_editable(location, blob)
        why = why_ask(blob, await in_thread(control, lambda: steps.head_of(engine, blob)))
        if why:
            voice.work("")
            if not await app.push_screen_wait(OpenAnywayScreen(location, why)):
                return None

    def say_progress() -> None:
        voice.work(f"Downloading {size_text(control.done_bytes)} of {_name(location)} (Esc stops)")

    timer = app.set_interval(PROGRESS_S, say_progress)
    try:
        return await _held(control, lambda: steps.fetch(engine, location, control=control))
    finally:
        timer.stop()


async def _held(control: TransferControl, work: Callable[[], EditCopy | None]) -> EditCopy | None:
    """Return the copy that blocking work makes; a copy that comes after the user has stopped is put away again."""
    made: list[EditCopy | None] = []
    try:
        await in_thread(control, lambda: made.append(work()))
    except BaseException:
        for copy in filter(None, made):
            copy.leave_or_close()
        raise
    return made[0]


async def _leaving_on_cancel(copy: EditCopy, app: App[Any], question: LeftEditScreen) -> str | None:
    try:
        return await app.push_screen_wait(question)
    except BaseException:
        copy.leave_or_close()
        raise


async def _edited(app: App[Any], desk: Desk, copy: EditCopy, program: Program, voice: Voice) -> Written | None:
    """Run the editor, ask, write back. The copy stays, locked, when an error is raised."""
    engine, location = desk.storage.engine, copy.record.location
    try:
        with app.suspend():
            code = run_on_terminal(program, copy.path)
    except SuspendNotSupported:
        copy.close()
        voice.refuse("this terminal cannot be handed to an editor")
        return None
    app.refresh(repaint=True)
    is_there = await asyncio.to_thread(copy.path.is_file)
    has_changed = is_there and await asyncio.to_thread(lambda: copy.has_changed)
    if code:
        copy.leave_or_close()
        voice.fail(f"{end_words(program, code)}; nothing was written{_kept(copy)}")
        return None
    if not has_changed and not (is_there and copy.record.is_new):
        copy.close()
        words = "is unchanged" if is_there else "has no file any more"
        voice.say(f"{_name(location)} {words}; nothing was written")
        return None
    control = TransferControl()
    voice.work(f"Looking at {_name(location)}… (Esc stops)")
    outlook = await in_thread(control, lambda: steps.look(engine, copy))
    voice.work("")
    answer = await app.push_screen_wait(EditedScreen(copy.record, copy.size_bytes, outlook, has_changed=has_changed))
    if answer == "drop" or (answer is None and not has_changed):
        copy.close()
        voice.say(f"nothing was written; {_name(location)} is as it was")
        return None
    if answer != "write":
        copy.leave()
        voice.say(f"nothing was written{_kept(copy)}")
        return None
    voice.work(f"Writing {_name(location)}… (Esc stops)")
    written = await in_thread(control, partial(steps.write_back, engine, copy, control=control))
    copy.close()
    desk.touch(location.storage_type)
    blob = written.blob
    desk.undo.note_written(blob.storage_type, [(blob.key, blob.etag, written.replaced)])
    _report(location, written, voice)
    return written


def _report(location: Location, written: Written, voice: Voice) -> None:
    size = size_text(written.blob.size_bytes)
    if written.is_beside:
        yours = _name(written.location)
        voice.fail(f"{_name(location)} was changed by somebody meanwhile and is as they left it; yours is {yours}")
    else:
        voice.say(f"wrote {_name(location)}, {size}")


def _name(location: Location) -> str:
    return visible(str(location), limit=60)


def _kept(copy: EditCopy) -> str:
    """Return where the edited copy is, and how to go on; "" when nothing was kept."""
    return f"; the edited copy is {_path(copy.path)}, and e goes on with it" if copy.is_kept else ""


def _path(path: Path) -> str:
    return visible(str(path))
