"""One row renamed after a question, many rows in an editor: one name a line."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move
from storage_tui.contract.visible import visible
from storage_tui.machine.private_files import create_private
from storage_tui.machine.terminal_programs import (
    EDITORS,
    NoProgramError,
    Program,
    chosen_program,
    end_words,
    run_on_terminal,
)
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.rename import RenameManyScreen, RenameScreen
from storage_tui.tui.moves.name_list import (
    ASIDE,
    NAMES_AT_MOST,
    NameListError,
    Renaming,
    in_order,
    names_of,
    read_names,
)
from storage_tui.tui.moves.relocating import Outcome, origin_of_rename, relocate, rename_in_order, report
from storage_tui.tui.moves.targets import check_source
from storage_tui.tui.state.listing import Folder, Row

LIST_NAME = "names.txt"


async def rename_row(app: App[Any], desk: Desk, row: Row) -> Location | None:
    """Ask for a name, and rename the blob or the folder; return its new place, None when nothing was renamed."""
    if not _may_rename(desk, [row]):
        return None

    async def is_taken(key: str) -> bool:
        if isinstance(row, Folder):
            page = await desk.storage.list_page(key, storage_type=row.storage_type, delimiter="", limit=1)
            return bool(page.blobs)
        return await desk.storage.exists(key, row.storage_type)

    answer = await app.push_screen_wait(RenameScreen(row, is_taken))
    if answer is None:
        return None
    key, replaces = answer
    conflict = Conflict.OVERWRITE if replaces and not isinstance(row, Folder) else Conflict.SKIP
    to = Location(row.storage_type, key)
    outcome = await relocate(app, desk, [origin_of_rename(row)], to, is_move=True, conflict=conflict)
    report(desk, outcome, to, is_move=True, is_rename=True, what=row.key)
    return to if outcome.done else None


async def rename_rows(app: App[Any], desk: Desk, rows: Sequence[Row]) -> Location | None:
    """Let the user change the names in an editor, ask, and rename; return the new place of one of them, or None."""
    if not _may_rename(desk, rows):
        return None
    if len(rows) > NAMES_AT_MOST:
        desk.refuse(f"{len(rows):,} rows are more than the {NAMES_AT_MOST:,} names of one list; mark fewer")
        return None
    try:
        program = chosen_program(EDITORS, "vi")
        renamings = await _edited(app, rows, program)
    except (NoProgramError, NameListError) as exc:
        desk.refuse(f"{visible(str(exc))}; nothing was renamed")
        return None
    except SuspendNotSupported:
        desk.refuse("this terminal cannot be handed to an editor")
        return None
    except OSError as exc:
        desk.fail("the list of names cannot be written or read; nothing was renamed", exc)
        return None
    if not renamings:
        desk.say("no name was changed; nothing was renamed")
        return None
    if not await app.push_screen_wait(RenameManyScreen(renamings)):
        return None
    return await _rename_all(app, desk, renamings)


def _may_rename(desk: Desk, rows: Sequence[Row]) -> bool:
    try:
        check_source(rows, is_move=True)
    except StorageError as exc:
        desk.refuse(exc.message.replace("moved away", "renamed").partition("; ")[0])
        return False
    return True


async def _edited(app: App[Any], rows: Sequence[Row], program: Program) -> list[Renaming]:
    """Return what was changed in the editor. Raise NameListError, OSError, SuspendNotSupported."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="storage-tui-"))
    try:
        path = folder / LIST_NAME
        await asyncio.to_thread(create_private, path, names_of(rows).encode())
        with app.suspend():
            code = run_on_terminal(program, path)
        app.refresh(repaint=True)
        if code:
            raise NameListError(end_words(program, code))
        try:
            text = (await asyncio.to_thread(path.read_bytes)).decode()
        except UnicodeDecodeError as exc:
            raise NameListError("the list is not UTF-8 any more") from exc
        return read_names(text, rows)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _rename_all(app: App[Any], desk: Desk, renamings: Sequence[Renaming]) -> Location | None:
    """Rename step by step; a step that fails leaves its row where it is, and the next steps go on."""
    whole, steps, run = Outcome(), in_order(renamings), list[Renaming]()
    desk.working = f"Renaming {plural(len(renamings), 'row')}…"
    try:
        for step in steps:
            if isinstance(step.row, Blob):
                run.append(step)
                continue
            _add(whole, await _rename_blobs(desk, run))
            run = []
            to = Location(step.row.storage_type, step.key)
            part = await relocate(
                app, desk, [origin_of_rename(step.row)], to, is_move=True, conflict=Conflict.SKIP
            )  # fmt: skip
            _add(whole, part)
        _add(whole, await _rename_blobs(desk, run))
        await _bring_from_aside(desk, whole, steps)
    finally:
        desk.working = ""
    desk.marks.discard([one.row for one in renamings])
    first = renamings[0]
    here = Location(first.row.storage_type, parent_prefix(first.row.key))
    if whole.failed or whole.skipped or whole.error is not None:
        report(desk, whole, here, is_move=True, is_rename=True)
    else:
        desk.say(f"renamed {plural(len(renamings), 'row')} (Z takes it back)")
    return Location(first.row.storage_type, first.key) if whole.done else None


async def _rename_blobs(desk: Desk, run: Sequence[Renaming]) -> Outcome:
    """Rename blobs in their order, as one change for undo; nothing is replaced."""
    outcome = Outcome()
    if run:
        await rename_in_order(desk, [_move(one) for one in run], outcome)
        outcome.note(desk, is_move=True)
    return outcome


def _move(one: Renaming) -> Move:
    etag = one.row.etag if isinstance(one.row, Blob) else None
    return Move(one.row.key, one.key, one.row.storage_type, etag=etag, overwrite=False)


async def _bring_from_aside(desk: Desk, whole: Outcome, steps: Sequence[Renaming]) -> None:
    """Give a row that went aside for a circle its old name again when its new name could not be had."""
    done = {move.key: move for move, _, _ in whole.moved}
    for step in steps:
        aside = done.get(step.row.key)
        if ASIDE in step.key and isinstance(step.row, Blob) and aside is not None and step.key not in done:
            await _rename_blobs(desk, [Renaming(replace(step.row, key=step.key), step.row.key)])


def _add(whole: Outcome, part: Outcome) -> None:
    whole.moved += part.moved
    whole.done += part.done
    whole.skipped += part.skipped
    whole.failed += part.failed
    whole.failures += part.failures
    whole.error = whole.error or part.error
