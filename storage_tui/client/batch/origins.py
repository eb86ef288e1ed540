"""What is to be moved or copied on the server: blobs and whole folders, and the places that refuse it beforehand.

A key has no folder of its own, so a folder moves key by key. Whatever would make that wrong is refused before the first
key: a folder into itself or where it is, two origins over each other, and a folder above into a folder of its name.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from storage_tui.client.moves import check_may_move
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.errors import BadRequestError, ConflictError
from storage_tui.contract.keys import DELIMITER, Location, check_name, check_name_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import find_storage_type

IsEmpty = Callable[[str, str], bool]  # storage type, prefix -> whether no blob is below it


@dataclass(frozen=True, slots=True)
class Origin:
    """A blob, or with `is_folder` all blobs whose keys begin with `key`, that is to be moved or copied.

    `base` is the beginning of the keys that does not move along: what follows it is put after the target. For a blob
    that gets exactly the target as its key, `base` is the whole key. `etag` and `size_bytes` are those of a blob, where
    they are known; with an `etag` only this version is moved.
    """

    storage_type: str
    key: str
    is_folder: bool = False
    base: str = ""
    etag: str | None = None
    size_bytes: int | None = None

    @classmethod
    def of(cls, blob: Blob, *, base: str) -> "Origin":
        """Return the origin for a blob that was listed, in the version that was listed."""
        return cls(blob.storage_type, blob.key, base=base, etag=blob.etag, size_bytes=blob.size_bytes)

    def target(self, into: str) -> str:
        """Return the key, or the prefix of the keys, at the target `into`."""
        return into + self.key[len(self.base) :]

    def __str__(self) -> str:
        return str(Location(self.storage_type, self.key))


def check_origins(
    origins: Iterable[Origin], target: Location, *, is_move: bool, conflict: Conflict, is_empty: IsEmpty,
    is_apart: bool = False,
) -> list[Origin]:  # fmt: skip
    """Return the origins without repetitions. Raise what refuses them all, before anything is moved. `is_apart`: the
    target is in another store.

    Raise TypeRuleError for a type that nothing is moved out of, BadRequestError for a folder into itself or for origins
    in each other's way, ConflictError for a folder that is moved up where a folder of its name is below it, and
    InvalidKeyError for what no name can begin with.
    """
    to_type = "" if is_apart else find_storage_type(target.storage_type).name  # no type of this store is the target
    check_name_prefix(target.key)
    found = [*dict.fromkeys(origins)]
    verb = "moved" if is_move else "copied"
    for origin in found:
        name = find_storage_type(origin.storage_type).name
        if not origin.key.startswith(origin.base):
            raise BadRequestError(f"{origin} does not begin with {origin.base!r}")
        if is_move:
            check_may_move(name, None if origin.is_folder else origin.key)
        if not origin.is_folder:
            check_name(origin.key)
        elif name == to_type:
            _check_folder(origin, origin.target(target.key), verb, is_empty)
    if len(found) > 1:
        _check_together(found, target, to_type, is_move=is_move, conflict=conflict)
    return found


def _check_folder(origin: Origin, to: str, verb: str, is_empty: IsEmpty) -> None:
    if to == origin.key:
        raise BadRequestError(f"{origin} cannot be {verb} into itself: it is there already; name another target")
    if to.startswith(origin.key):
        raise BadRequestError(f"{origin} cannot be {verb} into itself; name a target outside of it")
    rest = origin.key[len(to) :]
    if origin.key.startswith(to) and not is_empty(origin.storage_type, origin.key + rest):
        inner = Location(origin.storage_type, origin.key + rest)
        raise ConflictError(
            f"{origin} cannot be {verb} up to {Location(origin.storage_type, to)}: {inner} would come where {origin} "
            f"is; move {inner} elsewhere first",
            key=origin.key,
        )


def _check_together(
    found: Sequence[Origin], target: Location, to_type: str, *, is_move: bool, conflict: Conflict
) -> None:
    folders = {(origin.storage_type, origin.key): origin for origin in found if origin.is_folder}
    goals: dict[str, list[Origin]] = {}
    for origin in found:
        to = origin.target(target.key)
        if is_move:
            for prefix in _above(origin.key, is_folder=origin.is_folder):
                outer = folders.get((origin.storage_type, prefix))
                if outer is not None and outer != origin:
                    raise BadRequestError(f"{origin} is in {outer}, which is moved too; name only one of them")
            for prefix in (*_above(to, is_folder=origin.is_folder), to):
                outer = folders.get((to_type, prefix))
                if outer is not None and outer != origin:
                    raise BadRequestError(f"{origin} would be moved into {outer}, which is moved too; do one at a time")
        if to in goals and conflict is Conflict.OVERWRITE:
            raise BadRequestError(
                f"{goals[to][0]} and {origin} would overwrite each other at {Location(target.storage_type, to)}; do "
                "one at a time"
            )
        goals.setdefault(to, []).append(origin)
    for origin in found if is_move or conflict is Conflict.OVERWRITE else ():
        _check_goals(origin, goals, target, to_type, is_move=is_move, conflict=conflict)


def _check_goals(
    origin: Origin, goals: dict[str, list[Origin]], target: Location, to_type: str, *, is_move: bool, conflict: Conflict
) -> None:
    def others(prefixes: Iterable[str]) -> Iterator[Origin]:
        for prefix in prefixes:
            yield from (other for other in goals.get(prefix, ()) if other.is_folder and other != origin)

    to = origin.target(target.key)
    other = next(others(_above(to, is_folder=origin.is_folder)), None)
    if other is not None and conflict is Conflict.OVERWRITE:
        raise BadRequestError(
            f"{other} and {origin} may overwrite each other at {Location(target.storage_type, to)}; do one at a time"
        )
    if not is_move or origin.storage_type != to_type:
        return
    other = next(others((*_above(origin.key, is_folder=origin.is_folder), origin.key)), None)
    if other is not None:
        raise BadRequestError(f"{other} would be moved into {origin}, which is moved too; do one at a time")


def _above(key: str, *, is_folder: bool) -> Iterator[str]:
    """Yield the prefixes of all folders that a key or a folder is in, the whole type first."""
    yield ""
    place = key.find(DELIMITER)
    while place != -1 and place < len(key) - is_folder:
        yield key[: place + 1]
        place = key.find(DELIMITER, place + 1)
