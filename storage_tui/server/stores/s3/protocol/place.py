"""The place of a store on an S3 engine, in the form that people write."""

import re
from dataclasses import dataclass
from typing import Self

from storage_tui.contract.errors import BadRequestError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_MAX_PREFIX_CHARACTERS = 200  # a longer prefix leaves less room for keys


@dataclass(frozen=True, slots=True)
class S3Place:
    """The place of a store: a bucket, the prefix of all names in it (empty, or ending with `/`), and the endpoint, by
    default Amazon's.

    With `is_direct`, clients of the server may read large blobs from the endpoint itself.
    """

    bucket: str
    root: str = ""
    endpoint: str | None = None
    is_direct: bool = False

    @classmethod
    def parse(cls, text: str, *, endpoint: str | None = None) -> Self:
        """Return the place for `s3://BUCKET` or `s3://BUCKET/PREFIX`. Raise BadRequestError for any other text."""
        scheme, _, rest = text.partition("://")
        bucket, _, prefix = rest.partition("/")
        segments = prefix.rstrip("/").split("/") if prefix.rstrip("/") else []
        if (
            scheme != "s3"
            or not _BUCKET.fullmatch(bucket)
            or not all(_SEGMENT.fullmatch(segment) for segment in segments)
            or len(prefix) > _MAX_PREFIX_CHARACTERS
        ):
            raise BadRequestError(
                f"a store on an S3 engine is s3://BUCKET or s3://BUCKET/PREFIX, the prefix of letters, digits, '.', "
                f"'_' and '-' in segments, not {text[:300]!a}"
            )
        return cls(bucket, "".join(f"{segment}/" for segment in segments), endpoint)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.root}"
