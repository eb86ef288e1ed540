"""The two sides of a sync: a local folder, or the blobs below a prefix of a store."""

from dataclasses import dataclass
from pathlib import Path

from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.client.sync.rules import Rules
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import BadRequestError, ConflictError, ForbiddenError, LocalFileError, TypeRuleError
from storage_tui.contract.keys import DELIMITER, Location, as_folder
from storage_tui.contract.models import ServiceInfo
from storage_tui.contract.storage_types import ALIASES, STORAGE_TYPES, find_storage_type

DELETE, WRITE = "delete", "write"  # the rights of a token, as the service description names them


@dataclass(frozen=True, slots=True)
class LocalSide:
    """A local folder; `root` is absolute."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)


@dataclass(frozen=True, slots=True)
class StoreSide:
    """The blobs below a prefix: empty, or with a slash at its end. `lead` is what people write before a key, of a place
    its URL; empty for the storage type and a colon."""

    engine: TransferEngine
    storage_type: str
    prefix: str = ""
    lead: str = ""

    def __str__(self) -> str:
        return self.spell(self.prefix)

    def spell(self, key: str) -> str:
        """Return a key of the store as people write it."""
        return f"{self.lead}{key}" if self.lead else str(Location(self.storage_type, key))


Side = LocalSide | StoreSide


def is_location(words: str) -> bool:
    """Return whether the words name a place of a store: a storage type and a colon begin them."""
    name, colon, _ = words.partition(":")
    return bool(colon) and (name in STORAGE_TYPES or name in ALIASES)


def side_of(words: str | Path, engine: TransferEngine, *, lead: str = "") -> Side:
    """Return the side that the words name: `data:maps/` is a place of the store, all else a local folder.

    `lead` is that of a side in a store.

    A local folder with such a name is written `./data:maps`, or given as a Path. Raise InvalidKeyError, and
    BadRequestError for an empty text: an unset variable of a script is not the working directory.
    """
    if isinstance(words, str) and not words.strip():
        raise BadRequestError("a side of the sync is an empty text; name a folder, such as . for the working directory")
    if isinstance(words, str) and is_location(words):
        place = as_folder(Location.parse(words))
        return StoreSide(engine, place.storage_type, place.key, lead)
    return LocalSide(Path(words).expanduser().absolute())


def check_sides(source: Side, target: Side, rules: Rules, *, moves: bool, delete: bool) -> None:
    """Raise the error for two sides that cannot be synced: before anything is read or asked for.

    BadRequestError for two local folders, ConflictError for places within each other and for a folder with the store in
    it, LocalFileError for a file in the place of a folder, TypeRuleError for deletes where nothing is deleted.
    """
    if isinstance(source, LocalSide) and isinstance(target, LocalSide):
        raise BadRequestError(
            f"{str(source)!a} and {str(target)!a} are both local folders; write one side as a place of the store, such "
            "as data:maps/"
        )
    for side, other in ((source, target), (target, source)):
        if isinstance(side, LocalSide):
            assert isinstance(other, StoreSide)
            if side.root.exists() and not side.root.is_dir():
                way = "get and put move single files"
                raise LocalFileError(f"{str(side)!a} is a file, and a sync is of folders; {way}")
            _check_apart(side.root, other.engine, rules)
    if isinstance(source, StoreSide) and isinstance(target, StoreSide):
        _check_no_overlap(source, target)
    if moves and delete and isinstance(target, StoreSide):
        row = find_storage_type(target.storage_type)
        if not row.may_delete:
            raise TypeRuleError(f"nothing is deleted from {row.name} by a sync: {row.way_out}; leave out --delete")


def check_rights(target: StoreSide, info: ServiceInfo, *, delete: bool) -> None:
    """Raise ForbiddenError when the token has no right to write or delete at the target."""
    scope = info.token
    wanted = [WRITE, *([DELETE] if delete else [])]
    missing = [verb for verb in wanted if scope.verbs and verb not in scope.verbs]
    if missing:
        raise ForbiddenError(f"your token has no right to {missing[0]} in {target.storage_type}; nothing was changed")


def _check_apart(root: Path, engine: TransferEngine, rules: Rules) -> None:
    if not isinstance(engine.server, EmbeddedServer):
        return
    data, folder = engine.server.data_dir.resolve(), root.resolve()
    if folder == data or data in folder.parents:
        raise ConflictError(f"{str(root)!a} is within the data directory of the store; choose another folder")
    if folder in data.parents:
        inner = data.relative_to(folder).as_posix() + DELIMITER
        parts = inner.split(DELIMITER)
        if not any(rules.leaves_out(DELIMITER.join(parts[:count]) + DELIMITER) for count in range(1, len(parts))):
            raise ConflictError(
                f"{str(root)!a} holds the data directory of the store, {str(data)!a}; leave it out with "
                f"--exclude /{inner}"
            )


def _check_no_overlap(source: StoreSide, target: StoreSide) -> None:
    is_same_server = source.engine is target.engine or source.engine.display_url == target.engine.display_url
    if is_same_server and source.storage_type == target.storage_type:
        if source.prefix == target.prefix:
            raise ConflictError(f"{source} is both sides; name two places")
        if source.prefix.startswith(target.prefix) or target.prefix.startswith(source.prefix):
            raise ConflictError(f"{source} and {target} lie within each other; name two places apart")
