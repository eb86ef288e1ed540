"""The storage types of the Storage API and the rules of each, as one table."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from storage_tui.contract.errors import UnknownStorageTypeError

DEFAULT = "data"


@dataclass(frozen=True)
class StorageType:
    """One row of the table: a storage type and the calls that it allows.

    `expires_after` counts from the moment when a blob was written; with None a blob is kept until it is deleted.
    `way_out` is the advice for a type that does not allow overwriting or deleting: how to reach the same goal.
    """

    name: str
    summary: str
    expires_after: timedelta | None = None
    may_overwrite: bool = True
    may_delete: bool = True
    way_out: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON object of the service description; durations are in seconds."""
        return {
            "name": self.name,
            "summary": self.summary,
            "expires_after_s": None if self.expires_after is None else int(self.expires_after.total_seconds()),
            "may_overwrite": self.may_overwrite,
            "may_delete": self.may_delete,
            "way_out": self.way_out,
        }


STORAGE_TYPES: dict[str, StorageType] = {
    row.name: row
    for row in (
        StorageType("data", "kept until deleted"),
        StorageType("tmp", "expires 7 days after it was written", expires_after=timedelta(days=7)),
        StorageType(
            "products",
            "upload only",
            may_overwrite=False,
            may_delete=False,
            way_out="upload under a new key, or remove the image with Image.delete() of the catalog, and a blob of no "
            "image with storage-tui rm",
        ),
        StorageType("result", "results of tasks"),
        StorageType("logs", "logs of tasks"),
    )
}

ALIASES = {"log": "logs"}  # the user guide's prose says "log"; all code says "logs"


def find_storage_type(name: str) -> StorageType:
    """Return the row of a storage type by its name or alias; raise UnknownStorageTypeError, which lists the names."""
    row = STORAGE_TYPES.get(ALIASES.get(name, name)) if isinstance(name, str) else None
    if row is None:
        raise UnknownStorageTypeError(f"unknown storage type {name!a:.60}; use one of {', '.join(STORAGE_TYPES)}")
    return row
