"""Every fault point of every operation of a local store, one forked process each.

    LD_PRELOAD=calls.so python -m tests.promises.fault_driver FOLDER OPERATION HOW [HOW...]

HOW is `kill` (at the call, before it is made), `killed-after` (once it is made), or the name of an errno that the call
fails with. A store is prepared once; for each N a copy of it goes through the operation whose Nth change to the disk
goes wrong. Another process then opens the copy and looks at what is there. A line of JSON is printed for
each, after a first one about the store before, and the operation with nothing going wrong.
"""

import asyncio
import ctypes
import errno
import json
import os
import shutil
import sys
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage_tui.contract import checksum
from storage_tui.contract.errors import StorageError
from storage_tui.contract.moves import Move
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.local.store import LocalStore
from tests.server.stores.engines import Clock, whole

NAMESPACE = "d" * 40
LARGE = 200_000
HOW = {"kill": 0, "killed-after": 1}
Act = Callable[[LocalStore, dict[str, Any]], Awaitable[object]]

calls = ctypes.CDLL(None)  # where the library put before libc is found, in the driver's own processes


@dataclass(frozen=True)
class Operation:
    """What is done under the faults; `later_hours` pass before it. It may end in the state before it or after it,
    or, where it changes several keys, with any of them changed."""

    act: Act
    later_hours: float = 0
    prepare: Act | None = None  # what it begins from beside what all begin from
    is_start: bool = False  # the start of the store itself is what is tried
    is_single: bool = True  # one change: all of it or nothing


def at(key: str, storage_type: str = "data") -> Address:
    return Address(NAMESPACE, storage_type, key)


def content(key: str, size_bytes: int = LARGE) -> bytes:
    return (f"{key}|".encode() * size_bytes)[:size_bytes]


async def prepare(store: LocalStore) -> dict[str, Any]:
    """The store that all operations begin from; returns the ids of its open upload sessions."""
    await store.put(at("small"), content("small", 100))
    await store.put(at("large"), content("large"))
    await store.put(at("other"), content("other"))
    await store.put(at("doomed", "tmp"), content("doomed"))
    await store.put(at("garbage"), content("garbage"))
    await store.delete(at("garbage"))
    begun = {}
    for name in ("resumed", "cancelled"):
        session = await store.create_upload(at(name))
        async with store.write_upload(session.upload_id) as writer:
            await writer.write(content(name))
            await writer.checkpoint()
        begun[name] = session.upload_id
    return begun


async def upload(store: LocalStore, _: dict[str, Any]) -> None:
    session = await store.create_upload(at("large"), precondition=Precondition(if_match=("*",)))
    async with store.write_upload(session.upload_id) as writer:
        await writer.write(content("new"))
        await writer.checkpoint()
        await writer.write(content("new"))
        await writer.finish()


async def resume(store: LocalStore, begun: dict[str, Any]) -> None:
    async with store.write_upload(begun["resumed"]) as writer:
        assert writer.offset == LARGE
        await writer.write(content("more"))
        await writer.finish()


QUANTUM = 1024 * 1024  # parts of the true size make each of a hundred copies slow
PARTS = (Span(0, QUANTUM), Span(QUANTUM, QUANTUM + LARGE))


def quantum_of(_: int) -> int:
    return QUANTUM


def content_of_parts() -> bytes:
    size_bytes = PARTS[-1].stop
    return (b"parts|" * (size_bytes // 6 + 1))[:size_bytes]


async def write_part(store: LocalStore, upload_id: str, part: Span, stop: int) -> None:
    async with store.write_part(upload_id, part) as writer:
        if writer.offset < stop:
            await writer.write(content_of_parts()[writer.offset : stop])
        assert await writer.checkpoint() == stop


async def begin_parts(store: LocalStore, begun: dict[str, Any]) -> None:
    first, last = PARTS
    session = await store.create_upload(at("parts"), size_bytes=last.stop)
    await write_part(store, session.upload_id, first, first.stop - LARGE)
    begun["parts"] = session.upload_id


async def end_parts(store: LocalStore, begun: dict[str, Any]) -> None:
    """Write what is missing of the parts, beside each other, and join them."""
    upload_id = begun["parts"]
    offset = (await store.find_upload(upload_id)).offset
    missing = [write_part(store, upload_id, part, part.stop) for part in PARTS if part.start >= offset]
    for result in await asyncio.gather(*missing, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
    value = content_of_parts()
    async with store.write_upload(upload_id) as writer:
        assert writer.offset == len(value)
        await writer.finish(size_bytes=len(value), crc32c=checksum.encode(checksum.extend(0, value)))


async def pack(store: LocalStore, _: dict[str, Any]) -> None:
    """Several blobs at once, as the server stores those of a pack."""
    puts = (("small", b"new"), ("fresh", b"new"), ("large", content("new")), ("new", content("new")))
    done = await asyncio.gather(*(store.put(at(key), value) for key, value in puts), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result


async def nothing(_: LocalStore, __: dict[str, Any]) -> None:
    return


OPERATIONS = {
    "put small": Operation(lambda store, _: store.put(at("small"), b"new")),
    "put large": Operation(lambda store, _: store.put(at("large"), content("new"))),
    "put new": Operation(lambda store, _: store.put(at("new"), content("new"))),
    "pack": Operation(pack, is_single=False),
    "upload": Operation(upload),
    "resume": Operation(resume),
    "parts": Operation(end_parts, prepare=begin_parts),
    "copy": Operation(lambda store, _: store.copy(at("large"), at("other"))),
    "copy small": Operation(lambda store, _: store.copy(at("small"), at("other"))),
    "move": Operation(lambda store, _: store.move(at("large"), at("other"))),
    "move over": Operation(lambda store, _: store.move(at("small"), at("large"))),
    "move many": Operation(  # in one transaction
        lambda store, _: store.move_many(
            NAMESPACE, [Move("large", "large", "data", "result"), Move("small", "large"), Move("none", "small")]
        )
    ),
    "delete": Operation(lambda store, _: store.delete(at("large"))),
    "delete many": Operation(
        lambda store, _: store.delete_many(NAMESPACE, "data", [("small", None), ("large", None), ("none", None)]),
        is_single=False,
    ),
    "cancel": Operation(lambda store, begun: store.cancel_upload(begun["cancelled"])),
    "sweep": Operation(lambda store, _: store.sweep(), later_hours=24 * 7 + 2, is_single=False),
    "start": Operation(nothing, is_start=True),
}


def clock_after(hours: float) -> Clock:
    clock = Clock()
    clock.advance(hours=hours)
    return clock


async def act(folder: Path, operation: Operation, begun: dict[str, Any], n: int, how: int) -> dict[str, Any]:
    """The operation with its Nth call going wrong; what came of it, as its caller saw it."""
    store = LocalStore(folder, clock=clock_after(operation.later_hours), reserve_bytes=0, quantum_of=quantum_of)
    outcome: dict[str, Any] = {"error": None}
    is_started = False
    if operation.is_start:
        calls.calls_arm(os.fsencode(folder), n, how)
    try:
        await store.start()
        is_started = True
        if not operation.is_start:
            calls.calls_arm(os.fsencode(folder), n, how)
        await operation.act(store, begun)
    except StorageError as exc:
        outcome["error"] = exc.message
    outcome["calls"] = calls.calls_disarm()
    calls.calls_log.restype = ctypes.c_char_p
    outcome["log"] = calls.calls_log().decode().splitlines()
    if is_started:
        outcome["state"] = await read_all(store)  # a store that met a fault still reads
        with suppress(StorageError):
            await store.close()
    return outcome


async def read_all(store: LocalStore) -> dict[str, str]:
    """Every blob there is, read to its end: a size and a beginning by type and key."""
    found = {}
    for storage_type in ("data", "tmp"):
        page = await store.list_page(NAMESPACE, storage_type, limit=1000)
        for blob in page.blobs:
            async with store.open(at(blob.key, storage_type)) as reader:
                bytes_read = await whole(reader)
            found[f"{storage_type}:{blob.key}"] = f"{len(bytes_read)} {bytes_read[:8].decode()}"
    return found


async def look(folder: Path, operation: Operation, begun: dict[str, Any]) -> dict[str, Any]:
    """What is in the store when it is opened again without faults, and whether it goes on working."""
    store = LocalStore(folder, clock=clock_after(operation.later_hours), reserve_bytes=0, quantum_of=quantum_of)
    await store.start()
    state = await read_all(store)
    offsets = {}
    for name, upload_id in begun.items():
        with suppress(StorageError):
            session = await store.find_upload(upload_id)
            offsets[name] = -1 if session.is_cancelled else session.offset
    if "parts" in begun and "data:parts" not in state:  # each part goes on after what the store says it has
        await end_parts(store, begun)
    await store.put(at("afterwards"), content("afterwards"))
    await store.sweep()
    after = await read_all(store)
    if "parts" in begun:
        async with store.open(at("parts")) as reader:
            assert await whole(reader) == content_of_parts()
    await store.close()
    assert after.pop("data:afterwards") == f"{LARGE} afterwar"
    left = sorted(path.name for path in (folder / "uploads").iterdir())
    return {"state": state, "offsets": offsets, "parts": len(left)}


async def peek(folder: Path) -> dict[str, Any]:
    store = LocalStore(folder, clock=Clock(), reserve_bytes=0, quantum_of=quantum_of)
    await store.start()
    state = await read_all(store)
    await store.close()
    return {"state": state}


def forked(work: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """The result of the work, done in a process of its own, or `{"killed": True}`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            result = json.dumps(asyncio.run(work()))  # type: ignore[arg-type]
            with os.fdopen(writing, "w") as pipe:
                pipe.write(result)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -9:
        return {"killed": True}
    if code != 0:
        raise SystemExit(f"the child ended with {code}")
    answer: dict[str, Any] = json.loads(text)
    return answer


def main(folder: Path, name: str, hows: list[str]) -> None:
    operation = OPERATIONS[name]
    template = folder / "template"

    async def make() -> dict[str, Any]:
        store = LocalStore(template, clock=Clock(), reserve_bytes=0, quantum_of=quantum_of)
        await store.start()
        begun = await prepare(store)
        if operation.prepare is not None:
            await operation.prepare(store, begun)
        await store.close()
        return begun

    begun = forked(make)

    def attempt(n: int, how: int) -> dict[str, Any]:
        copy = folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(template, copy)
        outcome = forked(lambda: act(copy, operation, begun, n, how))
        return {"outcome": outcome, "found": forked(lambda: look(copy, operation, begun))}

    clean = attempt(0, 0)
    print(json.dumps({"before": forked(lambda: peek(template))["state"], "clean": clean}), flush=True)
    for how in hows:
        for n in range(1, clean["outcome"]["calls"] + 1):
            number = HOW[how] if how in HOW else getattr(errno, how)
            print(json.dumps({"n": n, "how": how, **attempt(n, number)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
