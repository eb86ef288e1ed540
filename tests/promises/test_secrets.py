"""One token is a canary: whatever is done with it, it is found nowhere but in the file its owner keeps it in."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.faults.proxy import Fault, FaultProxy
from tests.server.preludes import a_defect_that_names_the_key
from tests.server.running import RunningServer
from tests.terminal import Terminal

MIB = 1024 * 1024
PIECE = 24  # characters of the signature that are searched for: a part of a token is a leak too

pytestmark = pytest.mark.slow


@pytest.fixture
def keeper(home: dict[str, str], token: str) -> dict[str, str]:
    """The environment of somebody whose token is in a file, as all who use the program should have it."""
    path = Path(home["HOME"]) / "token"
    path.write_text(token)
    path.chmod(0o600)
    return {**home, "STORAGE_TUI_TOKEN_FILE": str(path)}


@pytest.fixture
def behind(server: RunningServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as running:
        yield running


def files_with(canary: bytes, *folders: Path) -> list[Path]:
    """The files that hold it, but for the token file itself."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "token":
                with suppress(OSError):
                    if canary in path.read_bytes():
                        found.append(path)
    return found


def processes_with(canary: bytes) -> list[str]:
    """The processes whose command line or environment, which others may read, hold it."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            for name in ("cmdline", "environ"):
                with suppress(OSError):
                    if canary in (folder / name).read_bytes():
                        found.append(f"{name} of {(folder / 'cmdline').read_bytes()!r}")
    return found


def program(*arguments: object, url: str) -> list[str]:
    return [sys.executable, "-m", "storage_tui", *map(str, arguments), "--url", url]


def test_a_token_is_nowhere_but_in_its_file(
    server: RunningServer, token: str, storage: Storage, keeper: dict[str, str], behind: FaultProxy, tmp_path: Path
) -> None:
    canary = token.rpartition(".")[2][:PIECE].encode()
    said: list[bytes] = []
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(64 * MIB)
    storage.set("big", b"x" * (8 * MIB))

    # Commands that work, fail and are refused
    for arguments in (
        ("ls",), ("ls", "--json"), ("put", large, "data:large"), ("get", "data:nothing"), ("rm", "data:nothing"),
        ("cat", "data:big/"), ("ls", "data:\x07"), ("put", large, "products:large"), ("rm", "products:large", "--yes"),
        ("url", "data:none/at/all"),
    ):  # fmt: skip
        done = subprocess.run(
            program(*arguments, url=server.url), env=keeper, capture_output=True, check=False, timeout=60
        )
        said += [done.stdout, done.stderr]

    # Transfers that are killed, whose journals stay
    for verb, first, second in (("put", large, "data:killed"), ("get", "data:big", tmp_path / "big")):
        behind.faults.append(Fault(stall_up=3 * MIB, stall_down=3 * MIB))
        behind.default = Fault(stall_up=3 * MIB, stall_down=3 * MIB)
        process = subprocess.Popen(
            program(verb, first, second, url=behind.url), env=keeper, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        behind.stalled.get(timeout=60)
        assert processes_with(canary) == []
        process.send_signal(signal.SIGKILL)
        said += process.communicate(timeout=30)
        behind.cut_all()
    journals = list((Path(keeper["XDG_STATE_HOME"])).rglob("*.json"))
    assert journals
    assert all(b"/upload/" not in path.read_bytes() for path in journals), "an upload URL is a secret too"
    behind.default = Fault()
    behind.release()
    done = subprocess.run(program("resume", url=behind.url), env=keeper, capture_output=True, check=False, timeout=100)
    said += [done.stdout, done.stderr]

    # The browser, its log, and the screen of a crash
    with Terminal(program(url=server.url), environ=keeper) as terminal:
        terminal.wait_for("big")
        terminal.send("R", "L")
        terminal.wait_for("Log ")
        assert processes_with(canary) == []
        os.kill(terminal.process.pid, signal.SIGTERM)
        terminal.wait_for_exit()
        said.append(bytes(terminal.raw))
    broken = [sys.executable, "-m", "tests.promises.broken_browser", "--url", server.url]
    with Terminal(broken, environ=keeper) as terminal:
        assert terminal.wait_for_exit() != 0
        said.append(bytes(terminal.raw))
        assert b"stopped by a defect" in terminal.raw

    # A client whose calls fail
    for wrong in (f"http://127.0.0.1:1{server.url.partition('127.0.0.1')[2][5:]}", server.url + "/elsewhere"):
        with Storage(wrong, token=token, retries=0) as client:
            try:
                client.list()
            except Exception as exc:
                said.append(f"{exc!r} {exc} {exc.__cause__!r} {client!r} {vars(exc)}".encode())

    text = b"".join(said)
    assert len(text) > 1000
    assert canary not in text
    assert files_with(canary, Path(keeper["HOME"]), Path(keeper["XDG_RUNTIME_DIR"]), tmp_path) == []
    assert canary.decode() not in server.log_text()
    assert files_with(canary, server.data_dir) == []


def test_what_a_server_writes_of_its_keys_is_in_files_of_its_own(server: RunningServer, storage: Storage) -> None:
    storage.set("k", b"x")
    signed = storage.get_signed_url("k")
    upload = storage.get_upload_url("k2")
    for secret in (signed.rpartition("=")[2], upload.rpartition("/")[2]):
        assert secret not in server.log_text()
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, f"{path.name} can be read by others"


def test_a_defect_is_logged_by_its_place_alone(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data", prelude=a_defect_that_names_the_key)
    server.start()
    with server.client() as ann:
        answer = ann.head("/data/get/k")
        assert answer.status_code == 500
        answer = ann.get("/data/get_signed_url/k")
    assert server.stop() == 0
    log = server.log_text()
    assert "ValueError at " in log and answer.headers["x-request-id"] in log
    assert "canary" not in log + answer.text and "Traceback" not in log
