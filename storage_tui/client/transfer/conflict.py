"""What to do about a file or key that is there already."""

from enum import StrEnum


class Conflict(StrEnum):
    """Named for what is done; the values are what people type and what is kept on disk.

    `OTHER_SIZE` overwrites only what has another size, which is quick and trusts sizes. `DIFFERENT` overwrites only
    what has other bytes: the crc32c is compared, for which every local file is read.
    """

    SKIP = "skip"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    OTHER_SIZE = "resume"
    DIFFERENT = "different"
    REFUSE = "refuse"  # an error for each
