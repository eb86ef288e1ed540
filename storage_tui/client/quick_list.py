"""The first page of the embedded store's list with the standard library alone, for what wants it at once.

The client proper takes longer to load than its server to answer. Whoever shows a list before that asks here; every
doubt is answered with None, and the client then does it properly.
"""

import json
import socket
from pathlib import Path
from urllib.parse import urlencode

from storage_tui import places
from storage_tui.client.secret_files import read_secret_file
from storage_tui.contract import wire
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.models import Page

DEADLINE_S = 0.25  # later than this the client itself is nearly there
ANSWER_BYTES = 4 * 1024 * 1024  # a page of 1000 of the longest keys fits


def peek_page(data_dir: Path, location: Location, *, limit: int) -> Page | None:
    """Blobs and folders at `location` as the running embedded server of `data_dir` tells them; None when it does not
    run, or does not answer within a quarter of a second."""
    runtime = places.runtime_dir(data_dir.expanduser().absolute())
    try:
        token = read_secret_file(runtime / "token")
        if token is None:
            return None
        query = urlencode({"prefix": location.key, "delimiter": DELIMITER, "limit": limit, "details": "true"})
        head, body = _exchange(
            runtime / "socket",
            f"GET {wire.BASE_PATH}/{location.storage_type}/{wire.LIST}?{query} HTTP/1.1\r\n"
            f"Host: localhost\r\nAuthorization: Bearer {token.strip()}\r\nConnection: close\r\n\r\n",
        )
        status, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if status.split(" ")[1] != "200" or len(body) != int(headers.get("content-length", -1)):
            return None
        return Page.from_json(json.loads(body), location.storage_type, headers.get(wire.NEXT.lower()))
    except (OSError, ValueError, IndexError, StorageError):
        return None


def _exchange(path: Path, request: str) -> tuple[str, bytes]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(DEADLINE_S)
        connection.connect(str(path))
        connection.sendall(request.encode("ascii"))
        answer = bytearray()
        while chunk := connection.recv(256 * 1024):
            answer += chunk
            if len(answer) > ANSWER_BYTES:
                raise ValueError("the answer is too long for a first look")
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    return head.decode("latin-1"), body
