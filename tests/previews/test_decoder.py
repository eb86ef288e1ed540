"""The process that decodes: warm, limited, replaced when it dies, and no slower for what nobody waits for."""

import asyncio
import contextlib
import gc
import os
import signal
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.decoder import Decoder
from tests.previews.samples import encoded


@pytest_asyncio.fixture(loop_scope="module")
async def decoder() -> AsyncIterator[Decoder]:
    """A decoder of the test's own."""
    made = Decoder()
    yield made
    await made.close()


BLOCK = zlib.compress(bytes(32 * 1024 * 1024))
JOB = {"job": "picture", "formats": ["PNG"], "columns": 12, "rows": 8}


async def test_pixels_come_back_in_the_size_asked_for(decoder: Decoder) -> None:
    told, pixels = await decoder.decode(JOB, encoded("PNG"))
    assert (told["width"], told["height"]) == (12, 8)
    assert pixels[:3] == bytes((220, 20, 20))
    assert pixels[33:36] == bytes((20, 20, 220))


async def test_one_process_serves_many_pictures(decoder: Decoder) -> None:
    await decoder.decode(JOB, encoded("PNG"))
    first = decoder.process_id
    await decoder.decode(JOB, encoded("PNG"))
    assert decoder.process_id == first


async def test_a_decoder_that_was_killed_is_replaced(decoder: Decoder) -> None:
    await decoder.decode(JOB, encoded("PNG"))
    assert decoder.process_id is not None
    os.kill(decoder.process_id, signal.SIGKILL)
    with contextlib.suppress(PreviewError):  # raised when the job went out before the end was seen
        await decoder.decode(JOB, encoded("PNG"))
    told, _ = await decoder.decode(JOB, encoded("PNG"))
    assert told["width"] == 12


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 5, 20])
def test_an_event_loop_can_end_while_the_decoder_is_being_started(rounds: int) -> None:
    made = Decoder()

    async def leave() -> None:
        decoding = asyncio.ensure_future(made.decode(JOB, encoded("PNG")))
        for _ in range(rounds):
            await asyncio.sleep(0)
        assert not decoding.done()

    asyncio.run(leave())
    told, _ = asyncio.run(_decode_and_close(made))
    assert told["width"] == 12


async def _decode_and_close(made: Decoder) -> tuple[dict[str, Any], bytes]:
    try:
        return await made.decode(JOB, encoded("PNG"))
    finally:
        await made.close()


def test_a_decoder_goes_on_in_another_event_loop_and_leaves_nothing_open() -> None:
    """As in a notebook, or in a program that calls `asyncio.run` twice."""
    decoder = Decoder()

    async def decode(*, is_last: bool) -> int | None:
        told, _ = await decoder.decode(JOB, encoded("PNG"))
        assert told["width"] == 12
        made = decoder.process_id
        if is_last:
            await decoder.close()
        return made

    first = asyncio.run(decode(is_last=False))
    assert asyncio.run(decode(is_last=True)) != first
    gc.collect()  # a writer left open is a ResourceWarning from Python 3.13 on


async def test_the_newest_picture_goes_first(decoder: Decoder) -> None:
    await decoder.decode(JOB, encoded("PNG"))
    slow = asyncio.create_task(decoder.decode(slow_job(), BLOCK))
    await asyncio.sleep(0)
    told, _ = await decoder.decode(JOB, encoded("PNG"))
    assert told["width"] == 12
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_a_picture_that_gave_way_to_a_newer_one_is_drawn_after_it(decoder: Decoder) -> None:
    """As when a blob is opened while the pane beside the list still draws one."""
    answers = await asyncio.gather(*(decoder.decode(JOB, encoded("PNG")) for _ in range(5)))
    assert [told["width"] for told, _ in answers] == [12] * 5


async def test_a_decoder_for_another_format_does_not_see_the_bytes(decoder: Decoder) -> None:
    with pytest.raises(PreviewError, match="header cannot be read"):
        await decoder.decode(JOB | {"formats": ["JPEG"]}, encoded("PNG"))


@pytest.mark.slow
async def test_endless_work_is_ended_by_the_limit(decoder: Decoder) -> None:
    with pytest.raises(PreviewError, match=r"of work|longer than"):
        await decoder.decode(slow_job(), BLOCK)
    told, _ = await decoder.decode(JOB, encoded("PNG"))
    assert told["width"] == 12


def slow_job() -> dict[str, object]:
    """Four thousand blocks that all point at the same bytes, each 32 MiB when it is unpacked."""
    side = 64 * 4096
    return {
        "job": "raster", "columns": 128, "rows": 128,
        "level": {
            "width": side, "height": side, "block_width": 4096, "block_height": 4096, "is_tiled": True, "bands": 2,
            "bits": 8, "sample_format": 1, "byte_order": "<", "compression": 8, "predictor": 1, "is_planar": False,
            "is_reversed": False, "colours": "grey", "shown": [0], "alpha": None, "is_premultiplied": False,
            "is_inverted": False, "nodata": None, "palette": [0, 0], "turned": 1, "tags": {}, "tables": "",
            "blocks": [[index, 0, len(BLOCK)] for index in range(4096)],
        },
    }  # fmt: skip


def test_a_child_has_its_limits(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        code = 9
        try:
            from storage_tui.previews.decoding.limits import limit_this_process

            limit_this_process()
            try:
                bytearray(2 * 1024**3)
            except MemoryError:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                try:
                    with (tmp_path / "file").open("wb") as file:
                        file.write(struct.pack("B", 1))
                except OSError:
                    code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
