"""Upload URLs against a dictionary: never a wrong byte to be seen, and what was said to be kept is kept.

Hypothesis finds the calls: chunks, questions, replays, wrong ranges, cuts at any byte, kills of the server.
"""

import random
import signal
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from storage_tui.contract.wire import UPLOAD_QUANTUM as Q
from storage_tui.contract.wire import Span, format_upload_range, parse_persisted
from tests.effort import count
from tests.faults.proxy import Fault
from tests.promises.resume_parts import Parts, parts, run_machine

KEYS = st.sampled_from(["one", "two/ü", "three"])
SIZES = st.sampled_from([0, 1, 1000, Q, Q + 1, 3 * Q, 3 * Q + 77])
CUTS = st.one_of(st.none(), st.integers(300, 2 * Q))  # of the bytes that go up, the head of the request included
WAIT_S = 30.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Begun:
    """An upload session as the dictionary knows it: what it is to hold, and what was said to be kept."""

    key: str
    path: str
    content: bytes
    told: int = 0
    is_done: bool = False
    is_over: bool = False

    def kept(self, answer: httpx.Response) -> None:
        """An answer tells how much is kept; that never goes back."""
        offset = parse_persisted(answer.headers.get("range"))
        assert self.told <= offset <= len(self.content), (self.told, offset)
        self.told = offset


class SessionsAsDictionary(RuleBasedStateMachine):
    """Upload URLs and a dictionary side by side."""

    running: Parts
    sessions = Bundle("sessions")
    users = 0

    @initialize()
    def meet(self) -> None:
        type(self).users += 1
        self.name = f"user-{self.users}"
        self.held: dict[str, set[bytes]] = {}  # what a key may hold; more than one after a cut that nobody was told of
        self.seed = 0
        token = self.running.server.token(self.name)
        self.direct = httpx.Client(
            base_url=self.running.server.url,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=WAIT_S,
        )

    def teardown(self) -> None:
        if hasattr(self, "direct"):
            self.direct.close()

    def send(self, upload: Begun, content: bytes, content_range: str | None, cut: int | None) -> httpx.Response | None:
        """A PUT on the upload URL, its connection cut after so many bytes; None when no answer came."""
        proxy = self.running.proxy
        headers = {} if content_range is None else {"Content-Range": content_range}
        if cut is not None:
            proxy.faults.append(Fault(cut_up=cut))
        base = httpx.URL(proxy.url)
        try:
            with httpx.Client(trust_env=False, timeout=WAIT_S) as client:
                return client.put(base.copy_with(raw_path=upload.path.encode()), content=content, headers=headers)
        except httpx.TransportError:
            assert cut is not None
            return None
        finally:
            proxy.faults.clear()

    def finished(self, upload: Begun, content: bytes) -> None:
        if not upload.is_done:
            self.held[upload.key] = {content}
            upload.is_done = True

    def maybe_finished(self, upload: Begun) -> None:
        """No answer came to what may have been the last piece: asking tells."""
        answer = self.send(upload, b"", "bytes */*", None)
        assert answer is not None
        self.judge(upload, answer)

    def judge(self, upload: Begun, answer: httpx.Response) -> None:
        if upload.is_over:
            assert 400 <= answer.status_code < 500
        elif answer.status_code == 308:
            assert not upload.is_done
            upload.kept(answer)
        elif answer.status_code == 200:
            self.finished(upload, upload.content)
        else:
            assert 400 <= answer.status_code < 500 and not upload.is_done, answer.text

    @rule(target=sessions, key=KEYS, size=SIZES, is_announced=st.booleans())
    def begin(self, key: str, size: int, is_announced: bool) -> Begun:
        self.seed += 1
        content = random.Random(self.seed).randbytes(size)
        headers = {"X-Upload-Content-Length": str(size)} if is_announced else {}
        answer = self.direct.get(f"/data/new_resumable_url/{key}", headers=headers)
        assert answer.status_code == 200
        return Begun(key, answer.text.removeprefix(self.running.server.url.removesuffix("/storage/v1")), content)

    @rule(upload=sessions, quanta=st.integers(1, 3), back=st.sampled_from([0, 0, 1, Q]), cut=CUTS)
    def append(self, upload: Begun, quanta: int, back: int, cut: int | None) -> None:
        """The next chunk, or one that begins before it as a replay does."""
        start = max(0, upload.told - back)
        stop = min(start + quanta * Q, len(upload.content))
        if stop == start:
            return
        total = len(upload.content) if stop == len(upload.content) else None
        answer = self.send(upload, upload.content[start:stop], format_upload_range(Span(start, stop), total), cut)
        if answer is None:
            self.maybe_finished(upload)
            return
        self.judge(upload, answer)
        if answer.status_code == 308:
            assert upload.told >= stop - stop % Q

    @rule(upload=sessions)
    def ask(self, upload: Begun) -> None:
        answer = self.send(upload, b"", "bytes */*", None)
        assert answer is not None
        self.judge(upload, answer)

    @rule(upload=sessions, gap=st.integers(1, 2 * Q))
    def skip(self, upload: Begun, gap: int) -> None:
        """A chunk that begins past what is kept."""
        start = upload.told + gap
        answer = self.send(upload, b"x" * 10, format_upload_range(Span(start, start + 10), None), None)
        assert answer is not None
        assert answer.status_code == 200 if upload.is_done else 400 <= answer.status_code < 500, answer.text

    @rule(
        upload=sessions, text=st.sampled_from(["bytes 5-2/10", "bytes 0-9/5", "bytes 0-9", "items */*", "bytes 0-99/*"])
    )
    def say_what_is_wrong(self, upload: Begun, text: str) -> None:
        """A Content-Range that is none, or that the body does not have."""
        answer = self.send(upload, b"0123456789", text, None)
        assert answer is not None
        assert 400 <= answer.status_code < 500 or upload.is_done, (text, answer.text)

    @rule(upload=sessions, cut=CUTS)
    def send_whole(self, upload: Begun, cut: int | None) -> None:
        answer = self.send(upload, upload.content, None, cut)
        if answer is None:
            upload.told = 0  # it began anew
            self.maybe_finished(upload)
        else:
            self.judge(upload, answer)

    @rule(upload=sessions)
    def cancel(self, upload: Begun) -> None:
        base = httpx.URL(self.running.server.url)
        answer = httpx.delete(base.copy_with(raw_path=upload.path.encode()), trust_env=False, timeout=WAIT_S)
        assert answer.status_code == 499
        upload.is_over = upload.is_over or not upload.is_done

    @rule(number=st.sampled_from([signal.SIGKILL, signal.SIGTERM]))
    def restart(self, number: int) -> None:
        if self.running.restarts < count(4, 12, 400):
            self.running.restart(number)

    @invariant()
    def no_wrong_byte_is_to_be_seen(self) -> None:
        if not hasattr(self, "direct"):
            return
        assert self.direct.get("/data/list").json() == sorted(self.held, key=str.encode)
        for key, allowed in self.held.items():
            assert self.direct.get(f"/data/get/{key}").content in allowed


def test_sessions_do_what_a_dictionary_would(monkeypatch: pytest.MonkeyPatch) -> None:
    with parts() as running:
        monkeypatch.setattr(SessionsAsDictionary, "running", running, raising=False)
        run_machine(SessionsAsDictionary, count(4, 25, 600), 20)
