"""The choices for a file or key that exists already."""

from enum import StrEnum


class Conflict(StrEnum):
    """What to do about a file or key that exists. People type the values, and files on disk hold them.

    `OTHER_SIZE` overwrites only a target of another size, which is quick and trusts sizes. `DIFFERENT` overwrites only
    a target with other bytes: it compares the crc32c and reads every local file for this. `REFUSE` is an error.
    """

    SKIP = "skip"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    OTHER_SIZE = "resume"
    DIFFERENT = "different"
    REFUSE = "refuse"  # an error for each existing file or key
