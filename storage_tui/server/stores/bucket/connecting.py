"""The connection to somebody else's bucket: its endpoint, the form of its addresses, its signatures."""

import re

from storage_tui.contract.errors import BadRequestError, ForbiddenError
from storage_tui.server.stores.bucket.identity import Identity, find_identity
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.refusals import explaining
from storage_tui.server.stores.s3.protocol.answers import elements, fields_of, read_answer
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.requests import Manner, MissingError, S3Engine

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")  # older buckets have capitals and `_`
_IN_A_HOST = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")  # a dot would not fit the certificate
ANSWER_BYTES = 8 * 1024 * 1024  # a list of 1,000 names of 1,024 bytes, each byte escaped, has 4 MB

_MOST_BUCKETS = 10_000


def amazon(region: str) -> str:
    """Return the endpoint of Amazon for a region."""
    return f"https://s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def connect(bucket: str, prefix: str, options: BucketOptions) -> tuple[Bucket, Identity]:
    """Return the bucket below the prefix, and the identity that asks; blocking. Raise StorageError with one line for
    settings that cannot be used. Nothing is sent to the bucket yet."""
    if not _BUCKET.fullmatch(bucket):
        raise BadRequestError(f"{bucket[:80]!a} is no name of a bucket: 3 to 63 letters, digits, dots and hyphens")
    identity = find_identity(options)
    engine = _engine(bucket, identity)
    return Bucket(engine, bucket, prefix, is_ours=False), identity


def list_buckets(options: BucketOptions) -> list[str]:
    """Return the names of the buckets of the person, in order; blocking. Raise ForbiddenError where the person may not
    list them."""
    identity = find_identity(options)
    if identity.endpoint_url is None and identity.credentials is None:
        raise ForbiddenError("Amazon S3 lists buckets to their owner only, and there are no credentials")
    engine = _engine("", identity)
    try:
        answer = read_answer(engine.call("GET", "/")[1], "ListAllMyBucketsResult")
    except MissingError as exc:
        raise BadRequestError(f"nothing of the S3 API is at {engine.endpoint}; check the endpoint") from exc
    finally:
        engine.close()
    found = (fields_of(one).get("Name", "") for group in elements(answer, "Buckets") for one in group)
    return sorted(name for name in found if _BUCKET.fullmatch(name))[:_MOST_BUCKETS]


def _engine(bucket: str, identity: Identity) -> S3Engine:
    is_amazon = identity.endpoint_url is None
    is_virtual = bool(bucket) and (identity.addressing == "virtual" or (identity.addressing == "auto" and is_amazon))
    manner = Manner(
        headers={"x-amz-request-payer": "requester"} if identity.pays else {},
        virtual_bucket=bucket if is_virtual and _IN_A_HOST.fullmatch(bucket) else "",
        endpoint_of=amazon if is_amazon else None,
        explain=explaining(bucket, identity),
        follows=True,
        answer_bytes=ANSWER_BYTES,
        obeys_proxies=True,
    )
    return S3Engine(
        identity.endpoint_url or amazon(identity.region), identity.region, identity.credentials,
        ca_bundle=identity.ca_bundle, manner=manner,
    )  # fmt: skip
