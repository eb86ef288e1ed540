"""The transfers that the agent moves, as one browser has them: handing over, steering, and news a few times a second.

Two connections are used, each by a thread of its own: one for requests, in their order, and one that waits for news.
"""

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from storage_tui.client.agent import stores
from storage_tui.client.agent.frames import AgentError, AgentLostError
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.snapshots import FileSnapshot, News
from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.http.rates import Rates
from storage_tui.contract.errors import StorageError
from storage_tui.tui.state.transfers import Transfer, TransferJob, TransferQueue

T = TypeVar("T")
NEWS_S = 0.2  # between two answers while something moves: five pictures a second
WAIT_S = 20.0  # for news while nothing moves
FILES_SHOWN = 200_000  # of a job that another program asked for; failures come first
PAGE = 1000
TRIES = 3  # an agent may end, or be replaced, between two requests


class AgentTransfers:
    """Hands jobs to the agent and mirrors what it says into the queue.

    `ended` gets the transfers that have ended, `tell` one line for people, `refused` the transfers that the agent could
    not take, with the reason. All are called in the event loop.
    """

    def __init__(
        self, storage: AsyncStorage, queue: TransferQueue, *, ended: Callable[[Sequence[Transfer]], None],
        tell: Callable[[str], None], refused: Callable[[Sequence[Transfer], str], None],
    ) -> None:  # fmt: skip
        self._storage, self._queue = storage, queue
        self._ended, self._tell, self._refused = ended, tell, refused
        self._loop = asyncio.get_running_loop()
        self._requests = ThreadPoolExecutor(1, thread_name_prefix="storage-tui-agent")
        self._link: AgentLink | None = None
        self._news_link: AgentLink | None = None
        self._follow_changed = threading.Event()
        self._listener: threading.Thread | None = None
        self._is_closed = False
        self._limited = 0  # the process of the agent that knows the limits of this browser
        self._offered: object = None  # the last token that was handed over while one was needed

    # Called in the event loop

    @property
    def is_listening(self) -> bool:
        """Whether the news of an agent are heard."""
        return self._listener is not None and self._listener.is_alive()

    def listen(self) -> None:
        """Hear the news of the agent from now on; an agent that has left work behind is started for it."""
        if not self.is_listening and not self._is_closed:
            self._listener = threading.Thread(target=self._hear, name="storage-tui-news", daemon=True)
            self._listener.start()

    def take(self, fresh: Sequence[Transfer]) -> None:
        """Hand over transfers: jobs that are new, or files of jobs that are tried again."""
        jobs: dict[TransferJob, list[Transfer]] = {}
        for transfer in fresh:
            if transfer.job is not None:
                jobs.setdefault(transfer.job, []).append(transfer)
        for job, transfers in jobs.items():
            if job.remote_id is None and not any(row.is_handed for row in transfers):
                for transfer in transfers:
                    transfer.is_handed = True
                self._requests.submit(self._hand_over, job, transfers)
            else:
                self.steer_files("retry", transfers)

    def steer_files(self, verb: str, transfers: Iterable[Transfer]) -> None:
        """Pause, continue, cancel or retry single files."""
        jobs: dict[TransferJob, list[Transfer]] = {}
        for transfer in transfers:
            if transfer.job is not None:
                jobs.setdefault(transfer.job, []).append(transfer)
        for job, rows in jobs.items():
            self._requests.submit(self._steer_files, verb, job, rows)

    def steer(self, verb: str, jobs: Sequence[TransferJob] | None = None) -> None:
        """Pause, continue, cancel, retry or clear whole jobs; None stands for everything."""
        self._requests.submit(self._steer, verb, jobs)

    def limit(self, up: float | None, down: float | None) -> None:
        """Set the limits of the rate for everything that the agent moves."""
        self._requests.submit(self._try, partial(self._give_limits, (up, down)))
        self._wake()

    def open(self, job: TransferJob) -> None:
        """Read the files of a job, and follow them."""
        if not job.is_followed:
            job.is_followed = True
            self._requests.submit(self._read_files, job)

    async def flushed(self) -> None:
        """Wait until every request was answered: what was handed over is in the journal then."""
        await self._loop.run_in_executor(self._requests, lambda: None)

    async def close(self) -> None:
        """Leave the agent, after the requests before; its transfers go on."""
        await self.flushed()
        self._is_closed = True
        for link in (self._link, self._news_link):
            if link is not None:
                link.close()
        if self._listener is not None:
            await asyncio.to_thread(self._listener.join)
        self._requests.shutdown(wait=False)

    # Called in the thread of the requests

    def _ask(self, work: Callable[[AgentLink], T]) -> T:
        """Ask the agent, which is started when it does not run (any more)."""
        for attempt in range(TRIES):
            try:
                if self._link is None:
                    self._link = AgentLink.open()
                    self._say_retired(self._link)
                return work(self._link)
            except AgentLostError:
                if self._link is not None:
                    self._link.close()
                    self._link = None
                if attempt == TRIES - 1:
                    raise
        raise AgentError("the transfer agent does not answer")

    def _hand_over(self, job: TransferJob, transfers: list[Transfer]) -> None:
        ticket = secrets.token_hex(8)
        try:
            store = stores.fields_of(self._storage.engine.server)
            self._ask(partial(self._give_limits, None))
            number = self._ask(
                lambda link: link.add(store, (row.item for row in transfers), name=job.name, ticket=ticket)
            )
        except (StorageError, OSError) as exc:
            why = exc.message if isinstance(exc, StorageError) else str(exc)
            self._post(partial(self._refused, transfers, why))
            return
        job.remote_id = number  # a request for this job that follows needs the number
        self._post(partial(self._taken, job, number))

    def _give_limits(self, told: Rates | None, link: AgentLink) -> None:
        """Set the limits that a person has `told`; without them those of this browser, once for each agent.

        After that the limits are what anybody tells the agent, and this browser follows the news.
        """
        if told is not None:
            link.set_limits(*told)
        elif link.pid != self._limited:
            pace = self._storage.engine.pace
            up, down = pace.up.bytes_per_s, pace.down.bytes_per_s
            if up is not None or down is not None:
                link.set_limits(up, down, is_default=True)
        self._limited = link.pid

    def _taken(self, job: TransferJob, number: int) -> None:
        self._queue.bind(job, number)
        self.listen()
        self._wake()

    def _steer_files(self, verb: str, job: TransferJob, rows: list[Transfer]) -> None:
        if job.remote_id is None:
            return
        by_index = {id(row): index for index, row in job.rows.items()}
        files = [by_index[id(row)] for row in rows if id(row) in by_index]
        number = job.remote_id
        self._try(lambda link: self._steered(rows, link.steer(verb, [number], files)[1]))

    def _steered(self, rows: list[Transfer], revision: int) -> None:
        for row in rows:
            row.revision = max(row.revision, revision)

    def _steer(self, verb: str, jobs: Sequence[TransferJob] | None) -> None:
        numbers = None if jobs is None else [job.remote_id for job in jobs if job.remote_id is not None]
        self._try(lambda link: link.steer(verb, numbers))
        self._wake()

    def _read_files(self, job: TransferJob) -> None:
        number, after, count = job.remote_id, -1, 0
        if number is None:
            return
        while count < FILES_SHOWN:
            page = self._try(lambda link, after=after: link.files(number, after=after, limit=PAGE))  # type: ignore[misc]
            if not page:
                break
            self._post(partial(self._take_page, page))
            after, count = page[-1].index, count + len(page)
        self._wake()

    def _try(self, work: Callable[[AgentLink], T]) -> T | None:
        try:
            return self._ask(work)
        except (StorageError, OSError) as exc:
            self._post(partial(self._tell, exc.message if isinstance(exc, StorageError) else str(exc)))
            return None

    # Called in the thread of the news

    def _hear(self) -> None:
        with suppress(RuntimeError):  # the event loop has ended
            try:
                self._listen()
            except (StorageError, OSError) as exc:
                if not self._is_closed:
                    self._post(partial(self._tell, exc.message if isinstance(exc, StorageError) else str(exc)))

    def _listen(self) -> None:
        pid = 0
        while not self._is_closed:
            with AgentLink.open() as link:
                self._news_link = link
                if self._is_closed:
                    return
                self._say_retired(link)
                self._offered = None
                self._offer(link)
                try:
                    if pid and link.pid != pid:
                        self._call(self._queue.begin_again)
                        self._look_for_lost(link)
                    pid = link.pid
                    self._hear_all(link)
                except AgentLostError:
                    if self._is_closed or not self._queue.is_remote_active:
                        return

    def _hear_all(self, link: AgentLink) -> None:
        revision = 0
        while not self._is_closed:
            follow = self._call(self._queue.follows)
            wait_s = 0.0 if self._follow_changed.is_set() else WAIT_S
            self._follow_changed.clear()
            news = link.news(revision, follow or {}, wait_s=wait_s)
            revision = news.revision
            self._call(partial(self._take, news))
            if any(job.needs_token for job in news.jobs):
                self._offer(link)
            self._follow_changed.wait(NEWS_S)

    def _offer(self, link: AgentLink) -> None:
        """Hand over the token or credentials of this browser, unless they are those of the last time."""
        with suppress(StorageError):
            fields = stores.fields_of(self._storage.engine.server)
            if fields != self._offered:
                self._offered = fields
                link.offer(fields)

    def _look_for_lost(self, link: AgentLink) -> None:
        """Find how the files have ended whose end nobody heard: the new agent knows all but those of ended jobs."""
        ended = {job.id: job for job in link.news().jobs if not job.is_active}
        for job in list(self._queue.jobs):
            if job.remote_id is None or not any(row.is_active for row in job.rows.values()):
                continue
            left: set[int] = set()
            after = -1
            while page := link.files(job.remote_id, after=after, limit=PAGE):
                left.update(row.index for row in page)
                self._call(partial(self._take_page, page))
                after = page[-1].index
            lost = [row for index, row in job.rows.items() if row.is_active and index not in left]
            self._call(partial(self._queue.lose, lost, ended.get(job.remote_id)))

    def _say_retired(self, link: AgentLink) -> None:
        if link.retired:
            self._post(partial(self._tell, link.retired))

    def _take(self, news: News) -> None:
        if self._limited:
            up, down = news.limits
            self._storage.engine.pace.set(up=up, down=down)
        self._ended(self._queue.take_news(news))

    def _take_page(self, page: Sequence[FileSnapshot]) -> None:
        self._ended(self._queue.take_files(page))

    def _wake(self) -> None:
        """Have the news asked for now: there is more to follow."""
        self._follow_changed.set()

    def _post(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)

    def _call(self, work: Callable[[], T]) -> T | None:
        """Call in the event loop and wait for the result; None when the browser ends meanwhile."""
        done = threading.Event()
        found: list[T] = []

        def run() -> None:
            try:
                found.append(work())
            finally:
                done.set()

        self._loop.call_soon_threadsafe(run)
        while not done.wait(NEWS_S):
            if self._is_closed:
                return None
        return found[0] if found else None
