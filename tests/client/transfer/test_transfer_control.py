"""Transfers that are cancelled and paused: at once, and with nothing left under the name."""

from pathlib import Path

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import (
    CancelledError,
)
from tests.client.moving import in_thread, only
from tests.faults.proxy import Fault, FaultProxy

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_cancel_ends_a_stalled_transfer_at_once(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, content: bytes, is_up: bool
) -> None:
    storage.set("k", content)
    target = source.with_name("target")
    proxy.default = Fault(stall_up=6_000_000, stall_down=6_000_000)
    control = TransferControl()
    if is_up:
        done = in_thread(lambda: behind.set_file("new", source, control=control))
    else:
        done = in_thread(lambda: behind.get_file("k", target, control=control))
    proxy.stalled.get(timeout=30)
    control.cancel()
    with pytest.raises(CancelledError):
        done()
    proxy.release()
    assert only(source.parent, "source") and not storage.exists("new")


@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_pause_lets_go_of_the_connection_and_resume_goes_on(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, content: bytes, is_up: bool
) -> None:
    storage.set("k", content)
    target = source.with_name("target")
    proxy.faults.append(Fault(stall_up=6_000_000, stall_down=6_000_000))
    control = TransferControl()
    if is_up:
        done = in_thread(lambda: behind.set_file("k", source, control=control))
    else:
        done = in_thread(lambda: behind.get_file("k", target, control=control))
    proxy.stalled.get(timeout=30)
    connections = proxy.connections
    control.pause()
    proxy.release()
    control.unpause()
    done()
    assert (storage.get("k") if is_up else target.read_bytes()) == content
    assert proxy.connections > connections and control.phase == "verified"


def test_what_is_cancelled_before_it_starts_sends_nothing(behind: Storage, proxy: FaultProxy, source: Path) -> None:
    control = TransferControl()
    control.cancel()
    with pytest.raises(CancelledError):
        behind.set_file("k", source, control=control)
    with pytest.raises(CancelledError):
        behind.get_file("k", source.with_name("t"), control=control)
    assert proxy.connections == 0


async def test_cancelling_the_task_cancels_the_transfer(
    proxy: FaultProxy, storage: Storage, token: str, source: Path
) -> None:
    import asyncio

    proxy.default = Fault(stall_up=6_000_000)
    async with AsyncStorage(proxy.url, token=token) as client:
        task = asyncio.create_task(client.set_file("k", source))
        await asyncio.to_thread(proxy.stalled.get, timeout=30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    proxy.release()
    assert not await asyncio.to_thread(storage.exists, "k")
