"""Buckets that other tools made: moto's server in a thread of this process, boto3, and names that are awkward."""

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from storage_tui.server.stores.base import Address
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.store import BucketStore
from tests import seaweed
from tests.server.stores.engines import whole

ENVIRONMENT = {
    **seaweed.ACCESS,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
}

SEGMENTS = (
    "a", "a-b", "a.b", "A", "0", "..", ".", "...", ".hidden", " ", "a b", "+", "a+b", "%", "%2F", "%252F", "?", "#",
    "&", "=", "*", "[a]", "{a}", "<a>", '"', "'", "`", "\\", "|", "^", "~", "!", "$", "@", ":", ";", ",", "(a)",
    "caf\u00e9", "cafe\u0301", "\U0001f5fa", "\u4e16\u754c", "\u202ea", "\u200b", "\ufeff", "\u00a0", "\ufffd",
    "\x01", "\x1b[31m", "\t", "\n", "\r\n", "\x7f", "\x85", "x" * 250, "-rf", "nul", "a\u2028b",
    "a.", "-", "_", "a  b", "\u0430", "\u00df", "\U0001f1e6\U0001f1f9", "a\u200db", "\ue000", "\u0660", "A B.tif",
    "CON", "n" * 100 + ".tif", "a\u0308", "%00", "0x", "1e9", "a;b", "a=b",
)  # fmt: skip
NAMES = tuple(dict.fromkeys((
    *SEGMENTS, *(f"d/{one}" for one in SEGMENTS), *(f"{one}/k" for one in SEGMENTS),
    "/", "//", "///", "/a", "//a", "a/", "a//", "a//b", "a/b", "a/b/", "a/b/c", "g/", "g/g", "both", "both/", "both/x",
    "../up", "../../up", "a/../b", "a/./b", "./a", "a/..", "trailing/../", "\u00e9" * 500, "y" * 1024,
)))  # fmt: skip


@cache
def endpoint() -> str:
    """The endpoint of the one moto server of this test process."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def client(url: str) -> Any:
    """A boto3 client at an endpoint."""
    return boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id=seaweed.ACCESS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=seaweed.ACCESS["AWS_SECRET_ACCESS_KEY"], config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip


def new_bucket(url: str, **how: Any) -> str:
    """A new bucket at an endpoint."""
    name = f"test-{secrets.token_hex(6)}"
    client(url).create_bucket(Bucket=name, **how)
    return name


@asynccontextmanager
async def opened(
    url: str, bucket: str, path: Path, *, prefix: str = "", is_writable: bool = True, **options: Any
) -> AsyncIterator[BucketStore]:
    """A started store over a bucket."""
    store = BucketStore.at(
        bucket, prefix, BucketOptions(endpoint_url=url, **options), is_writable=is_writable, state_dir=path
    )
    await store.start()
    try:
        yield store
    finally:
        await store.close()


def at(key: str) -> Address:
    """The address of a key; a bucket has one storage type and no namespaces."""
    return Address("", "data", key)


def listed(client: Any, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
    """All objects as boto3 lists them."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [found for page in pages for found in page.get("Contents", [])]


async def content_of(store: BucketStore, key: str) -> bytes:
    """The bytes of a blob."""
    async with store.open(at(key)) as reader:
        return await whole(reader)


async def keys_of(store: BucketStore, *, limit: int = 1000, prefix: str = "") -> list[str]:
    """All keys, page by page."""
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await store.list_page("", "data", prefix=prefix, after=after, limit=limit)
        assert len(page.blobs) <= limit
        found += [blob.key for blob in page.blobs]
        after = page.next_token
    return found
