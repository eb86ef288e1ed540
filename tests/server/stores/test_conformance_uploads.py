"""What every Store promises of upload sessions: what was told is kept, nothing is visible before the end."""

import asyncio

import pytest

from storage_tui.contract import checksum
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConflictError,
    GoneError,
    NotFoundError,
    PreconditionFailedError,
    TypeRuleError,
)
from storage_tui.server.stores.base import Precondition
from tests.server.stores.engines import SIZES, Stage, random_bytes

MIB = 1024 * 1024
OFFSETS = (1, 1000, 256 * 1024, 3 * MIB + 5)


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
async def test_an_upload_becomes_a_blob(stage: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    crc32c = checksum.encode(checksum.extend(0, content))
    blob = await stage.upload("k", content, size_bytes=size_bytes, content_type="image/png", crc32c=crc32c)
    assert (blob.key, blob.size_bytes, blob.crc32c, blob.content_type) == ("k", size_bytes, crc32c, "image/png")
    assert await stage.store.stat(stage.at("k")) == blob
    await stage.restart()
    assert await stage.get("k") == content


async def test_an_upload_overwrites_as_a_put_does(stage: Stage) -> None:
    await stage.put("k", b"before")
    content = random_bytes(MIB)
    await stage.upload("k", content)
    assert await stage.get("k") == content
    assert (await stage.store.usage(stage.namespace, "data")).count == 1


async def test_a_new_session_is_empty_and_invisible(stage: Stage) -> None:
    session = await stage.store.create_upload(stage.at("k"), size_bytes=10, content_type="text/csv")
    assert (session.offset, session.size_bytes, session.content_type) == (0, 10, "text/csv")
    assert (session.blob, session.is_cancelled, session.address) == (None, False, stage.at("k"))
    assert await stage.store.find_upload(session.upload_id) == session
    await stage.restart()
    assert await stage.store.find_upload(session.upload_id) == session
    assert await stage.keys() == []
    assert session.upload_id != (await stage.store.create_upload(stage.at("k"))).upload_id


async def test_a_repeat_key_finds_its_session_again(stage: Stage) -> None:
    session = await stage.store.create_upload(stage.at("k"), size_bytes=3, repeat_key="r")
    await stage.restart()
    assert await stage.store.create_upload(stage.at("k"), size_bytes=3, repeat_key="r") == session
    for other in (
        stage.store.create_upload(stage.at("k"), size_bytes=4, repeat_key="r"),
        stage.store.create_upload(stage.at("k"), size_bytes=3, repeat_key="s"),
        stage.store.create_upload(stage.at("k", "tmp"), size_bytes=3, repeat_key="r"),
        stage.store.create_upload(stage.at("l"), size_bytes=3, repeat_key="r"),
        stage.store.create_upload(stage.at("k"), size_bytes=3),
    ):
        assert (await other).upload_id != session.upload_id
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(b"abc")
        blob = await writer.finish()
    again = await stage.store.create_upload(stage.at("k"), size_bytes=3, repeat_key="r")
    assert (again.upload_id, again.blob) == (session.upload_id, blob)


@pytest.mark.parametrize("offset", OFFSETS)
async def test_a_checkpoint_is_kept_and_the_upload_goes_on_after_a_restart(stage: Stage, offset: int) -> None:
    content = random_bytes(4 * MIB)
    session = await stage.store.create_upload(stage.at("k"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(content[:offset])
        assert await writer.checkpoint() == offset
        assert (await stage.store.find_upload(session.upload_id)).offset == offset
    await stage.restart()
    assert (await stage.store.find_upload(session.upload_id)).offset == offset
    assert await stage.keys() == []
    async with stage.store.write_upload(session.upload_id) as writer:
        assert writer.offset == offset
        await writer.write(content[offset:])
        blob = await writer.finish(size_bytes=len(content))
    assert blob.crc32c == checksum.encode(checksum.extend(0, content))
    assert await stage.get("k") == content


@pytest.mark.parametrize("offset", OFFSETS)
async def test_a_writer_that_is_left_keeps_what_was_written(stage: Stage, offset: int) -> None:
    content = random_bytes(4 * MIB)
    session = await stage.store.create_upload(stage.at("k"))
    with pytest.raises(ZeroDivisionError):
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(content[:offset])
            raise ZeroDivisionError
    assert (await stage.store.find_upload(session.upload_id)).offset == offset
    async with stage.store.write_upload(session.upload_id) as writer:
        assert writer.offset == offset
        await writer.write(content[offset:])
        await writer.finish()
    assert await stage.get("k") == content


@pytest.mark.parametrize("offset", OFFSETS)
async def test_a_writer_that_is_cancelled_keeps_what_was_written(stage: Stage, offset: int) -> None:
    content = random_bytes(4 * MIB)
    session = await stage.store.create_upload(stage.at("k"))
    is_waiting = asyncio.Event()

    async def write_and_wait() -> None:
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(content[:offset])
            is_waiting.set()
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(write_and_wait())
    await is_waiting.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # an impatient caller
    with pytest.raises(asyncio.CancelledError):
        await task
    async with stage.store.write_upload(session.upload_id) as writer:
        assert writer.offset == offset
        await writer.write(content[offset:])
        await writer.finish()
    assert await stage.get("k") == content


async def test_long_writes_become_durable_by_themselves(stage: Stage) -> None:
    session = await stage.store.create_upload(stage.at("k"))
    piece = random_bytes(MIB)
    async with stage.store.write_upload(session.upload_id) as writer:
        for _ in range(100):
            await writer.write(piece)
        assert (await stage.store.find_upload(session.upload_id)).offset >= 32 * MIB


async def test_restarting_a_session_drops_what_it_holds(stage: Stage) -> None:
    for content in (random_bytes(2 * MIB), b"short", b""):
        session = await stage.store.create_upload(stage.at("k"))
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(random_bytes(MIB))
        async with stage.store.write_upload(session.upload_id, restart=True) as writer:
            assert writer.offset == 0
            await writer.write(content)
            blob = await writer.finish()
        assert blob.size_bytes == len(content)
        assert await stage.get("k") == content


async def test_a_finished_session_tells_its_blob_and_takes_no_more(stage: Stage) -> None:
    blob = await stage.upload("other", b"x")
    session = await stage.store.create_upload(stage.at("k"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(b"bytes")
        blob = await writer.finish()
        for call in (writer.write(b"more"), writer.finish(), writer.checkpoint()):
            with pytest.raises(ConflictError):
                await call
    await stage.restart()
    found = await stage.store.find_upload(session.upload_id)
    assert (found.blob, found.offset) == (blob, 5)
    with pytest.raises(ConflictError):
        async with stage.store.write_upload(session.upload_id):
            pass
    await stage.store.cancel_upload(session.upload_id)
    assert await stage.get("k") == b"bytes"
    assert (await stage.store.find_upload(session.upload_id)).blob == blob


@pytest.mark.parametrize("size_bytes", [5, MIB], ids=["small", "large"])
@pytest.mark.parametrize("is_told_first", [True, False], ids=["told first", "told last"])
async def test_a_wrong_checksum_starts_the_session_over(stage: Stage, size_bytes: int, is_told_first: bool) -> None:
    content, wrong = random_bytes(size_bytes), checksum.encode(1)
    right = checksum.encode(checksum.extend(0, content))
    session = await stage.store.create_upload(stage.at("k"), crc32c=wrong if is_told_first else None)
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(content)
        with pytest.raises(ChecksumError):
            await writer.finish(crc32c=right if is_told_first else wrong)
        assert writer.offset == 0
    assert await stage.keys() == []
    assert (await stage.store.find_upload(session.upload_id)).offset == 0
    if not is_told_first:
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(content)
            await writer.finish(crc32c=right)
        assert await stage.get("k") == content


async def test_another_size_than_announced_is_refused(stage: Stage) -> None:
    session = await stage.store.create_upload(stage.at("k"), size_bytes=10)
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(b"12345")
        with pytest.raises(BadRequestError):
            await writer.finish()
        with pytest.raises(BadRequestError):
            await writer.write(b"123456")
        with pytest.raises(BadRequestError):
            await writer.finish(size_bytes=6)
        assert writer.offset == 5
        await writer.write(b"67890")
        await writer.finish()
    assert await stage.get("k") == b"1234567890"


async def test_rules_and_preconditions_are_checked_again_at_the_end(stage: Stage) -> None:
    sealed = await stage.store.create_upload(stage.at("k", "products"))
    first = await stage.store.create_upload(stage.at("k"), precondition=Precondition(if_none_match=("*",)))
    await stage.put("k", b"meanwhile", "products")
    await stage.put("k", b"meanwhile")
    for session, error in ((sealed, TypeRuleError), (first, PreconditionFailedError)):
        for size_bytes in (5, MIB):
            async with stage.store.write_upload(session.upload_id, restart=True) as writer:
                await writer.write(random_bytes(size_bytes))
                with pytest.raises(error):
                    await writer.finish()
    assert await stage.get("k", "products") == b"meanwhile"
    assert await stage.get("k") == b"meanwhile"
    await stage.store.delete(stage.at("k"))
    async with stage.store.write_upload(first.upload_id) as writer:
        assert writer.offset == MIB
        await writer.finish()
    assert (await stage.store.stat(stage.at("k"))).size_bytes == MIB


async def test_a_cancelled_session_is_over(stage: Stage) -> None:
    session = await stage.store.create_upload(stage.at("k"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(random_bytes(2 * MIB))
    await stage.store.cancel_upload(session.upload_id)
    await stage.store.cancel_upload(session.upload_id)
    found = await stage.store.find_upload(session.upload_id)
    assert (found.is_cancelled, found.offset) == (True, 0)
    with pytest.raises(CancelledError):
        async with stage.store.write_upload(session.upload_id):
            pass
    assert await stage.keys() == []


@pytest.mark.parametrize("size_bytes", [5, 2 * MIB], ids=["small", "large"])
async def test_cancelling_under_a_writer_keeps_it_from_finishing(stage: Stage, size_bytes: int) -> None:
    session = await stage.store.create_upload(stage.at("k"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(random_bytes(size_bytes))
        await stage.store.cancel_upload(session.upload_id)
        with pytest.raises(CancelledError):
            await writer.finish()
    assert await stage.keys() == []


async def test_a_session_is_kept_for_a_week(stage: Stage) -> None:
    session = await stage.store.create_upload(stage.at("k"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(random_bytes(MIB))
    stage.clock.advance(days=6, hours=23)
    await stage.store.sweep()
    assert (await stage.store.find_upload(session.upload_id)).offset == MIB
    stage.clock.advance(hours=1)
    for _ in range(2):
        with pytest.raises(GoneError):
            await stage.store.find_upload(session.upload_id)
        with pytest.raises(GoneError):
            async with stage.store.write_upload(session.upload_id):
                pass
        await stage.store.sweep()
    stage.clock.advance(days=7)
    await stage.store.sweep()
    with pytest.raises(NotFoundError):
        await stage.store.find_upload(session.upload_id)


async def test_an_unknown_session_is_not_found(stage: Stage) -> None:
    for upload_id in ("", "nope", "%", "a" * 43):
        with pytest.raises(NotFoundError):
            await stage.store.find_upload(upload_id)
        with pytest.raises(NotFoundError):
            await stage.store.cancel_upload(upload_id)
        with pytest.raises(NotFoundError):
            async with stage.store.write_upload(upload_id):
                pass


async def test_many_uploads_at_once_do_not_mix(stage: Stage) -> None:
    contents = {f"k{number}": random_bytes(number * 150_000) for number in range(20)}
    await asyncio.gather(*(stage.upload(key, content) for key, content in contents.items()))
    for key, content in contents.items():
        assert await stage.get(key) == content


async def test_an_upload_counts_its_lifetime_from_its_end(stage: Stage) -> None:
    session = await stage.store.create_upload(stage.at("k", "tmp"))
    stage.clock.advance(days=3)
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(b"x")
        blob = await writer.finish()
    assert blob.modified == stage.clock.now
    stage.clock.advance(days=6)
    assert await stage.get("k", "tmp") == b"x"


@pytest.mark.parametrize("size_bytes", [0, 1000, 300_000, 9 * MIB])
async def test_an_upload_can_be_read_back_before_its_end(stage: Stage, size_bytes: int) -> None:
    """Only an engine that has sent whole parts away cannot read them."""
    content = random_bytes(size_bytes)
    session = await stage.store.create_upload(stage.at("k"))
    for start in range(0, size_bytes, MIB):
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(content[start : start + MIB])
    async with stage.store.write_upload(session.upload_id) as writer:
        pieces = writer.kept()
        if size_bytes < stage.engine.reads_back_bytes:
            assert pieces is not None and b"".join([piece async for piece in pieces]) == content
        else:
            assert pieces is None
        assert (await writer.finish()).size_bytes == size_bytes
    assert await stage.get("k") == content


@pytest.mark.parametrize("size_bytes", [10, 300_000, 9 * MIB])
async def test_a_writer_that_starts_over_keeps_nothing(stage: Stage, size_bytes: int) -> None:
    session = await stage.store.create_upload(stage.at("k"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(random_bytes(size_bytes))
        await writer.restart()
        assert writer.offset == 0
    assert (await stage.store.find_upload(session.upload_id)).offset == 0
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(b"again")
        await writer.finish(size_bytes=5, crc32c=checksum.encode(checksum.extend(0, b"again")))
    assert await stage.get("k") == b"again"


async def test_promised_hashes_and_md5_are_kept(stage: Stage) -> None:
    promised = {"md5": b"m" * 16, "sha-256": b"s" * 32}
    crc32c, md5 = checksum.encode(checksum.extend(0, b"x")), checksum.to_text(b"m" * 16)
    for told in (None, crc32c):
        session = await stage.store.create_upload(stage.at("k"), crc32c=told, promised=promised)
        await stage.restart()
        assert (await stage.store.find_upload(session.upload_id)).promised == promised
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(b"y")
            if told is not None:
                with pytest.raises(ChecksumError):
                    await writer.finish(md5=md5)
                await writer.write(b"x")
            blob = await writer.finish(md5=md5)
        assert blob.md5 == md5
        finished = await stage.store.find_upload(session.upload_id)
        assert (finished.blob, finished.promised) == (blob, promised)
        assert (await stage.store.stat(stage.at("k"))).md5 == md5
        assert (await stage.store.copy(stage.at("k"), stage.at("l"))).md5 == md5
    assert (await stage.store.create_upload(stage.at("k"), crc32c=crc32c)).promised == {}
    assert (await stage.store.put(stage.at("k"), b"z", md5=md5)).md5 == md5
    assert (await stage.store.stat(stage.at("k"))).md5 == md5
    await stage.put("k", b"plain")
    assert (await stage.store.stat(stage.at("k"))).md5 is None
