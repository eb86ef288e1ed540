"""A Storage API server that wishes its users ill: every text it sends is meant for the terminal, not for the reader."""

import io
import json
import zipfile
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

import numpy as np

from tests.faults.answering import AnsweringServer

MARK = "OWNED"  # what a payload would write, where a terminal obeyed it
PAYLOADS = (
    f"\x1b]0;{MARK}\x07", f"\x1b]52;c;{MARK}\x07", f"\x1b]8;;http://x/{MARK}\x1b\\link", f"\x1bP1$t{MARK}\x1b\\",
    f"\x1b_G{MARK}\x1b\\", "\x1b[6666z", "\x1b[2J", "\x1bc", "\x1b(0", "\x9b6666z", f"\x9d0;{MARK}\x9c", "\x07\x08\x7f",
    "\r\n\x0b\x0c\x85\u2028", "\u202e\u2066\u200b\u2060\ufeff", "\U000e0041", "[bold]m[/bold]", "[/nope]",
    "[@click=app.quit]x[/]", "{x!r}", "%s%n",
)  # fmt: skip
ALL = "".join(PAYLOADS)
STEMS = [*PAYLOADS, "plain"]


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number, payload in enumerate(PAYLOADS):
            archive.writestr(f"{number}{payload}".replace("\x00", ""), payload)
    return made.getvalue()


def _npy() -> bytes:
    made = io.BytesIO()
    np.save(made, np.array(PAYLOADS))
    return made.getvalue()


CONTENTS = {
    "text.txt": ALL.encode(),
    "lines.log": "\n".join(PAYLOADS).encode(),
    "latin.txt": ALL.encode("utf-8", "replace").decode("latin-1").encode("latin-1"),
    "data.json": json.dumps({payload: payload for payload in PAYLOADS}, ensure_ascii=False).encode(),
    "lines.jsonl": "\n".join(json.dumps({"a": payload}) for payload in PAYLOADS).encode(),
    "table.csv": ("a," + ",".join(f'"{payload}"' for payload in PAYLOADS)).encode() + b"\n1,2\n",
    "shape.geojson": json.dumps(
        {"type": "Feature", "properties": {ALL: ALL}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    ).encode(),
    "shape.wkt": b"POINT (1 2)" + ALL.encode(),
    "page.md": ("# " + ALL).encode(),
    "page.html": f"<title>{ALL}</title>{ALL}".encode(),
    "code.py": f"def f():\n    '''{ALL}'''\n".encode(),
    "many.zip": _zip(),
    "array.npy": _npy(),
    "object.pickle": b"\x80\x04\x8c\x04\x1b]0;\x8c\x07\x1b[6666z\x93.",
    "doc.pdf": b"%PDF-1.4\n1 0 obj<</Title(\x1b]0;OWNED\x07)>>endobj\ntrailer<</Info 1 0 R>>\n%%EOF",
    "any.bin": bytes(range(256)) * 4,
}


class HostileServer(AnsweringServer):
    """Answers every call of the browser: the calls that read with what they expect, all others with a refusal."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        path = urlsplit(handler.path).path
        self.asked.append(f"{handler.command} {path}")
        handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        steps = path.removeprefix("/storage/v1").strip("/").split("/", 2)
        if steps == [""]:
            return self._json(
                handler, {"service": ALL, "version": ALL, "features": FEATURES, "limits": {}, "types": {}}
            )
        verb = steps[1] if len(steps) > 1 else ""
        if verb == "list" and steps[0] == "data":
            return self._json(handler, {"blobs": [_blob(key) for key in keys()], "prefixes": [f"{ALL}/"]})
        if verb == "usage" and steps[0] == "data":
            children = [{"prefix": f"{payload}/", "count": 1, "size": 1} for payload in PAYLOADS]
            return self._json(handler, {"prefix": "", "count": 1, "size": 1, "children": children})
        if verb == "get" and handler.command in ("GET", "HEAD"):
            return self._content(handler, CONTENTS.get(unquote(steps[2]), ALL.encode()))
        return self._send(handler, 403, ALL.encode(), {"Content-Type": "text/plain", "X-Error-Code": "no[/nope]"})

    def _content(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        start, stop, status = 0, len(content), 200
        headers = {"ETag": '"[/nope]"', "Content-Type": "text/plain; charset=[/nope]", "Accept-Ranges": "bytes"}
        wanted = handler.headers.get("Range", "")
        if wanted.startswith("bytes=") and content:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            if first:
                start, stop = int(first), min(int(last) + 1 if last else stop, stop)
            else:
                start = max(0, stop - int(last))
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        self._send(handler, status, content[start:stop], headers)

    def _json(self, handler: BaseHTTPRequestHandler, raw: object) -> None:
        self._send(handler, 200, json.dumps(raw).encode(), {"Content-Type": "application/json"})

    def _send(self, handler: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str]) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


FEATURES = ["details", "delimiter", "usage", "range", "copy", "delete-batch", "set"]


def keys() -> list[str]:
    """The keys it lists, in byte order."""
    return sorted([*CONTENTS, *(f"{stem}.txt" for stem in STEMS)], key=lambda key: key.encode())


def _blob(key: str) -> dict[str, object]:
    size = len(CONTENTS.get(key, ALL.encode()))
    return {
        "key": key,
        "size": size,
        "etag": ALL,
        "crc32c": ALL,
        "content_type": ALL,
        "modified": None,
        "expires": None,
    }
