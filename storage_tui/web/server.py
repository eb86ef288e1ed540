"""WebServer: one process of the program a page over a web socket, with downloads and uploads beside it."""

import asyncio
import errno
import html
import logging
import secrets
import shlex
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import Template

from aiohttp import WSCloseCode, web
from aiohttp.http_exceptions import HttpProcessingError
from textual_serve import server as textual_server

from storage_tui.client.storage import Storage
from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.machine.directories import WEB_VARIABLE
from storage_tui.web import page_transfers as moving
from storage_tui.web.guard import Guard, Handler
from storage_tui.web.page_program import END_S, PageProgram

PAGES = Path(__file__).parent / "page"
STATIC = Path(textual_server.__file__).parent / "static"
TOKEN_BYTES = 32
HEARTBEAT_S = 15.0  # a page that answers no ping for this long is gone
CLOSE_S = 2.0  # for a page to answer that it closes
SIZES = (("width", 80), ("height", 24))  # until the page says how large it is


class WebServer(textual_server.Server):
    """Serves `command`, the program as in a terminal, on the loopback address."""

    def __init__(self, command: Sequence[str], storage: Storage, *, port: int = 0, end_s: float = END_S) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self._token = secrets.token_urlsafe(TOKEN_BYTES)
        self._storage = storage
        self._end_s = end_s  # for each program to quit
        bound = self._socket.getsockname()[1]
        super().__init__(f"exec {shlex.join(command)}", host="127.0.0.1", port=bound, title="storage-tui")
        self._guard = Guard(self._token, bound)
        self._open: dict[asyncio.Task[object], web.WebSocketResponse] = {}  # by the task that serves the page
        self.on_page: Callable[[], object] = lambda: None  # called when the page is asked for

    @property
    def link(self) -> str:
        """Return the address to open. Anyone who has the address uses the store as you do."""
        return f"http://127.0.0.1:{self.port}/{self._token}/"

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables by which the program knows the page around it."""
        return {WEB_VARIABLE: self.link, "TERM": "xterm-256color", "COLORTERM": "truecolor"}

    async def run(self, on_ready: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM, then end the programs."""
        logging.getLogger("textual-serve").addHandler(logging.NullHandler())
        _log_defects()
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=2)
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            on_ready(self.link)
            await ended.wait()
        finally:
            await runner.cleanup()

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard.middleware(), _told])
        app.on_response_prepare.append(self._guard.sign)
        app.on_shutdown.append(self._close_pages)
        base = f"/{self._token}"
        app.add_routes([
            web.get(f"{base}/", self._index),
            web.get(f"{base}/ws", self._socket_of_page),
            web.get(f"{base}/send/{{to:.*}}", self._send),
            web.get(f"{base}/blob/{{name:.+}}", self._download),
            web.put(f"{base}/blob/{{name:.+}}", self._upload),
            web.static(f"{base}/static", STATIC),
            web.static(f"{base}/page", PAGES),
        ])  # fmt: skip
        return app

    async def _index(self, request: web.Request) -> web.Response:
        self.on_page()
        return _page("index.html", base=f"/{self._token}", socket=f"ws://{request.host}/{self._token}/ws")

    async def _socket_of_page(self, request: web.Request) -> web.StreamResponse:
        page = web.WebSocketResponse(heartbeat=HEARTBEAT_S, timeout=CLOSE_S)
        if not page.can_prepare(request):
            raise BadRequestError("this is the web socket of the page; it is opened by the page")
        await page.prepare(request)

        async def close() -> None:
            await page.close()

        program = PageProgram(
            self.command, write_bytes=page.send_bytes, write_str=page.send_str, close=close,
            download_manager=self.download_manager, end_s=self._end_s,
        )  # fmt: skip
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = page
        try:
            columns, rows = (textual_server.to_int(request.query.get(name, ""), size) for name, size in SIZES)
            await program.start(columns, rows)
            await self._process_messages(page, program)
        except ConnectionError:
            pass  # the page has gone
        except (AssertionError, AttributeError, LookupError, TypeError, ValueError):  # how textual-serve reads messages
            await page.close(code=WSCloseCode.INVALID_TEXT)
        finally:
            await program.stop()
            del self._open[task]
        return page

    async def _close_pages(self, _: web.Application) -> None:
        """Close every page, and wait until each program has ended: a loop that is closed cannot."""
        pages = dict(self._open)
        await asyncio.gather(*(page.close(code=WSCloseCode.GOING_AWAY) for page in pages.values()))
        if pages:
            await asyncio.wait(pages)

    async def _send(self, request: web.Request) -> web.Response:
        to = Location.parse(request.match_info["to"])
        return _page("send.html", base=f"/{self._token}", to=str(to), type=to.storage_type, prefix=to.key)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return await moving.download(request, self._storage)

    async def _upload(self, request: web.Request) -> web.Response:
        return await moving.upload(request, self._storage)


class _Drawn(logging.Formatter):
    """Escapes what a terminal would obey, because the lines repeat parts of a request."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(visible, super().format(record).splitlines()))


def _log_defects() -> None:
    """Log errors in requests to standard error, except requests that are not HTTP, which are their sender's fault, and
    pages that have gone before their answer."""
    quiet = (HttpProcessingError, ConnectionError)
    handler = logging.StreamHandler()
    handler.setFormatter(_Drawn())
    handler.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], quiet)))
    log = logging.getLogger("aiohttp")
    log.handlers, log.propagate = [handler], False


@web.middleware
async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a StorageError with its status and message, as the Storage API does; answer 404 for a file name that is
    too long."""
    try:
        return await handler(request)
    except StorageError as exc:
        return web.Response(status=exc.status, text=f"{exc.message}\n")
    except OSError as exc:
        if exc.errno != errno.ENAMETOOLONG:
            raise
        return web.Response(status=404, text="there is no such page\n")


def _page(name: str, **values: str) -> web.Response:
    text = Template((PAGES / name).read_text("utf-8"))
    filled = text.substitute({key: html.escape(value) for key, value in values.items()})
    return web.Response(text=filled, content_type="text/html")
