"""The choices for a file or key that exists already, as the questions before transfers offer them."""

from storage_tui.client.transfer.conflict import Conflict

CONFLICTS: tuple[tuple[Conflict, str], ...] = (
    (Conflict.SKIP, "skip"),
    (Conflict.OVERWRITE, "overwrite"),
    (Conflict.RENAME, "keep both"),
    (Conflict.DIFFERENT, "overwrite if different"),
    (Conflict.OTHER_SIZE, "overwrite if other size"),
)
