"""The result of a delete."""

from dataclasses import dataclass, field

from storage_tui.contract.models import Blob, DeleteResult

OVERWRITTEN, NOT_THERE = "precondition_failed", "not_found"


@dataclass(slots=True)
class Outcome:
    """The numbers of blobs deleted, kept because they were overwritten, and failed, out of `count`.

    `gone` has storage type and key of each blob that is gone, by this delete or before.
    """

    count: int
    deleted: int = 0
    gone: set[tuple[str, str]] = field(default_factory=set)
    kept: list[DeleteResult] = field(default_factory=list)
    failed: list[Blob] = field(default_factory=list)
    by_us: list[Blob] = field(default_factory=list)  # deleted by this delete

    def take(self, blob: Blob, result: DeleteResult) -> None:
        """Count one answer."""
        if result.is_deleted or result.error == NOT_THERE:
            self.deleted += result.is_deleted
            self.by_us += [blob] * result.is_deleted
            self.gone.add((blob.storage_type, blob.key))
        elif result.error == OVERWRITTEN:
            self.kept.append(result)
        else:
            self.failed.append(blob)
