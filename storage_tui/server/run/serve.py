"""`storage-tui serve`: start and stop of the store, the application and the listener together."""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.places import PlaceOptions, parse_place
from storage_tui.contract.storage_types import DEFAULT
from storage_tui.contract.visible import one_line
from storage_tui.contract.wire import BASE_PATH
from storage_tui.machine import directories
from storage_tui.server.access.control import AccessControl, open_access
from storage_tui.server.access.jwks import IdentityProvider
from storage_tui.server.access.keyring import Keyring
from storage_tui.server.app import RequestBounds, StorageApi
from storage_tui.server.limits.clients import UNLIMITED, ClientBounds
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.run.engine import Engine, open_engine, open_local, open_place
from storage_tui.server.run.listener import Listener, ListenerBounds, listen_tcp, listen_unix, url_of
from storage_tui.server.run.logs import bound_log, start_log
from storage_tui.server.run.old_places import keep_from_removal, remove_old
from storage_tui.server.run.operating import PLAIN, Operating
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.s3.protocol.place import S3Place
from storage_tui.server.stores.watched_record import refresh_all

if TYPE_CHECKING:
    from storage_tui.server.run.embedded import Household

M_MMAP_THRESHOLD = -3  # from malloc.h of glibc
LARGE_BLOCK_BYTES = 128 * 1024  # its first value; glibc alone raises it to the largest block that was ever freed

log = logging.getLogger("storage_tui.server")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one server: each with its reason where the bound is kept."""

    sweep_s: float = 60.0  # between two removals of what has expired, which no call returns any more
    follow_s: float = 2.0  # a revoked token still works for so long, and for the time of a short read
    listener: ListenerBounds = field(default_factory=ListenerBounds)
    requests: RequestBounds = field(default_factory=RequestBounds)


DEFAULTS = Bounds()


def serve(
    *,
    place: Path | S3Place,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    public_url: str | None = None,
    provider: IdentityProvider | None = None,
    operating: Operating = PLAIN,
    kept_for: timedelta | None = None,
    bounds: Bounds = DEFAULTS,
) -> None:
    """Serve the data directory or bucket at `place` over TCP until SIGTERM or SIGINT; a second signal hurries the end.

    `on_ready` is called with the base URL once requests are answered; port 0 picks a free port. `public_url` is the
    address under which clients reach this server, when the address is another one, such as behind a proxy. Tokens of
    the `provider` are accepted besides our own. `kept_for` is how long deleted and overwritten blobs can be brought
    back: zero for none, None for a day in a data directory and none on a bucket. `bounds` are the values that the
    documentation names, but for tests.
    Raise StorageError with one clear line when the directory or the address cannot be used.
    """
    start_log(operating.log_format)
    if bounds.requests.clients == UNLIMITED:
        most = ClientBounds.of(bounds.listener.most_connections(), per_address=operating.per_address)
        bounds = replace(bounds, requests=replace(bounds.requests, clients=most))
    if operating.tls is not None:
        operating.tls.check()
    if isinstance(place, S3Place):
        _return_memory_early()
    listening = listen_tcp(host, port)
    url = url_of(listening, "http" if operating.tls is None else "https") + BASE_PATH
    with contextlib.closing(listening):
        asyncio.run(
            run(
                open_engine(place, owner_note={"url": url}, kept_for=kept_for),
                listen=lambda _: listening,
                on_ready=lambda: on_ready(url),
                public_url=public_url,
                provider=provider,
                operating=operating,
                bounds=bounds,
            )
        )


def serve_embedded(*, data_dir: Path, kept_for: timedelta | None = None, bounds: Bounds = DEFAULTS) -> None:
    """Serve the data directory on the UNIX socket of this user until the last client has left. `kept_for` is as for
    `serve`."""
    from storage_tui.server.run.embedded import Household

    start_log()
    household = Household(data_dir, directories.runtime_dir(data_dir))
    household.prepare()
    _serve_household(
        household, open_local(data_dir, owner_note={"socket": str(household.socket)}, kept_for=kept_for), bounds
    )


def serve_place(argument: str, *, bounds: Bounds = DEFAULTS) -> None:
    """Serve a bucket or a folder as it is, on a UNIX socket of this user, until the last client has left. `argument` is
    that of `PlaceAccess.argument`, which the client gives. Raise StorageError."""
    from storage_tui.server.run.embedded import Household
    from storage_tui.server.stores.local.lock import Lock

    start_log()
    try:
        told = json.loads(argument)
        place, options = parse_place(told["url"]), PlaceOptions.from_json(told["options"])
        runtime, state = Path(told["runtime"]), Path(told["state"])
    except (ValueError, KeyError, TypeError) as exc:
        raise BadRequestError("this is not the description of a place") from exc
    if place is None:
        raise BadRequestError("this is not a place")
    household = Household(runtime, runtime, types=tuple(options.types) or (DEFAULT,))
    household.prepare()
    try:
        lock = Lock.take(runtime)
    except StorageError as exc:
        if household.is_lost_race(exc):
            return
        raise
    lock.note({"socket": str(household.socket)})
    try:
        engine = open_place(place, options, state)
        remove_old(state.parent, runtime.parent, now=time.time(), spared=(state, runtime))
        _serve_household(household, engine, bounds, on_refresh=partial(keep_from_removal, state))
    finally:
        lock.release()


def _serve_household(
    household: "Household", engine: Engine, bounds: Bounds, *, on_refresh: Callable[[], None] = lambda: None
) -> None:
    def refresh(access: AccessControl) -> None:
        household.renew_token(access)
        on_refresh()

    def listen(keyring: Keyring) -> socket.socket:
        household.write_token(keyring)
        return listen_unix(household.socket)

    try:
        asyncio.run(
            run(
                engine,
                listen=listen,
                on_ready=lambda: None,
                operating=Operating(shows_keys=True),  # only its own user uses this log
                on_refresh=refresh,
                until=partial(household.wait_until_empty, is_outdated=partial(_may_write_again, engine.store)),
                on_close=household.remove_socket,
                bounds=bounds,
            )
        )
    except StorageError as exc:
        if household.is_lost_race(exc):
            return
        raise


def _return_memory_early() -> None:
    """Make the allocator of glibc return the memory of each large block as soon as the block is free.

    On a bucket, many threads allocate and free parts of uploads, and otherwise the process keeps much of their memory:
    220 MB were measured instead of 131 MB. This takes 13 % more processor time. Do nothing with another allocator.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def _may_write_again(store: Store) -> bool:
    return isinstance(store, LocalStore) and store.may_write_again


def leave() -> NoReturn:
    """End the process successfully after `serve` or `serve_embedded`, without the finalisation of Python.

    Threads of the listener whose connections were cut may still hold objects of the interpreter. When the interpreter
    is finalised, that aborts the process. Nothing is lost: the engine is closed, and all answered changes are durable.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    logging.shutdown()
    os._exit(0)


async def run(
    engine: Engine,
    *,
    listen: Callable[[Keyring], socket.socket],
    on_ready: Callable[[], None],
    public_url: str | None = None,
    provider: IdentityProvider | None = None,
    operating: Operating = PLAIN,
    on_refresh: Callable[[AccessControl], None] = lambda _: None,
    until: Callable[[StorageApi], Awaitable[None]] | None = None,
    on_close: Callable[[], None] = lambda: None,
    bounds: Bounds = DEFAULTS,
) -> None:
    """Own the engine, listen, and serve until a signal arrives or `until` returns.

    `listen` is called for the socket only when the engine is ours; `on_close` is called while the engine is still ours.
    `on_refresh` is called each time the records that servers share were read again.
    """
    store = engine.store
    await store.start()
    access_log = None
    try:
        access_log = operating.open_access_log()
        access = await asyncio.to_thread(open_access, engine.records, provider)
        app = StorageApi(
            store, access, public_url=public_url, metrics_token=operating.metrics_token,
            shows_keys=operating.shows_keys, observers=() if access_log is None else (access_log.note,),
            bounds=bounds.requests, place=engine.place, proxies=operating.proxies,
        )  # fmt: skip
        stop, hurry = asyncio.Event(), asyncio.Event()
        tasks = [
            asyncio.ensure_future(_sweep(store, app, every_s=bounds.sweep_s)),
            asyncio.ensure_future(_follow(access, app, on_refresh, every_s=bounds.follow_s)),
        ]
        if until is not None:
            tasks.append(asyncio.ensure_future(_stop_after(until(app), stop)))
        listener = Listener(
            app, listen(access.keyring), tls=operating.tls, notice_s=operating.notice_s, bounds=bounds.listener,
            most_of_address=bounds.requests.clients.address_connections, proxies=operating.proxies,
        )  # fmt: skip
        _obey_signals(stop, hurry, partial(_renew, listener))
        try:
            serving = asyncio.ensure_future(listener.run(stop=stop, hurry=hurry))
            on_ready()
            await serving
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await app.close()
            on_close()
    finally:
        await store.close()
        if access_log is not None:
            await asyncio.to_thread(access_log.stop)


def _renew(listener: Listener) -> None:
    try:
        listener.renew()
    except StorageError as exc:
        log.error("the certificate stays as it was: %s", one_line(exc.message))


def _obey_signals(stop: asyncio.Event, hurry: asyncio.Event, renew: Callable[[], None]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # the program around us handles signals

    def end() -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, renew)


async def _sweep(store: Store, app: StorageApi, *, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        bound_log()
        expired: int | None = None
        try:
            expired = await store.sweep()
            await app.catalog.sweep()
        except StorageError as exc:
            log.error("sweep: %s", one_line(exc.message))
        except Exception as exc:  # a defect here must not end all later sweeps
            log.error("sweep: %s", type(exc).__name__)
        app.metrics.note_sweep(expired)


async def _follow(
    access: AccessControl, app: StorageApi, on_refresh: Callable[[AccessControl], None], *, every_s: float
) -> None:
    """Notice changes that other servers and the command line make in the records: revoked tokens, keys, limits.

    The records are read in a separate thread, so that no request delays the read. A change is noticed after `every_s`
    seconds plus the time of three short reads, whatever users do. At worst, on a bucket whose engine hangs, the reads
    take three times its deadline. A request under way then ends at its next piece; work in a thread, such as a search,
    continues to its end.
    """
    watch = Lane("watch", 1)
    try:
        while True:
            await asyncio.sleep(every_s)
            reading = asyncio.ensure_future(watch.run("", refresh_all, access.watched))
            try:
                await asyncio.shield(reading)
            except asyncio.CancelledError:
                await asyncio.wait((reading,))  # the engine must not close during the read
                raise
            app.cut_revoked()
            on_refresh(access)
    finally:
        watch.close()


async def _stop_after(ending: Awaitable[None], stop: asyncio.Event) -> None:
    try:
        await ending
    finally:
        stop.set()
