"""Servers for the engine on the web: nginx and Python's own over a folder, and one whose every answer a test gives."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.faults.answering import AnsweringServer
from tests.wanted import program

NGINX = """
daemon off; pid {work}/pid; error_log {work}/errors; worker_processes 1; master_process off;
events {{ worker_connections 64; }}
http {{
  access_log {work}/access; default_type application/octet-stream; types {{ text/html html; }}
  client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c; uwsgi_temp_path {work}/d;
  scgi_temp_path {work}/e;
  server {{
    listen 127.0.0.1:{port}; autoindex on; root {root};
    location /rounded/ {{ alias {root}/; autoindex_exact_size off; autoindex_localtime on; }}
    location /json/ {{ alias {root}/; autoindex_format json; }}
    location /moved/ {{ return 301 /; }}
  }}
}}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def python_server(root: Path) -> Iterator[str]:
    """Python's own server over a folder, which knows no ranges; yields the URL of its top."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def nginx(root: Path, work: Path) -> Iterator[str]:
    """nginx over a folder, below `/` as HTML, below `/json/` as JSON; yields the URL of its top."""
    path = program("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    work.mkdir()
    (work / "conf").write_text(NGINX.format(work=work, root=root, port=port))
    process = subprocess.Popen(
        [path, "-c", str(work / "conf"), "-e", str(work / "errors")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None and time.monotonic() < end, (work / "errors").read_text()
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(30)


Answering = Callable[[BaseHTTPRequestHandler], None]


class Site(AnsweringServer):
    """Answers as the test says, and notes each request as its method, path and Range."""

    def __init__(self, answer: Answering) -> None:
        super().__init__("/")
        self._answer = answer
        self.asked: list[str] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(f"{handler.command} {handler.path} {handler.headers.get('Range', '')}".strip())
        self._answer(handler)


def send(handler: BaseHTTPRequestHandler, content: bytes, status: int = 200, **headers: str) -> None:
    """Send one answer; `content_type` and others are headers."""
    handler.send_response(status)
    for name, value in {"content_type": "text/html", "content_length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content)


def send_file(handler: BaseHTTPRequestHandler, content: bytes, etag: str = '"1"', **headers: str) -> None:
    """Send a file, or the range of it that was asked for."""
    wanted = handler.headers.get("Range", "")
    if wanted and handler.headers.get("If-Range", etag) == etag:
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last) + 1, len(content))
        headers = {"content_range": f"bytes {start}-{stop - 1}/{len(content)}", **headers}
        return send(handler, content[start:stop], 206, etag=etag, **headers)
    return send(handler, content, etag=etag, **headers)


def links(*hrefs: str) -> bytes:
    """A page of links."""
    return "\n".join(f'<a href="{href}">x</a>' for href in hrefs).encode()
