"""Mixed load of many clients on servers that are killed meanwhile, and the account of what was acknowledged.

Each client has a folder of its own, so it knows what every key there must hold: the version that was acknowledged last,
or nothing. A call that failed leaves a doubt, because the server may have done it: such a key may hold either version,
and is left alone from then on. Everything else must be as it was acknowledged, during the storm and at its end.
"""

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage_tui import Storage
from storage_tui.contract.errors import ConnectError, NotFoundError, StorageError

PROCESSES = 4
KEYS_EACH = 60  # of one client; then it overwrites and deletes
PATIENCE_S = 300.0  # how long a patient client waits for a server
PAUSE_S = 0.3  # after a call that failed
SIZES = ((0, 10), (1000, 40), (20_000, 30), (200_000, 15), (900_000, 5))  # bytes, and how often
FILE_SIZES = ((20_000, 6), (400_000, 3), (5_000_000, 1))
VERBS = (("set", 30), ("overwrite", 14), ("get", 20), ("set_file", 9), ("get_file", 9), ("list", 10), ("delete", 8))

Version = int | None  # None when there is no blob


@dataclass
class Account:
    """What clients counted: calls that were acknowledged and that failed, by verb; what was not as acknowledged; the
    longest call in seconds, and what it was."""

    done: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    kept: int = 0
    deleted: int = 0
    doubtful: int = 0
    longest: tuple[float, str] = (0.0, "")

    def add(self, other: "Account") -> None:
        """Add the account of other clients."""
        self.done.update(other.done)
        self.failed.update(other.failed)
        self.wrong += other.wrong
        self.kept += other.kept
        self.deleted += other.deleted
        self.doubtful += other.doubtful
        self.longest = max(self.longest, other.longest)


def content_of(key: str, version: int) -> bytes:
    """Return the bytes of a version of a key, which are known from the two alone."""
    chance = random.Random(f"{key}/{version}")
    sizes = FILE_SIZES if "/file-" in key else SIZES
    [most] = chance.choices([size for size, _ in sizes], [often for _, often in sizes])
    return chance.randbytes(chance.randint(most // 2, most))


class Client:
    """One client: its folder, what it was told of each key, and its next calls."""

    def __init__(self, number: int, url: str, token: str, scratch: Path) -> None:
        self.account = Account()
        self._folder = f"client-{number:03}/"
        self._chance = random.Random(number)
        self._is_patient = is_patient = number % 4 != 0  # the others try once, and see every failure
        self._storage = Storage(url, token=token, retries=None if is_patient else 0, patience_s=PATIENCE_S * is_patient)
        self._file = scratch / f"{number:03}"
        self._told: dict[str, Version] = {}
        self._doubts: dict[str, set[Version]] = {}
        self._turn = 0

    def step(self) -> None:
        """Make one call, and compare what it says with what is known."""
        live = [key for key, version in self._told.items() if version is not None and key not in self._doubts]
        [verb] = self._chance.choices([verb for verb, _ in VERBS], [often for _, often in VERBS])
        if not live and verb not in ("list", "set_file"):
            verb = "set"
        if verb in ("set", "set_file") and len(live) >= KEYS_EACH:
            verb = "delete" if self._chance.random() < 0.5 else "overwrite"
        begun = time.monotonic()
        try:
            getattr(self, f"_{verb}")(*([] if verb in ("set", "set_file", "list") else [self._chance.choice(live)]))
            self.account.done[verb] += 1
            what = verb
        except StorageError as exc:
            what = f"{verb}: {exc.code}"
            self.account.failed[what] += 1
            time.sleep(PAUSE_S)
        self.account.longest = max(self.account.longest, (time.monotonic() - begun, what))

    def check(self) -> None:
        """Read everything back, and close the client."""
        listed = set(self._patiently(lambda: self._storage.list(self._folder)))
        for key, version in self._told.items():
            allowed = self._doubts.get(key, {version})
            self.account.doubtful += key in self._doubts
            found = self._patiently(lambda key=key: self._read(key))
            if not any(found == (None if one is None else content_of(key, one)) for one in allowed):
                self._blame(key, allowed, found, "at the end")
            if (key in listed) != (found is not None):
                self.account.wrong.append(f"{key}: the list and the read differ at the end")
            self.account.kept += found is not None
            self.account.deleted += version is None and key not in self._doubts
        self.account.wrong += [f"{key}: nobody wrote it" for key in listed - self._told.keys()]
        self._storage.close()

    def _set(self) -> None:
        self._write(self._new("value-"), lambda key, content: self._storage.set(key, content))

    def _set_file(self) -> None:
        self._write(self._new("file-"), self._send_file)

    def _overwrite(self, key: str) -> None:
        is_file = "/file-" in key
        self._write(key, self._send_file if is_file else lambda key, content: self._storage.set(key, content))

    def _send_file(self, key: str, content: bytes) -> None:
        self._file.write_bytes(content)
        self._storage.set_file(key, self._file, resume=False)

    def _write(self, key: str, send: Callable[[str, bytes], object]) -> None:
        before, self._turn = self._told.get(key), self._turn + 1
        self._told[key] = self._turn
        try:
            send(key, content_of(key, self._turn))
        except StorageError as exc:
            self._doubt(key, before, exc)
            raise

    def _get(self, key: str) -> None:
        self._compare(key, self._read(key))

    def _get_file(self, key: str) -> None:
        target = self._file.with_suffix(".down")
        target.unlink(missing_ok=True)
        try:
            self._storage.get_file(key, target)
        except NotFoundError:
            self._compare(key, None)
        else:
            self._compare(key, target.read_bytes())

    def _list(self) -> None:
        listed = set(self._storage.list(self._folder))
        told = {key: version for key, version in self._told.items() if key not in self._doubts}
        for key, version in told.items():
            if (key in listed) != (version is not None):
                self.account.wrong.append(f"{key}: {'not ' if version else ''}in a list during the storm")

    def _delete(self, key: str) -> None:
        before = self._told[key]
        self._told[key] = None
        try:
            self._storage.delete(key)
        except StorageError as exc:  # not found: an earlier try of this call may have deleted it
            self._doubt(key, before, exc)
            raise

    def _doubt(self, key: str, before: Version, exc: StorageError) -> None:
        """Note that a change of the key failed. The one try of an impatient client that found no server did nothing."""
        if not isinstance(exc, ConnectError) or self._is_patient:
            self._doubts[key] = {before, self._told[key]}
        elif before is None:
            del self._told[key]  # a new key, still not written
        else:
            self._told[key] = before

    def _new(self, kind: str) -> str:
        return f"{self._folder}{kind}{len(self._told):05}"

    def _read(self, key: str) -> bytes | None:
        try:
            return self._storage.get(key)
        except NotFoundError:
            return None

    def _compare(self, key: str, found: bytes | None) -> None:
        version = self._told[key]
        if found != (None if version is None else content_of(key, version)):
            self._blame(key, {version}, found, "during the storm")

    def _blame(self, key: str, allowed: set[Version], found: bytes | None, when: str) -> None:
        what = "nothing" if found is None else f"{len(found)} other bytes"
        self.account.wrong.append(f"{key}: {what} {when}, not version {allowed}")

    def _patiently(self, read: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return read()
            except StorageError as exc:
                if not exc.retryable or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)


class Storm:
    """The clients, in a few processes, at work until `calm`. `urls` are those of the servers, shared out by number."""

    def __init__(self, urls: Sequence[str], token: str, clients: int, *, processes: int = PROCESSES) -> None:
        self._shares = [[*range(part, clients, processes)] for part in range(processes)]
        self._place = ([*urls], token)
        self._processes: list[subprocess.Popen[str]] = []
        self._stack = ExitStack()

    def __enter__(self) -> "Storm":
        scratch = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="storm-"))
        for numbers in self._shares:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.storm", json.dumps([numbers, *self._place, scratch])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            self._stack.enter_context(process)
            self._stack.callback(process.kill)
            self._processes.append(process)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def calls(self) -> int:
        """Return how many calls were acknowledged so far."""
        return sum(self._ask("calls"))

    def calm(self) -> None:
        """Let the clients make no more calls. Returns when the last call has ended."""
        self._ask("calm")

    def account(self) -> Account:
        """Read everything back, and return what all clients counted. Call after `calm`."""
        total = Account()
        for told in self._ask("check"):
            told |= {name: Counter(told[name]) for name in ("done", "failed")} | {"longest": tuple(told["longest"])}
            total.add(Account(**told))
        return total

    def _ask(self, word: str) -> list[Any]:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
        answers = []
        for process in self._processes:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, "a process of clients ended before its time"
            answers.append(json.loads(line))
        return answers


def main() -> None:
    """One process of clients, which obeys the lines that come to it: calls, calm, check."""
    numbers, urls, token, scratch = json.loads(sys.argv[1])
    is_calm = threading.Event()

    def work(client: Client) -> None:
        while not is_calm.is_set():
            client.step()

    with ThreadPoolExecutor(len(numbers)) as threads:
        clients = [Client(number, urls[number % len(urls)], token, Path(scratch)) for number in numbers]
        working = [threads.submit(work, client) for client in clients]
        for line in sys.stdin:
            answer: Any = None
            if line == "calls\n":
                answer = sum(client.account.done.total() for client in clients)
            elif line == "calm\n":
                is_calm.set()
                for each in working:
                    each.result()
            else:
                total = Account()
                for _ in threads.map(Client.check, clients):
                    pass
                for client in clients:
                    total.add(client.account)
                answer = vars(total)
            print(json.dumps(answer), flush=True)
        is_calm.set()


if __name__ == "__main__":
    main()
