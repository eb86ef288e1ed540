"""`UndoLog`: takes back the last changes of a session, newest first, and never overwrites what somebody else changed.

The log holds ETags. A blob that was deleted or overwritten comes back from the trash of the server by its ETag. A blob
is moved back, replaced or deleted only while it has the ETag that the change gave it. Everything else is a refusal of
this one blob, in words, and stays as it is. The log knows no screen: whoever makes a change notes it here.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import ForbiddenError, MethodNotAllowedError, NotFoundError, StorageError
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.trash import MOVED_OVER, OVERWRITTEN, BringBack, BringBackResult, GoneBlob, GonePage
from storage_tui.contract.visible import visible

if TYPE_CHECKING:
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.client.storage import Storage

MOST_STEPS = 1000  # a person takes back a few; more only use memory
MOST_BLOBS = 100_000  # in all steps: about 40 MB; the oldest steps go first
AT_ONCE = 1000  # blobs in one call, so that a lost connection leaves little in doubt

FEW = 20  # keys whose trash is read key by key; of more, the trash below the folder that they share
Kind = Literal["deleted", "written", "moved", "uploaded"]
Ask = Callable[[Any], Any]  # called with a client: a call of it, whose result or awaitable is returned
NO_ETAG = "no_etag"
LASTING = "lasting"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One blob that was left as it is: `error` is a code, `message` its reason in one sentence."""

    storage_type: str
    key: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What became of an undo: what it was to do, how many blobs were put back, and the refusal of each other one."""

    description: str
    done: int
    refusals: tuple[Refusal, ...] = ()

    def __str__(self) -> str:
        text = f"{plural(self.done, 'blob')} put back"
        return f"{text}, {len(self.refusals)} left as they are" if self.refusals else text


@dataclass(frozen=True, slots=True)
class _Changed:
    """One blob of a step. `etag` is that of the blob now (None: it is gone), `before` that of the blob that was there
    before (None: there was none). `move` is set for a blob that was moved."""

    storage_type: str
    key: str
    etag: str | None = None
    before: str | None = None
    move: Move | None = None


@dataclass(slots=True)
class _Step:
    """One change of the user. `left` are the blobs that are still to be put back, the first change first."""

    kind: Kind
    left: list[_Changed]
    is_retried: bool = False  # a call was cut off: some blobs may be back already
    why_not: str = ""  # why this change cannot be taken back; empty when it can


class UndoLog:
    """The changes of a session that can be taken back: the last `most_steps`, of `most_blobs` blobs together."""

    def __init__(self, *, most_steps: int = MOST_STEPS, most_blobs: int = MOST_BLOBS) -> None:
        self._steps: deque[_Step] = deque()
        self._most_steps = most_steps
        self._most_blobs = most_blobs

    def __len__(self) -> int:
        return len(self._steps)

    def note_deleted(self, storage_type: str, blobs: Iterable[tuple[str, str | None]]) -> None:
        """Note blobs that were deleted together, each a key and the ETag of the blob that was deleted."""
        name = find_storage_type(storage_type).name
        self._note("deleted", [_Changed(name, key, before=etag) for key, etag in blobs])

    def note_written(self, storage_type: str, blobs: Iterable[tuple[str, str | None, str | None]]) -> None:
        """Note blobs that were written together, each a key, the new ETag, and the ETag of the blob that was there
        before; None where there was none."""
        name = find_storage_type(storage_type).name
        self._note("written", [_Changed(name, key, etag, before) for key, etag, before in blobs])

    def note_overwritten(self, storage_type: str, key: str, old_etag: str, new_etag: str) -> None:
        """Note a blob that was overwritten."""
        self.note_written(storage_type, [(key, new_etag, old_etag)])

    def note_created(self, storage_type: str, blobs: Iterable[tuple[str, str | None]]) -> None:
        """Note blobs that were made together where none were, each a key and its ETag."""
        self.note_written(storage_type, [(key, etag, None) for key, etag in blobs])

    def note_moved(self, moves: Iterable[tuple[Move, str | None, str | None]]) -> None:
        """Note blobs that were moved together, in the order of their moves: each the move, the ETag that the blob has
        now, and the ETag of the blob that it replaced; None where it replaced none."""
        changed = [
            _Changed(find_storage_type(move.target_type).name, move.to_key, etag, before, move)
            for move, etag, before in moves
            if not move.is_onto_itself
        ]
        self._note("moved", changed)

    def note_uploaded(
        self, storage_type: str, blobs: Iterable[tuple[str, str | None]], *, may_replace: bool = True
    ) -> None:
        """Note blobs that were written together, each a key and its ETag, where nobody asked what was there before.

        The trash of the server says so when the change is taken back. Without `may_replace` nothing was there.
        """
        name = find_storage_type(storage_type).name
        changed = [_Changed(name, key, etag) for key, etag in blobs]
        self._note("uploaded" if may_replace else "written", changed)

    def note_lasting(self, storage_type: str, key: str, why: str) -> None:
        """Note a change that cannot be taken back, and why in one sentence; `key` is one of its blobs."""
        name = find_storage_type(storage_type).name
        self._add(_Step("written", [_Changed(name, key)], why_not=why))

    def describe_last(self) -> str:
        """Return what `undo_last` would do, or why it can do nothing, in one sentence; an empty text when there is
        nothing to take back."""
        return _describe(self._steps[-1]) if self._steps else ""

    @property
    def is_lasting(self) -> bool:
        """Return whether the last change cannot be taken back."""
        return bool(self._steps) and bool(self._steps[-1].why_not)

    def forget_last(self) -> None:
        """Drop the last change: the next undo takes back the change before it."""
        if self._steps:
            self._steps.pop()

    def undo_last(self, storage: "Storage") -> UndoResult:
        """Take back the last change. Blobs that somebody changed meanwhile are refusals in the result.

        Raise NotFoundError when there is nothing to take back. Any other StorageError, such as a lost connection, means
        that nobody knows yet: the change stays the last one, and the next call goes on with what is left of it.
        """
        work = self._undo()
        try:
            ask = next(work)
            while True:
                try:
                    result = ask(storage)
                except StorageError as exc:
                    ask = work.throw(exc)
                else:
                    ask = work.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def undo_last_async(self, storage: "AsyncStorage") -> UndoResult:
        """Take back the last change through an asynchronous client; see `undo_last`."""
        work = self._undo()
        try:
            ask = next(work)
            while True:
                try:
                    result = await ask(storage)
                except StorageError as exc:
                    ask = work.throw(exc)
                else:
                    ask = work.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def _note(self, kind: Kind, changed: list[_Changed]) -> None:
        if not changed:
            return
        step = _Step(kind, changed)
        if len(changed) > self._most_blobs:
            step = _Step(kind, changed[:1], why_not=self._too_many(kind, len(changed)))
        self._add(step)

    def _add(self, step: _Step) -> None:
        self._steps.append(step)
        while len(self._steps) > self._most_steps or sum(len(one.left) for one in self._steps) > self._most_blobs:
            self._steps.popleft()

    def _too_many(self, kind: Kind, count: int) -> str:
        return (
            f"{plural(count, 'blob')} were {kind} at once, more than the {self._most_blobs:,} that can be "
            "taken back in one go; storage-tui undelete -r brings them back by their folder"
        )

    def _undo(self) -> Generator[Ask, Any, UndoResult]:
        if not self._steps:
            raise NotFoundError("there is nothing to take back")
        step = self._steps[-1]
        description = _describe(step)
        if step.why_not:
            self._steps.pop()
            one = step.left[0]
            return UndoResult(description, 0, (Refusal(one.storage_type, one.key, LASTING, description),))
        done, refusals = 0, list[Refusal]()
        while step.left:
            part = _last_part(step)
            try:
                refused = yield from _put_back(step, part)
            except (MethodNotAllowedError, ForbiddenError) as exc:  # a repeat would not help
                refused = [Refusal(one.storage_type, one.key, exc.code, exc.message) for one in part]
            except BaseException:
                step.is_retried = True
                raise
            del step.left[len(step.left) - len(part) :]
            done, refusals = done + len(part) - len(refused), refusals + refused
        if self._steps and self._steps[-1] is step:
            self._steps.pop()
        return UndoResult(description, done, tuple(refusals))


def _last_part(step: _Step) -> list[_Changed]:
    """Return the last blobs of the step that can be put back in one go: moves that do not touch each other's keys."""
    part: list[_Changed] = []
    touched: set[tuple[str, str]] = set()
    for one in reversed(step.left[-AT_ONCE:]):
        keys = {(one.storage_type, one.key)}
        if one.move is not None:
            keys.add((find_storage_type(one.move.storage_type).name, one.move.key))
        if part and (keys & touched or one.storage_type != part[0].storage_type):
            break
        part.append(one)
        touched |= keys
    return part  # the last change first


def _put_back(step: _Step, part: Sequence[_Changed]) -> Generator[Ask, Any, list[Refusal]]:
    if step.kind == "deleted":
        return (yield from _bring_back(step, part))
    if step.kind == "moved":
        return (yield from _move_back(step, part))
    if step.kind == "uploaded":
        part = yield from _with_before(step, part)
    refused = yield from _bring_back(step, [one for one in part if one.before is not None])
    return refused + (yield from _delete(step, [one for one in part if one.before is None]))


def _with_before(step: _Step, part: Sequence[_Changed]) -> Generator[Ask, Any, list[_Changed]]:
    """Return the uploads with the ETags of the blobs that they replaced, as the trash has them.

    The version of a key that went last was replaced by the upload, unless a delete took it before. Where an undo that
    was cut off has put the blob back, the upload itself went last: such a blob is left out.
    """
    keys = [one.key for one in part]
    last: dict[str, GoneBlob] = {}
    for some in [[key] for key in keys] if len(keys) <= FEW else [keys]:
        yield from _look_into_trash(some, part[0].storage_type, last)
    found: list[_Changed] = []
    for one in part:
        gone = last.get(one.key)
        if gone is not None and gone.blob.etag == one.etag and step.is_retried:
            continue
        was_replaced = gone is not None and gone.how in (OVERWRITTEN, MOVED_OVER)
        found.append(replace(one, before=gone.blob.etag if gone is not None and was_replaced else None))
    return found


def _look_into_trash(
    keys: Sequence[str], storage_type: str, last: dict[str, GoneBlob]
) -> Generator[Ask, Any, None]:  # fmt: skip
    """Note the version of each key that went last."""
    prefix = os.path.commonprefix(keys)  # noqa: RUF071  (a prefix of keys need not end at a slash)
    end, wanted = max(key.encode() for key in keys), set(keys)
    token: str | None = None
    while True:
        page: GonePage = yield partial(_list_trash, prefix, storage_type, token)
        for gone in page.blobs:
            if gone.key in wanted and (gone.key not in last or last[gone.key].gone <= gone.gone):
                last[gone.key] = gone
        token = page.next_token
        if token is None or (page.blobs and page.blobs[-1].key.encode() > end):
            return


def _list_trash(prefix: str, storage_type: str, token: str | None, storage: Any) -> Any:
    return storage.trash.list_page(prefix, storage_type, next_token=token)


def _bring_back(step: _Step, part: Sequence[_Changed]) -> Generator[Ask, Any, list[Refusal]]:
    """Bring back the blobs that were there before; where there is a blob now, only in the place of the noted one."""
    if not part:
        return []
    storage_type = part[0].storage_type
    refused: list[Refusal] = []
    targets = [
        BringBack(one.key, one.before, if_etag=one.etag if step.kind in ("written", "uploaded") else None)
        for one in part
    ]
    results: Sequence[BringBackResult] = yield lambda storage: storage.trash.bring_back_many(targets, storage_type)
    for one, result in zip(part, results, strict=True):
        if result.error is None or (step.is_retried and (yield from _is_there(one.storage_type, one.key, one.before))):
            continue
        refused.append(Refusal(one.storage_type, one.key, result.error, result.message or ""))
    return refused


def _move_back(step: _Step, part: Sequence[_Changed]) -> Generator[Ask, Any, list[Refusal]]:
    refused = [_without_etag(one) for one in part if one.etag is None]
    part = [one for one in part if one.etag is not None]
    moves = [one.move.reversed(one.etag) for one in part if one.move is not None]
    results: Sequence[MoveResult] = yield lambda storage: storage.move_many(moves)
    over: list[_Changed] = []
    for one, result in zip(part, results, strict=True):
        move = result.move
        if result.is_done or (step.is_retried and (yield from _is_there(move.target_type, move.to_key, one.etag))):
            if one.before is not None:
                over.append(one)
            continue
        refused.append(Refusal(one.storage_type, one.key, result.error or "", result.message or ""))
    return refused + (yield from _bring_back(step, over))


def _delete(step: _Step, part: Sequence[_Changed]) -> Generator[Ask, Any, list[Refusal]]:
    """Delete the blobs that were made, as long as they are still those."""
    refused = [_without_etag(one) for one in part if one.etag is None]
    targets = [(one.key, one.etag) for one in part if one.etag is not None]
    if not targets:
        return refused
    storage_type = part[0].storage_type
    results = yield lambda storage: storage.delete_many(targets, storage_type=storage_type)
    return refused + [
        Refusal(storage_type, result.key, result.error or "", result.message or "")
        for result in results
        if not result.is_deleted and not (step.is_retried and result.error == NotFoundError.code)
    ]


def _is_there(storage_type: str, key: str, etag: str | None) -> Generator[Ask, Any, bool]:
    """Return whether the blob is back already: a call that seemed lost had succeeded."""
    try:
        blob = yield lambda storage: storage.stat(key, storage_type)
    except NotFoundError:
        return False
    return blob.etag is not None and blob.etag == etag


def _without_etag(one: _Changed) -> Refusal:
    why = "the server sent no ETag, so nobody can tell whether this is still the same blob; change it by hand"
    return Refusal(one.storage_type, one.key, NO_ETAG, why)


def _describe(step: _Step) -> str:
    """Return what taking back the step does, in one sentence."""
    if step.why_not:
        return step.why_not
    one, count = step.left[-1], len(step.left)
    place = f"{one.storage_type}:{visible(one.key)}"
    if step.kind == "uploaded" and count == 1:
        return f"delete {place}, which was uploaded, or put back what it replaced"
    if step.kind == "uploaded":
        return f"delete the {_those(count)} uploaded to {one.storage_type}, and put back what they replaced"
    if step.kind == "deleted":
        if count == 1:
            return f"bring back {place}, which was deleted"
        return f"bring back the {plural(count, 'blob')} of {one.storage_type} that were deleted"
    if step.kind == "moved":
        return _describe_moved(step, place)
    made = sum(changed.before is None for changed in step.left)
    if count == 1:
        return f"delete {place}, which was made" if made else f"put back what {place} was before it was overwritten"
    parts = [f"delete the {_those(made)} made"] if made else []
    if made < count:
        parts.append(f"put back the {_those(count - made)} overwritten")
    return f"{' and '.join(parts)} in {one.storage_type}"


def _describe_moved(step: _Step, place: str) -> str:
    one, count = step.left[-1], len(step.left)
    assert one.move is not None
    over = sum(changed.before is not None for changed in step.left)
    if count == 1:
        text = f"move {place} back to {find_storage_type(one.move.storage_type).name}:{visible(one.move.key)}"
        return f"{text}, and bring back the blob that was replaced" if over else text
    text = f"move the {plural(count, 'blob')} back that were moved"
    return f"{text}, and bring back the {_those(over)} replaced" if over else text


def _those(count: int) -> str:
    return f"{plural(count, 'blob')} that {'was' if count == 1 else 'were'}"
