"""The answers to the requests of one client of the agent, in a thread of its own."""

import hmac
import os
from collections.abc import Callable
from typing import Any, cast

from storage_tui.client.agent.book import VERBS, JobBook, Verb
from storage_tui.client.agent.frames import PROTOCOL, AgentError, AgentLostError, Frames
from storage_tui.client.agent.items import item_of
from storage_tui.client.agent.snapshots import STATES, State, limits_of
from storage_tui.client.batch.plan import BatchItem
from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.machine.version import __version__

WAIT_S = 30.0  # the longest wait for news; the client asks again
FILES_TAKEN = 5_000_000  # files of one job; a folder with more is moved in parts

Answer = dict[str, Any]


class Service:
    """Serves one connection. `retire` ends the agent when its work is done."""

    def __init__(self, frames: Frames, book: JobBook, token: str, *, retire: Callable[[], None]) -> None:
        self._frames, self._book, self._token, self._retire = frames, book, token, retire
        self._files: list[BatchItem] = []
        self._requests: dict[str, Callable[[Answer], Answer]] = {
            "add": self._add, "files": self._take_files, "news": self._news, "list": self._list, "steer": self._steer,
            "offer": self._offer, "set_limits": self._set_limits, "retire": self._go, "ping": lambda _: {},
        }  # fmt: skip

    def run(self) -> None:
        """Greet the client, check its token, and answer until it goes."""
        try:
            self._frames.send({"agent": PROTOCOL, "program": __version__, "pid": os.getpid()})
            greeting = self._frames.receive()
            given = None if greeting is None else greeting.get("token")
            if not isinstance(given, str) or not hmac.compare_digest(given.encode(), self._token.encode()):
                self._frames.send({"error": "this token is not that of the transfer agent"})
                return
            self._frames.send({})
            while (request := self._frames.receive()) is not None:
                self._frames.send(self._answer(request))
        except (OSError, AgentError):
            pass  # the client has gone; what it asked for goes on
        finally:
            self._frames.close()

    def _answer(self, request: Answer) -> Answer:
        work = self._requests.get(str(request.get("op")))
        if work is None:
            return {"error": f"the transfer agent of storage-tui {__version__} does not know this request"}
        try:
            return work(request)
        except AgentLostError as exc:
            return {"error": exc.message, "is_ending": True}
        except StorageError as exc:
            return {"error": exc.message}
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            return {"error": f"the transfer agent does not understand this request: {exc!a:.200}"}
        except OSError as exc:
            return {"error": f"the transfer agent cannot do this: {exc.strerror or exc}"}

    def _take_files(self, request: Answer) -> Answer:
        """Take some files of the next job."""
        if len(self._files) + len(request["files"]) > FILES_TAKEN:
            self._files.clear()
            raise BadRequestError(f"a job has at most {FILES_TAKEN:,} files; move the folder in parts")
        try:
            self._files += [item_of(fields) for fields in request["files"]]
        except BadRequestError:
            self._files.clear()
            raise
        return {}

    def _add(self, request: Answer) -> Answer:
        """Make a job of the files that were sent; the job is on the disk when the answer goes out."""
        items, self._files = self._files, []
        return {
            "job": self._book.add(
                dict(request["store"]), str(request.get("name", "")), items, str(request.get("ticket", ""))
            )
        }

    def _news(self, request: Answer) -> Answer:
        wait_s = min(max(float(request.get("wait_s", 0.0)), 0.0), WAIT_S)
        follow = {int(number): int(since) for number, since in request.get("follow", ())}
        return self._book.news(int(request["since"]), follow, wait_s=wait_s).to_json()

    def _list(self, request: Answer) -> Answer:
        states = [cast(State, state) for state in request.get("states", ()) if state in STATES]
        rows = self._book.files(
            int(request["job"]), after=int(request.get("after", -1)), limit=int(request.get("limit", 1000)),
            states=states,
        )  # fmt: skip
        return {"files": [row.to_json() for row in rows]}

    def _steer(self, request: Answer) -> Answer:
        if (verb := request["verb"]) not in VERBS:
            raise BadRequestError(f"{verb!a:.40} is not one of {', '.join(VERBS)}")
        jobs, files = (
            None if request.get(name) is None else [int(number) for number in request[name]]
            for name in ("jobs", "files")
        )
        return {"count": self._book.steer(cast(Verb, verb), jobs, files), "revision": self._book.revision}

    def _offer(self, request: Answer) -> Answer:
        self._book.offer(dict(request["store"]))
        return {}

    def _set_limits(self, request: Answer) -> Answer:
        self._book.set_limits(*limits_of(request), is_default=request.get("is_default") is True)
        return {"limits": self._book.limits}

    def _go(self, request: Answer) -> Answer:
        self._retire()
        return {}
