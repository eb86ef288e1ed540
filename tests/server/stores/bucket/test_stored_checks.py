"""Checksums that an engine has stored of whole objects, compared with the bytes as they arrive."""

import hashlib
import zlib
from base64 import b64encode
from typing import Any

import pytest

from storage_tui.contract.errors import DamagedError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.s3.protocol import stored_checks
from storage_tui.server.stores.s3.protocol.stored_checks import PYTHON_BYTES, comparison, crc64nvme, whole_checks
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at, content_of
from tests.server.stores.engines import random_bytes


def test_crc64nvme_is_that_of_the_catalogue() -> None:
    # "123456789" in the catalogue of parametrised CRC algorithms, CRC-64/NVME
    assert crc64nvme(b"123456789") == 0xAE8B14860A799888
    assert crc64nvme(b"6789", crc64nvme(b"12345")) == 0xAE8B14860A799888
    assert crc64nvme(b"") == 0


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({"x-amz-checksum-sha256": b64encode(bytes(32)).decode()}, ["sha256"]),
        ({"x-amz-checksum-sha256": b64encode(bytes(32)).decode() + "-2"}, []),
        ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "COMPOSITE"}, []),
        ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "FULL_OBJECT"}, ["crc32"]),
        ({"x-amz-checksum-crc64nvme": "AAAAAA=="}, []),
        ({"x-amz-checksum-sha1": "\u00e9!", "x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}, ["crc64nvme"]),
    ],
)
def test_only_checksums_of_the_whole_are_taken(told: dict[str, str], names: list[str]) -> None:
    assert [*whole_checks(told)] == names


def test_a_slow_sum_is_compared_of_small_objects_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_checks, "_fast_crc64", lambda: None)
    checks = {"crc64nvme": "AAAAAAAAAAA="}
    assert comparison(checks, PYTHON_BYTES) is not None
    assert comparison(checks, PYTHON_BYTES + 1) is None


SUMS = {
    "SHA256": lambda content: hashlib.sha256(content).digest(),
    "SHA1": lambda content: hashlib.sha1(content).digest(),
    "CRC32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
}


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("size_bytes", [1000, 700_000])
async def test_a_whole_read_is_compared(
    empty: BucketStore, bucket: str, name: str, size_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = random_bytes(size_bytes)
    told = {f"Checksum{name}": b64encode(SUMS[name](content)).decode()}
    amazon.client(amazon.endpoint()).put_object(Bucket=bucket, Key="k", Body=content, **told)
    assert await content_of(empty, "k") == content
    damaged: dict[str, Any] = {name.lower(): b64encode(SUMS[name](b"other")).decode()}
    monkeypatch.setattr("storage_tui.server.stores.s3.protocol.bucket.whole_checks", lambda _: damaged)
    with pytest.raises(DamagedError, match=f"their {name.lower()} is"):
        await content_of(empty, "k")
    async with empty.open(at("k")) as reader:  # a part is compared with nothing
        assert b"".join([piece async for piece in reader.chunks(Span(0, 10))]) == content[:10]
