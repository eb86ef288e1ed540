"""The messages between the agent and its clients: one JSON object a line, in ASCII, with a limit to its length.

The agent greets a client with `{"agent": PROTOCOL, "program": VERSION, "pid": PID}`. The client answers with
`{"token": TOKEN, "program": VERSION}`. Every later line of the client is a request `{"op": NAME, …}`, which the agent
answers with one line: `{…}`, or `{"error": TEXT}`. Greeting, token and the request `retire` stay as they are in every
later protocol, so that any two versions can part.
"""

import json
import socket
from contextlib import suppress
from typing import Any

from storage_tui.contract.errors import StorageError

PROTOCOL = 1
FRAME_BYTES = 8 * 1024 * 1024  # of one message: a thousand files with the longest names
PIECE_BYTES = 1024 * 1024  # a sender of many files begins another message at this length
READ_BYTES = 256 * 1024


class AgentError(StorageError):
    """The agent cannot be used; the message says why and what to do."""

    code = "no_transfer_agent"


class AgentLostError(AgentError):
    """The connection broke, or the agent ends; what was handed over goes on, or is in the journal. Ask again."""


class Frames:
    """A connected socket that carries messages."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._read = bytearray()
        self._seen = 0  # of the bytes read, those without a line end

    def send(self, message: dict[str, Any]) -> None:
        """Send a message. Raise OSError when the other side is gone, AgentError for a message that is too long."""
        raw = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
        if len(raw) > FRAME_BYTES:
            raise AgentError(f"a message of {len(raw):,} bytes is too long for the transfer agent")
        self._socket.sendall(raw)

    def receive(self) -> dict[str, Any] | None:
        """Return the next message; None at the end of the connection.

        Raise OSError when the connection breaks, AgentError for anything that is not a message.
        """
        while (end := self._read.find(b"\n", self._seen)) < 0:
            self._seen = len(self._read)
            if self._seen > FRAME_BYTES:
                raise AgentError("the other side of the agent's socket sends no messages")
            chunk = self._socket.recv(READ_BYTES)
            if not chunk:
                return None
            self._read += chunk
        raw = bytes(self._read[:end])
        del self._read[: end + 1]
        self._seen = 0
        try:
            message = json.loads(raw)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise AgentError("the other side of the agent's socket sends no messages")
        return message

    def end_requests(self) -> None:
        """Receive nothing more: a thread that waits in `receive` ends, and what it answers is still sent."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Close the socket; a thread that waits in `receive` ends."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
