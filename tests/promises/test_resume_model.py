"""The client's own resume against a dictionary: whatever breaks or changes, files and blobs are whole or the old ones.

Hypothesis finds the calls: transfers cut at any byte or killed by an exception, a source or a blob that changes between
two tries, the server killed, and what is unfinished continued or given up.
"""

import itertools
import random
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.client.http import retry
from storage_tui.client.transfer import downloads, part_file
from storage_tui.contract.errors import NotFoundError, StorageError
from tests.effort import count
from tests.faults.proxy import Fault
from tests.promises.resume_parts import Parts, parts, run_machine

LARGE = 600_000  # from here on a transfer is one that is gone on with
SIZES = st.sampled_from([3 * LARGE, 3 * LARGE + 77, LARGE + 1, 5, 0])
KEYS = st.sampled_from(["one", "two/ü"])
PLACES = st.sampled_from([300, 5000, LARGE // 2, LARGE, 2 * LARGE, 2 * LARGE + 99])  # in a connection or a transfer
CUTS = st.lists(PLACES, max_size=4)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class KilledError(BaseException):
    """What ends a process: nothing catches it."""


class Killing(TransferControl):
    """Ends the transfer when it has moved so many bytes."""

    def __init__(self, after: int | None) -> None:
        super().__init__()
        self._after = after

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        after = getattr(self, "_after", None)
        if name == "done_bytes" and after is not None and isinstance(value, int) and value >= after:
            raise KilledError


class TransfersAsDictionary(RuleBasedStateMachine):
    """A client behind a proxy that cuts, and two dictionaries: of the blobs, and of the local files."""

    running: Parts
    environ: pytest.MonkeyPatch
    numbers = itertools.count()
    seen: ClassVar[Counter[str]] = Counter()

    @initialize()
    def meet(self) -> None:
        number = next(self.numbers)
        self.folder = self.running.folder / f"files-{number}"
        (self.folder / "targets").mkdir(parents=True)
        self.environ.setenv("XDG_STATE_HOME", str(self.folder / "state"))
        token = self.running.server.token(f"user-{number}")
        self.behind = Storage(self.running.proxy.url, token=token, retries=2)
        self.direct = Storage(self.running.server.url, token=token)
        self.held: dict[str, bytes] = {}
        self.local: dict[str, bytes] = {}
        self.offered: dict[str, list[bytes]] = {"one": [], "two/ü": []}  # and nobody was told what became of it
        self.seed = 0

    def teardown(self) -> None:
        if hasattr(self, "behind"):
            self.behind.close()
            self.direct.close()
            shutil.rmtree(self.folder)

    def source(self, key: str) -> Path:
        return self.folder / f"source-{key.replace('/', '-')}"

    def target(self, key: str) -> Path:
        return self.folder / "targets" / key.replace("/", "-")

    def content(self, size: int) -> bytes:
        self.seed += 1
        return random.Random(self.seed).randbytes(size)

    def stored(self, key: str) -> bytes | None:
        try:
            return self.direct.get(key)
        except NotFoundError:
            return None

    def look(self, key: str) -> bytes | None:
        """What is stored, which is what was, or something whole that was offered when no answer came: a server goes on
        with what it has received, also when the client is dead by then."""
        found = self.stored(key)
        if found != self.held.get(key):
            assert found is not None and found in self.offered[key], (key, found and len(found))
            self.held[key] = found
        return found

    def fetched(self, key: str) -> None:
        """A download was acknowledged: the file is the blob, whole."""
        self.local[key] = self.target(key).read_bytes()
        assert self.local[key] in (self.held.get(key), self.look(key), *self.offered[key])

    @rule(key=KEYS, size=SIZES)
    def change_source(self, key: str, size: int) -> None:
        self.source(key).write_bytes(self.content(size))

    @rule(key=KEYS, size=SIZES)
    def change_blob(self, key: str, size: int) -> None:
        self.held[key] = self.content(size)
        self.direct.set(key, self.held[key])

    @rule(key=KEYS)
    def remove_blob(self, key: str) -> None:
        if self.look(key) is not None:
            self.direct.delete(key)
            del self.held[key]

    @rule(key=KEYS, cuts=CUTS, killed_at=st.none() | PLACES)
    def upload(self, key: str, cuts: list[int], killed_at: int | None) -> None:
        path = self.source(key)
        if not path.exists():
            path.write_bytes(self.content(4 * LARGE))
        self.running.proxy.faults.extend(Fault(cut_up=cut) for cut in cuts)
        try:
            blob = self.behind.set_file(key, path, control=Killing(killed_at))
        except (StorageError, KilledError):
            self.offered[key].append(path.read_bytes())
        else:
            assert blob.key == key
            self.held[key] = path.read_bytes()
        self.running.proxy.faults.clear()

    @rule(key=KEYS, cuts=CUTS, killed_at=st.none() | PLACES)
    def download(self, key: str, cuts: list[int], killed_at: int | None) -> None:
        self.running.proxy.faults.extend(Fault(cut_down=cut) for cut in cuts)
        try:
            self.behind.get_file(key, self.target(key), control=Killing(killed_at))
        except (StorageError, KilledError):
            pass
        else:
            self.fetched(key)
        self.running.proxy.faults.clear()

    @rule(key=KEYS, is_up=st.booleans())
    def break_off(self, key: str, is_up: bool) -> None:
        """A large transfer ends in its middle, as by a kill."""
        if is_up:
            self.change_source(key, 3 * LARGE)
            self.upload(key, [], 2 * LARGE)
        else:
            self.change_blob(key, 3 * LARGE)
            self.download(key, [], 2 * LARGE)

    # Without a precondition: whether a transfer that was cut was whole by then hangs on the network, and what may be
    # drawn next must not.
    @rule(key=KEYS, is_up=st.booleans(), cuts=st.just([]) | CUTS, killed_at=st.none() | st.none() | PLACES)
    def resume(self, key: str, is_up: bool, cuts: list[int], killed_at: int | None) -> None:
        """All that is unfinished is continued."""
        if not self.behind.unfinished():
            self.break_off(key, is_up)
        for left in self.behind.unfinished():
            is_up = left.direction == "upload"
            self.running.proxy.faults.extend(Fault(cut_up=cut) if is_up else Fault(cut_down=cut) for cut in cuts)
            offered = self.source(left.key).read_bytes() if is_up else b""
            control = Killing(killed_at)
            try:
                self.behind.resume(left, control=control)
            except (StorageError, KilledError):
                self.seen["broken again"] += 1
                if is_up:
                    self.offered[left.key].append(offered)
            else:
                self.seen[f"{left.direction} {' '.join(control.note.split()[:2])}"] += 1
                if is_up:
                    self.held[left.key] = offered
                else:
                    self.fetched(left.key)
            self.running.proxy.faults.clear()

    @rule()
    def forget(self) -> None:
        for left in self.behind.unfinished():
            assert self.behind.forget(left)
        assert self.behind.unfinished() == []
        wanted = {self.target(key).name for key in self.local}
        assert {path.name for path in (self.folder / "targets").iterdir()} == wanted

    @rule(number=st.sampled_from([signal.SIGKILL, signal.SIGTERM]))
    def restart(self, number: int) -> None:
        if self.running.restarts < count(3, 8, 400):
            self.running.restart(number)

    @invariant()
    def files_and_blobs_are_those_of_the_dictionaries(self) -> None:
        if not hasattr(self, "behind"):
            return
        assert {*self.direct.list()} <= {"one", "two/ü"}
        for key in ("one", "two/ü"):
            self.look(key)
            path = self.target(key)
            assert path.exists() == (key in self.local)
            assert key not in self.local or path.read_bytes() == self.local[key]


def test_transfers_do_what_a_dictionary_would(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (part_file, downloads):
        monkeypatch.setattr(module, "RESUMED_FROM_BYTES", LARGE)
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.001)
    with parts() as running:
        monkeypatch.setattr(TransfersAsDictionary, "running", running, raising=False)
        monkeypatch.setattr(TransfersAsDictionary, "environ", monkeypatch, raising=False)
        run_machine(TransfersAsDictionary, count(12, 40, 500), 15)
        print(f"{dict(TransfersAsDictionary.seen)}, {running.restarts} restarts")
        assert len(TransfersAsDictionary.seen) > 2
