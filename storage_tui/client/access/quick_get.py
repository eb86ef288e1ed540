"""One GET to the embedded server, for callers that need an answer before a client is loaded.

This module loads almost nothing. It returns None in every unclear case; the caller then uses the full client.
"""

import os
from _socket import AF_UNIX, SOCK_STREAM, socket  # the C part of the module socket, which loads faster

DEADLINE_S = 0.25  # after this time the client itself is almost loaded
ANSWER_BYTES = 4 * 1024 * 1024  # a page of 1000 keys of the greatest length fits
TOKEN_BYTES = 16 * 1024


def quick_get(runtime: str, target: str) -> tuple[dict[str, str], bytes] | None:
    """Return headers (names in lower case) and body of a 200 answer from the server with its socket in `runtime`.

    Return None when the server does not run, answers with another status, or does not answer in a quarter of a second.
    """
    try:
        directory = os.stat(runtime)
        if directory.st_uid != os.getuid() or directory.st_mode & 0o077:
            return None  # others could have put their socket there
        with open(os.path.join(runtime, "token"), "rb") as file:
            token = file.read(TOKEN_BYTES).decode("ascii").strip()
        answer = _exchange(
            os.path.join(runtime, "socket"),
            f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
        )
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if status.split(" ")[1] != "200" or len(body) != int(headers.get("content-length", -1)):
            return None
        return headers, body
    except (OSError, ValueError, IndexError):
        return None


def _exchange(path: str, request: str) -> bytes:
    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.settimeout(DEADLINE_S)
        connection.connect(path)
        connection.sendall(request.encode("ascii"))
        answer = bytearray()
        while chunk := connection.recv(256 * 1024):
            answer += chunk
            if len(answer) > ANSWER_BYTES:
                raise ValueError("the answer is too long for a first look")
    finally:
        connection.close()
    return bytes(answer)
