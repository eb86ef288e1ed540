"""An object of a bucket that holds something else than it should ends neither the sweep nor what others ask for."""

from pathlib import Path

import pytest

from storage_tui.contract.errors import GoneError
from storage_tui.server.stores.s3 import sessions as s3_sessions
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.records import S3Records
from storage_tui.server.stores.s3.store import S3Store
from storage_tui.server.stores.s3.sweep import LEASE_NAME
from tests.server.stores.engines import ENGINES, Stage


def bucket_of(stage: Stage) -> Bucket:
    assert isinstance(stage.store, S3Store)
    return stage.store._bucket


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"upload_id": 5}', b"\xff", b"[" * 100_000])
async def test_a_bad_session_or_lease_is_passed_over_by_the_sweep(tmp_path: Path, content: bytes) -> None:
    stage = Stage(ENGINES["s3"], tmp_path)
    await stage.start()
    try:
        bucket = bucket_of(stage)
        bad = s3_sessions.new_id(stage.clock.now)
        bucket.put(s3_sessions.ROOT + bad, content)
        good = await stage.store.create_upload(stage.at("k"))
        async with stage.store.write_upload(good.upload_id) as writer:
            await writer.write(b"x" * 1000)
        S3Records(bucket).write(LEASE_NAME, content)
        with pytest.raises(GoneError):
            await stage.store.find_upload(bad)
        stage.clock.advance(days=8)
        await stage.store.sweep()
        assert bucket.list(s3_sessions.PIECES).objects == [], "the good one beside it was emptied"
        stage.clock.advance(days=8)
        await stage.store.sweep()
        assert bucket.list(s3_sessions.ROOT).objects == []
    finally:
        await stage.store.close()
