"""Opening an S3 engine: the place it is given as, the credentials of the environment, the engine on a bucket."""

import re
from dataclasses import dataclass
from typing import Any, Self

from storage_tui.contract.errors import BadRequestError, UnavailableError
from storage_tui.server.stores.s3_bucket import Bucket
from storage_tui.server.stores.s3_engine import S3Engine

DEFAULT_REGION = "us-east-1"  # what engines other than Amazon's expect

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_MAX_PREFIX_CHARACTERS = 200  # the longer it is the shorter keys have to be


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket and what the names in it begin with: empty, or ending with `/`."""

    bucket: str
    root: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `s3://BUCKET` or `s3://BUCKET/PREFIX`; raises BadRequestError."""
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
        return cls(bucket, "".join(f"{segment}/" for segment in segments))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.root}"


def open_bucket(place: S3Place, *, endpoint: str | None = None) -> Bucket:
    """The bucket at an endpoint, by default Amazon's of the region. Region and credentials come from where AWS programs
    have them: environment, shared files, the role of the machine. Never from the command line, which others can read.

    Raises UnavailableError when there are no credentials, or the extra `s3` is not installed.
    """
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError as exc:
        raise UnavailableError(
            "a store on an S3 engine needs more packages; install them with: pip install 'storage-tui[s3]'"
        ) from exc
    try:
        session: Any = Session()
        credentials = session.get_credentials()
        region = session.get_config_variable("region") or DEFAULT_REGION
        ca_bundle = session.get_config_variable("ca_bundle")
    except BotoCoreError as exc:
        raise UnavailableError(f"the AWS settings cannot be used: {exc}") from exc
    if credentials is None:
        raise UnavailableError(
            "no credentials for the S3 engine: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    url = endpoint or f"https://s3.{region}.amazonaws.com"
    engine = S3Engine(url, region, credentials.get_frozen_credentials, ca_bundle=ca_bundle)
    return Bucket(engine, place.bucket, place.root)
