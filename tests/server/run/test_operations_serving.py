"""How a server is watched and ended: health, metrics, its logs without secrets, an end that lets things finish, TLS."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from storage_tui import Storage
from storage_tui.client.http import session
from storage_tui.contract.errors import UnavailableError
from storage_tui.contract.wire import BASE_PATH, UPLOAD_QUANTUM
from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.request_summary import Exchange
from storage_tui.server.resources.metrics import Metrics
from storage_tui.server.run.listener import Certificate
from storage_tui.server.run.logs import QUEUE_LINES, AccessLog
from storage_tui.server.run.operating import read_metrics_token
from storage_tui.server.stores.local.database.audit import open_audit
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.preludes import commits_fail
from tests.server.running import RunningServer
from tests.waits import wait_for, wait_for_end

METRICS_TOKEN = "watch-over-this-server"
CANARY = "canary-key-7f3a"


@dataclass
class Served:
    """`storage-tui serve` with flags, in a process of its own."""

    folder: Path
    flags: tuple[str, ...] = ()
    url: str = ""
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "storage_tui", "serve", "--data-dir", str(self.folder / "data"), "--port", "0"]
        with (self.folder / "errors").open("ab") as errors:
            self.process = subprocess.Popen([*command, *self.flags], stdout=subprocess.PIPE, stderr=errors)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode().split()
        assert line, self.errors()
        self.url = line[-1]

    @property
    def root(self) -> str:
        return self.url.removesuffix(BASE_PATH)

    def token(self) -> str:
        return create_token(LocalRecords(self.folder / "data"), "ann")

    def client(self, **options: object) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token()}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30, **options)  # type: ignore[arg-type]

    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "metrics-token").touch(mode=0o600)
    (tmp_path / "metrics-token").write_text(METRICS_TOKEN + "\n")
    server = Served(tmp_path)
    yield server
    assert server.end() == 0


def test_health_needs_no_token_and_tells_one_word(server: RunningServer) -> None:
    answer = httpx.get(server.url.removesuffix(BASE_PATH) + "/healthz", trust_env=False)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert httpx.head(server.url.removesuffix(BASE_PATH) + "/healthz", trust_env=False).status_code == 200
    assert httpx.get(server.url.removesuffix(BASE_PATH) + "/healthz?x=1", trust_env=False).status_code == 400


def test_there_are_no_metrics_without_a_token_for_them(server: RunningServer) -> None:
    url = server.url.removesuffix(BASE_PATH) + "/metrics"
    assert httpx.get(url, trust_env=False).status_code == 401
    with server.client() as ann:
        assert ann.get(url).status_code == 404


def test_a_store_that_cannot_be_written_is_not_healthy(tmp_path: Path) -> None:
    own = RunningServer(tmp_path / "data", prelude=commits_fail)
    own.start()
    url = own.url.removesuffix(BASE_PATH) + "/healthz"
    with own.client() as ann:
        assert ann.put("/data/set/k", content=b"x").status_code == 503
        answer = ann.get(url)
    assert (answer.status_code, answer.text) == (503, "read-only")
    assert own.stop() == 0


def test_metrics_count_what_happened(served: Served) -> None:
    served.flags = ("--metrics-token-file", str(served.folder / "metrics-token"))
    served.start()
    with served.client() as ann:
        assert ann.get(served.root + "/metrics").status_code == 401
        ann.put(f"/data/set/{CANARY}", content=b"12345")
        ann.put("/tmp/set/k", content=b"1")
        ann.get(f"/data/get/{CANARY}")
        ann.get("/data/get/missing")
        ann.get("/data/new_resumable_url/open")
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    text = httpx.get(served.root + "/metrics", headers=headers, trust_env=False).text
    rows = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    for name, wanted in {
        'requests_total{method="PUT",route="/{type}/set/{key}",status="2xx"}': 2,
        'requests_total{method="GET",route="/{type}/get/{key}",status="2xx"}': 1,
        'requests_total{method="GET",route="/{type}/get/{key}",status="4xx"}': 1,
        'request_duration_seconds_count{route="/{type}/get/{key}"}': 2,
        'request_duration_seconds_bucket{route="/{type}/get/{key}",le="+Inf"}': 2,
        "received_bytes_total": 6,
        "active_requests": 1,
        "open_uploads": 1,
        'blobs{type="data"}': 1,
        'blob_bytes{type="data"}': 5,
        'blob_bytes{type="tmp"}': 1,
        "read_only": 0,
        "stopping": 0,
        "damaged_reads_total": 0,
    }.items():
        assert float(rows[f"storage_tui_{name}"]) == wanted, name
    assert CANARY not in text
    kinds = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    bases = {name.partition("{")[0] for name in rows}
    assert all(any(base.startswith(kind) for kind in kinds) for base in bases)


def test_damage_is_counted(served: Served) -> None:
    served.flags = ("--metrics-token-file", str(served.folder / "metrics-token"))
    served.start()
    with served.client() as ann:
        ann.put(f"/data/set/{CANARY}", content=bytes(100_000))
        [path] = (served.folder / "data" / "blobs").glob("*/*")
        path.write_bytes(b"\1" + bytes(99_999))
        assert ann.get(f"/data/get/{CANARY}").status_code == 500
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        assert "storage_tui_damaged_reads_total 1" in ann.get(served.root + "/metrics", headers=headers).text
    assert "damaged" in served.errors()
    assert CANARY not in served.errors()


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_access_log_has_a_line_for_each_request_and_no_secret(served: Served, form: str) -> None:
    log = served.folder / "access"
    served.flags = ("--access-log", str(log), "--log-format", form)
    served.start()
    with served.client() as ann:
        token = ann.headers["authorization"].split()[1]
        ann.put(f"/data/set/{CANARY}", content=b"12345")
        signed = ann.get(f"/data/get_signed_url/{CANARY}").text
        assert httpx.get(signed, trust_env=False).content == b"12345"
        upload = ann.get(f"/data/new_resumable_url/{CANARY}").text
        assert httpx.put(upload, content=b"123", trust_env=False).status_code == 200
        refused = ann.get("/data/get/missing")
        deleted = ann.delete(f"/data/{CANARY}")
        assert deleted.is_success
        ann.get("/nothing/at/all")
    assert served.end() == 0
    text = log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    for secret in (CANARY, token, signed.rpartition("sig=")[2], upload.rpartition("/")[2]):
        assert secret not in text
        assert secret not in served.errors()
    lines = text.splitlines()
    assert len(lines) == 8
    [entry] = open_audit(served.folder / "data").entries()
    assert entry.key == CANARY
    if form == "text":
        assert any(f" {refused.headers['x-request-id']} GET /{{type}}/get/{{key}} 404 " in line for line in lines)
        return
    rows = [json.loads(line) for line in lines]
    by_id = {row["request"]: row for row in rows}
    assert len(by_id) == 8
    assert by_id[refused.headers["x-request-id"]]["status"] == 404
    assert by_id[entry.request_id]["user"] == entry.namespace
    assert by_id[entry.request_id]["method"] == "DELETE"
    assert (rows[0]["in"], rows[2]["out"], rows[2]["route"]) == (5, 5, "/signed/{type}/{key}")
    assert rows[-1]["route"] == "-"


def test_keys_are_in_the_log_where_that_is_asked(served: Served) -> None:
    log = served.folder / "access"
    served.flags = ("--access-log", str(log), "--log-format", "json", "--log-keys")
    served.start()
    with served.client() as ann:
        ann.put("/data/set/a%0Ab", content=b"1")
        ann.put(f"/data/set/{CANARY}%20x", content=b"1")
    assert served.end() == 0
    assert [json.loads(line).get("key") for line in log.read_text().splitlines()] == ["a%0Ab", f"{CANARY}%20x"]


def test_the_access_log_is_bounded_and_begun_again_when_it_was_moved(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access", form="json", shows_keys=False, max_bytes=2000)
    log.start()
    exchange = Exchange({"method": "GET"}, None)  # type: ignore[arg-type]
    for _ in range(5000):
        log.note(exchange)
    log.stop()
    assert {path.name for path in tmp_path.iterdir()} <= {"access", "access.1"}
    with pytest.raises(UnavailableError, match="cannot write the access log"):
        AccessLog(tmp_path, form="text", shows_keys=False).start()


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_that_were_dropped_are_counted_in_the_form_of_the_log(tmp_path: Path, form: str) -> None:
    log = AccessLog(tmp_path / "access", form=form, shows_keys=False)  # type: ignore[arg-type]
    for _ in range(QUEUE_LINES + 3):
        log.note(Exchange({"method": "GET"}, None))  # type: ignore[arg-type]
    log.start()
    log.stop()
    lines = (tmp_path / "access").read_text().splitlines()
    [told] = [line for line in lines if "missing in this log, as the disk is slow: 3 requests" in line]
    assert form == "text" or (json.loads(told)["dropped"] == 3 and all(json.loads(line)["at"] for line in lines))


def test_labels_are_bounded_whatever_is_asked() -> None:
    metrics = Metrics()
    for number in range(1000):
        metrics.note(Exchange({"method": f"M{number}"}, None))  # type: ignore[arg-type]
    text = metrics.render(active=0, is_stopping=False, is_read_only=False, overview=None)
    assert 'requests_total{method="other",route="-",status="4xx"} 1000' in text


@pytest.mark.parametrize(("mode", "content", "why"), [(0o644, "x" * 20, "chmod 600"), (0o600, "short", "longer")])
def test_a_metrics_token_that_is_no_secret_is_refused(tmp_path: Path, mode: int, content: str, why: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(UnavailableError, match=why):
        read_metrics_token(path)
    with pytest.raises(UnavailableError, match="cannot read"):
        read_metrics_token(tmp_path / "none")


def test_an_end_under_load_finishes_downloads_keeps_offsets_and_is_told_first(served: Served) -> None:
    served.flags = ("--shutdown-notice", "60s")
    served.start()
    content = os.urandom(24 * 1024 * 1024)
    got: dict[int, bytes] = {}
    begun = [threading.Event() for _ in range(6)]
    may_go_on = threading.Event()
    with served.client() as ann:
        url = ann.get("/data/new_resumable_url/large").text
        assert httpx.put(url, content=content, trust_env=False, timeout=60).status_code == 200
        session_url = ann.get("/data/new_resumable_url/later").text

        def download(number: int) -> None:
            with served.client() as reader, reader.stream("GET", "/data/get/large") as answer:
                pieces = answer.iter_raw()
                whole = bytearray(next(pieces))
                begun[number].set()
                wait_for(may_go_on, "a download may go on")
                for piece in pieces:
                    whole += piece
                got[number] = bytes(whole)

        def upload() -> Iterator[bytes]:
            yield bytes(4 * UPLOAD_QUANTUM)
            while True:  # a sender that never ends
                yield bytes(1024)
                if served.process.poll() is not None:
                    return

        threads = [threading.Thread(target=download, args=(number,)) for number in range(6)]
        sender = threading.Thread(target=_send, args=(session_url, upload()))
        for thread in (*threads, sender):
            thread.start()
        for event in begun:
            wait_for(event, "the first bytes of a download")
        served.process.terminate()
        while (answer := httpx.get(served.root + "/healthz", trust_env=False)).status_code == 200:
            pass
        assert (answer.status_code, answer.text) == (503, "stopping")
        assert ann.get("/data/list").status_code == 200  # whoever still comes is served
        may_go_on.set()
        wait_for_end(*threads)
        served.process.terminate()  # the upload would never end: a second signal hurries
        assert served.process.wait(30) == 0
        wait_for_end(sender)
    assert all(got[number] == content for number in range(6))
    assert served.process.stdout is not None
    served.process.stdout.close()
    served.flags = ()
    served.start()
    path = session_url.partition(BASE_PATH)[2]
    answer = httpx.put(served.url + path, headers={"Content-Range": "bytes */*"}, trust_env=False)
    assert answer.status_code == 308
    assert int(answer.headers["range"].rpartition("-")[2]) + 1 >= 4 * UPLOAD_QUANTUM
    assert "Traceback" not in served.errors()


def _send(url: str, body: Iterator[bytes]) -> None:
    try:
        httpx.put(url, content=body, trust_env=False, timeout=30)
    except httpx.TransportError:
        return


needs_openssl = pytest.mark.wants("openssl")


def make_certificate(folder: Path) -> Certificate:
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", str(key), "-out", str(chain), "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    return Certificate(chain, key)


@needs_openssl
def test_it_serves_tls_and_takes_a_new_certificate_without_an_end(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_certificate(served.folder)
    served.flags = ("--tls-cert", str(files.chain), "--tls-key", str(files.key))
    served.start()
    assert served.url.startswith("https://")
    first = ssl.create_default_context(cafile=str(files.chain))
    monkeypatch.setattr(session, "ssl_context", lambda: first)
    content = bytes(range(256)) * 20_000
    with Storage(served.url, token=served.token()) as storage:
        (served.folder / "file").write_bytes(content)
        storage.set_file("k", served.folder / "file")  # the upload URL is https as well
        assert storage.get("k") == content
    with pytest.raises(httpx.ConnectError), served.client() as stranger:
        stranger.get("/data/list")
    with served.client(verify=first) as ann, ann.stream("GET", "/data/get/k") as answer:
        pieces = answer.iter_raw()
        whole = next(pieces)
        make_certificate(served.folder)
        second = ssl.create_default_context(cafile=str(files.chain))
        served.process.send_signal(signal.SIGHUP)
        while not _answers(served, second):
            pass
        for piece in pieces:
            whole += piece
        assert whole == content  # begun under the first certificate, ended after it had gone
    files.key.write_text("no key")
    served.process.send_signal(signal.SIGHUP)
    while "stays as it was" not in served.errors():
        assert _answers(served, second)
    assert _answers(served, second)


def _answers(served: Served, context: ssl.SSLContext) -> bool:
    try:
        return httpx.get(served.root + "/healthz", verify=context, trust_env=False).text == "ok"
    except httpx.ConnectError:
        return False


@needs_openssl
def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    files.check()
    files.key.chmod(0o644)
    with pytest.raises(UnavailableError, match="chmod 600"):
        files.check()
    files.key.chmod(0o600)
    with pytest.raises(UnavailableError, match="cannot serve TLS"):
        Certificate(tmp_path / "none", files.key).check()
    files.chain.write_text("nonsense")
    with pytest.raises(UnavailableError, match="cannot serve TLS"):
        files.check()
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    with pytest.raises(UnavailableError, match="cannot serve TLS"):
        Certificate(other.chain, files.key).check()
