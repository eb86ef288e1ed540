"""`AgentLink`: the connection of a program to the transfer agent of this user, which is started where needed.

Every method blocks, and raises AgentError with one line for people when the agent cannot be used.
"""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from storage_tui.client.access.runtime_folder import make_runtime, without_secrets
from storage_tui.client.access.token_files import read_token_file
from storage_tui.client.agent import stores
from storage_tui.client.agent.frames import PIECE_BYTES, PROTOCOL, AgentError, AgentLostError, Frames
from storage_tui.client.agent.handed import Fields
from storage_tui.client.agent.items import fields_of
from storage_tui.client.agent.place import LOG_BYTES, AgentPlace
from storage_tui.client.agent.snapshots import FileSnapshot, News, State, file_of, news_of
from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.requests import one_line
from storage_tui.contract.errors import CredentialsError, StorageError
from storage_tui.machine import interpreters
from storage_tui.machine.private_files import open_private
from storage_tui.machine.version import __version__

START_S = 15.0  # a cold start takes less than a second
POLL_S = 0.02
ANSWER_S = 60.0  # for an answer: the journal of a long job is written to a slow disk
_NONE: Mapping[int, int] = {}
MODULE = "storage_tui.client.agent.process"


class AgentLink:
    """An open connection; one request at a time. `retired` says that an agent of another version was replaced."""

    def __init__(self, frames: Frames, connection: socket.socket, pid: int) -> None:
        self._frames, self._socket = frames, connection
        self._lock = threading.Lock()
        self.pid = pid
        self.retired = ""

    @classmethod
    def join(cls, place: AgentPlace | None = None) -> "Self | None":
        """Return a connection to the agent that runs; None where none runs. An agent of another version is none."""
        return cls._joined(place or AgentPlace.here(), START_S)[0]

    @classmethod
    def open(cls, place: AgentPlace | None = None, *, start_s: float = START_S) -> Self:
        """Return a connection to the agent, which is started where none runs; wait at most `start_s` for an answer."""
        place = place or AgentPlace.here()
        deadline = time.monotonic() + start_s
        child: subprocess.Popen[bytes] | None = None
        retired = ""
        while True:
            link, told = cls._joined(place, start_s)
            retired = retired or told
            if link is not None:
                link.retired = retired
                return link
            if time.monotonic() > deadline:
                note = place.note()
                if place.is_alive():
                    who = note.get("pid", "unknown")
                    raise AgentError(f"the transfer agent (process {who}) does not answer; end it with: kill {who}")
                raise AgentError(f"the transfer agent did not start within {start_s:.0f} s{_last_words(place)}")
            if child is None and not place.is_alive():
                child = _start(place)
            elif child is not None and child.poll() is not None:
                if child.returncode != 0:
                    raise AgentError(f"the transfer agent cannot be started{_last_words(place)}")
                child = None  # another process started an agent first, which will answer soon
            time.sleep(POLL_S)

    @classmethod
    def _joined(cls, place: AgentPlace, wait_s: float) -> "tuple[Self | None, str]":
        """Return a connection, and what to tell about an agent of another version that was asked to go."""
        there = place.found()
        try:
            token = read_token_file(there.token)
        except CredentialsError as exc:
            raise AgentError(exc.message) from exc
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(wait_s)
        try:
            connection.connect(str(there.socket))
            frames = Frames(connection)
            greeting = frames.receive()
            if greeting is None or not token:
                connection.close()
                return None, ""
            frames.send({"token": token, "program": __version__})
            answer = frames.receive()
            if answer is None or "error" in answer:
                raise AgentError((answer or {}).get("error") or "the transfer agent ended")
            version, pid = str(greeting.get("program", "unknown")), greeting.get("pid")
            protocol = greeting.get("agent")
            if isinstance(protocol, int) and protocol > PROTOCOL:
                raise AgentError(
                    f"the transfer agent (process {pid}) is of the newer storage-tui {version:.40}; update this program"
                )
            if protocol != PROTOCOL or _is_older(version):
                frames.send({"op": "retire"})
                frames.receive()
                connection.close()
                return None, (
                    f"the transfer agent of storage-tui {version:.40} finishes what it has; a new one takes the rest"
                )
        except TimeoutError:
            connection.close()
            return None, ""
        except OSError:  # nobody listens: none runs, or its socket is left over
            connection.close()
            return None, ""
        except AgentError:
            connection.close()
            raise
        connection.settimeout(ANSWER_S)
        return cls(frames, connection, int(pid) if isinstance(pid, int) else 0), ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave; the transfers go on."""
        self._frames.close()

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send a request and return the answer. Raise AgentError, also for a request that the agent refuses."""
        with self._lock:
            try:
                self._frames.send({"op": op, **fields})
                answer = self._frames.receive()
            except OSError as exc:
                raise AgentLostError(f"the transfer agent does not answer: {exc.strerror or exc}") from exc
        if answer is None:
            raise AgentLostError("the transfer agent has ended; what it had goes on at the next start")
        if "error" in answer:
            kind = AgentLostError if answer.get("is_ending") else AgentError
            raise kind(str(answer["error"]))
        return answer

    def add(self, store: Fields, items: Iterable[BatchItem], *, name: str = "", ticket: str = "") -> int:
        """Hand over a job, and return its number; from then on it is in the journal. See `stores.fields_of`.

        After a lost answer, ask again with the same random `ticket`: a job is taken once.
        """
        for piece in _pieces(items):
            self.ask("files", files=piece)
        return int(self.ask("add", store=store, name=name, ticket=ticket)["job"])

    def news(self, since: int = 0, follow: Mapping[int, int] = _NONE, *, wait_s: float = 0.0) -> News:
        """Return what has changed since the revision `since`; see `JobBook.news`."""
        return news_of(self.ask("news", since=since, follow=list(follow.items()), wait_s=wait_s))

    def files(
        self, job: int, *, after: int = -1, limit: int = 1000, states: Sequence[State] = ()
    ) -> list[FileSnapshot]:
        """Return the files of a job after the index `after`; see `JobBook.files`."""
        answer = self.ask("list", job=job, after=after, limit=limit, states=list(states))
        return [file_of(row) for row in answer["files"]]

    def steer(
        self, verb: str, jobs: Sequence[int] | None = None, files: Sequence[int] | None = None
    ) -> tuple[int, int]:
        """Pause, go on, cancel, retry or clear; without `jobs` all. Return how many changed, and the revision."""
        answer = self.ask("steer", verb=verb, jobs=jobs, files=files)
        return int(answer["count"]), int(answer["revision"])

    def offer(self, store: Fields) -> None:
        """Give a token, or credentials, for the transfers that wait for them."""
        if stores.has_secret(store):
            self.ask("offer", store=store)

    def set_limits(self, up: float | None, down: float | None, *, is_default: bool = False) -> None:
        """Hold all transfers together back to so many bytes per second; None for no limit.

        With `is_default` the limits are those of settings: the agent keeps limits that a person has set.
        """
        self.ask("set_limits", limits=(up, down), is_default=is_default)


def _is_older(version: str) -> bool:
    """Return whether an agent of this version is replaced: it is older, or its version cannot be read."""
    try:
        return [int(part) for part in version.split(".")] < [int(part) for part in __version__.split(".")]
    except ValueError:
        return version != __version__


def _pieces(items: Iterable[BatchItem]) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    size = 0
    for item in items:
        fields = fields_of(item)
        piece.append(fields)
        size += 6 * (len(fields["key"]) + len(fields["path"]) + len(fields.get("root", ""))) + 500  # in JSON, at most
        if size >= PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _start(place: AgentPlace) -> "subprocess.Popen[bytes]":
    try:
        make_runtime(place.runtime, "the transfer agent's socket")
        log = open_private(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except StorageError as exc:
        raise AgentError(exc.message) from exc
    except OSError as exc:
        raise AgentError(f"the transfer agent cannot use {exc.filename or place.runtime}: {exc.strerror}") from exc
    try:
        if os.fstat(log).st_size > LOG_BYTES:
            os.ftruncate(log, 0)
        child = subprocess.Popen(
            interpreters.command(MODULE), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, cwd="/",
            start_new_session=True, env=interpreters.environment(without_secrets(os.environ)),
        )  # fmt: skip
    except OSError as exc:
        raise AgentError(f"the transfer agent cannot be started: {exc.strerror}") from exc
    finally:
        os.close(log)
    threading.Thread(target=child.wait, name="storage-tui-reaper", daemon=True).start()
    return child


def _last_words(place: AgentPlace) -> str:
    with suppress(OSError):
        lines = place.log.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
        if lines:
            return f": {one_line(lines[-1])}"
    return ""
