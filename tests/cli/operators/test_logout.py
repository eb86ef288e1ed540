"""Whether the system ends a user's processes at logout, as systemd-logind's files say."""

from pathlib import Path

import pytest

from storage_tui.cli.operators import logout
from storage_tui.cli.operators.checks import logout as check
from storage_tui.cli.operators.logout import ends_processes, has_linger
from storage_tui.cli.settings import Settings

KILLS = "[Login]\nKillUserProcesses=yes\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run/systemd/seats").mkdir(parents=True)
    return tmp_path


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "kills"),
    [
        (KILLS, True),
        ("[Login]\nKillUserProcesses = true\n", True),
        ("[Login]\nKillUserProcesses=1", True),
        ("[Login]\nKillUserProcesses=On\r\n", True),
        ("[Login]\n#KillUserProcesses=yes\n", False),
        ("[Login]\n ; KillUserProcesses=yes\n", False),
        ("[Login]\nKillUserProcesses=no\n", False),
        ("[Login]\nKillUserProcesses=\n", False),
        ("[Other]\nKillUserProcesses=yes\n", False),
        ("KillUserProcesses=yes\n", False),
        (f"{KILLS}KillUserProcesses=no\n", False),
        (f"{KILLS}KillExcludeUsers=root ann\n", False),
        (f"{KILLS}KillExcludeUsers=root\n", True),
        (f"{KILLS}KillOnlyUsers=ben\n", False),
        (f"{KILLS}KillOnlyUsers=ben ann\n", True),
        ("", False),
        ("\x00\x00[", False),
    ],
)
def test_the_file_is_read_as_logind_reads_it(root: Path, text: str, kills: bool) -> None:
    path = write(root, "etc/systemd/logind.conf", text)
    assert ends_processes(root, user="ann") == (path if kills else None)


def test_root_is_spared_unless_the_file_says_otherwise(root: Path) -> None:
    path = write(root, "etc/systemd/logind.conf", KILLS)
    assert ends_processes(root, user="root") is None
    path.write_text(f"{KILLS}KillExcludeUsers=ann\n")
    assert ends_processes(root, user="root") == path


def test_a_part_overrules_the_file_and_etc_overrules_usr(root: Path) -> None:
    write(root, "usr/lib/systemd/logind.conf", KILLS)
    assert ends_processes(root, user="ann") is not None
    write(root, "etc/systemd/logind.conf", "[Login]\n")
    assert ends_processes(root, user="ann") is None
    part = write(root, "usr/lib/systemd/logind.conf.d/50-kill.conf", KILLS)
    assert ends_processes(root, user="ann") == part
    write(root, "etc/systemd/logind.conf.d/50-kill.conf", "")
    assert ends_processes(root, user="ann") is None


def test_without_logind_nobody_ends_them(tmp_path: Path) -> None:
    write(tmp_path, "etc/systemd/logind.conf", KILLS)
    assert ends_processes(tmp_path, user="ann") is None


def test_linger_is_seen(root: Path) -> None:
    assert not has_linger("ann", root)
    write(root, "var/lib/systemd/linger/ann", "")
    assert has_linger("ann", root) and not has_linger("", root)


@pytest.mark.parametrize("lingers", [False, True])
def test_doctor_says_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch, lingers: bool) -> None:
    path = write(root, "etc/systemd/logind.conf", KILLS)
    monkeypatch.setattr(logout, "user_name", lambda: "ann")
    monkeypatch.setattr(logout, "ends_processes", lambda: ends_processes(root, user="ann"))
    monkeypatch.setattr(logout, "has_linger", lambda user: lingers)
    [line] = check(Settings())
    assert line.level == "warn" and str(path) in line.text and "systemd-run --user --scope" in line.advice
    assert ("enable-linger ann" in line.advice) != lingers
