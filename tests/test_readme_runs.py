"""Every command line and code block of the README runs, and every name that it documents exists, and the other way
round."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from storage_tui.cli.about.environment import VARIABLES
from storage_tui.cli.main import cli
from storage_tui.cli.output import EXIT_MEANINGS
from storage_tui.cli.settings import ENV_PREFIX, Settings
from tests.readme_tables import filled
from tests.test_readme import EVERY_PAGE, PAGES, ROOT, blocks
from tests.world.environment import world_python

ELSEWHERE = (  # begins of lines that another test runs, since they stay, draw, or set up an environment
    ("python3 -m venv", ".ci/run; tests/test_packaging.py"),
    ("storage-tui serve", "tests/server/run/test_serve.py"),
    ("storage-tui token", "tests/server/"),
    ("storage-tui --url", "tests/cli/test_browse.py"),
    ("storage-tui tmp:", "tests/cli/test_browse.py"),
    ("storage-tui --profile", "tests/cli/test_browse.py"),
    ("source <(", "tests/cli/test_completion.py"),
    ("export ", "tests/conformance/"),
)


def shell_lines():
    """The command lines of the README, without what is said of them, continued lines joined."""
    lines = []
    for block in blocks("sh", EVERY_PAGE):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True, posix=False)
            if words:
                lines.append(" ".join(words))
    return lines


LINES = shell_lines()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """A home, an embedded store, and the files that the README speaks of; what one line leaves the next one finds."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "dem.tif").write_bytes(b"II*\0" + bytes(1000))
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("a note\n")
    shutil.copy(ROOT / "README.md", folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_TUI", "DESCARTESLABS"))}
    environ = {
        **kept, "HOME": str(folder), "STORAGE_TUI_HOME": str(folder / "store"), "STORAGE_TUI_LINGER": "20",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    return folder, environ


def run(sandbox, command, **options):
    folder, environ = sandbox
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=100, input="y\n", **options
    )


def test_every_command_line_of_the_readme_runs(sandbox):
    ran = 0
    for line in LINES:
        if any(line.startswith(begin) for begin, _ in ELSEWHERE):
            continue
        if " get " in line:
            (sandbox[0] / "dem.tif").unlink(missing_ok=True)
        allowed = (0, 2) if " rm " in line else (0,)  # without a terminal rm wants --yes
        result = run(sandbox, ["bash", "-c", f"set -o pipefail; {line}"])
        assert result.returncode in allowed, (line, result.stderr)
        assert "Traceback" not in result.stderr
        ran += 1
    assert ran > 8
    assert not [begin for begin, _ in ELSEWHERE if not any(line.startswith(begin) for line in LINES)
                and begin != "storage-tui --profile"]  # fmt: skip


@pytest.mark.parametrize("line", [line for line in LINES if "storage-tui " in line and "venv" not in line])
def test_every_command_line_of_the_readme_has_flags_that_exist(line):
    for part in re.findall(r"storage-tui ([^|)>]*)", line):
        words = shlex.split(part)
        context = cli.make_context("storage-tui", list(words), resilient_parsing=False)
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        while isinstance(command, click.Group):
            inner = command.make_context(name, list(rest), parent=context)
            name, command, rest = command.resolve_command(inner, [*inner._protected_args, *inner.args])
        command.make_context(name, list(rest), parent=context)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", range(len(blocks("python", EVERY_PAGE))))
def test_every_python_block_of_the_readme_runs(sandbox, number):
    code = blocks("python", EVERY_PAGE)[number]
    python = world_python() if "pandas" in code else sys.executable
    result = run(sandbox, [str(python), "-W", "ignore", "-c", code])
    assert result.returncode == 0, result.stderr
    wanted = {"pandas": "4.0\n", "fsspec": "3 ['data/run/a.bin', 'data/run/b.bin']\n"}
    for name, said in wanted.items():
        if f"import {name}" in code:
            assert result.stdout == said


def test_every_environment_name_is_documented_and_every_documented_one_is_read():
    documented = {variable.name for variable in VARIABLES}
    named = set(re.findall(r"\b(?:STORAGE_TUI|DESCARTESLABS)_[A-Z_]+\b", EVERY_PAGE)) - {"DESCARTESLABS_ENV"}
    assert named <= documented
    read = set()
    for file in (ROOT / "storage_tui").rglob("*.py"):
        text = file.read_text("utf-8")
        read |= set(re.findall(r"[\"'](?:STORAGE_TUI|DESCARTESLABS)_[A-Z_]*[A-Z][\"']", text))
    settings = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.__dataclass_fields__}
    assert {name.strip("\"'") for name in read} <= documented | settings
    assert {name for name in documented if name.startswith(ENV_PREFIX)} - settings <= {
        name.strip("\"'") for name in read
    }


def test_the_tables_of_commands_and_environment_names_are_those_of_the_program():
    page = PAGES["storage_tui/cli/README.md"]
    assert filled(page) == page, "run python -m tests.readme_tables"


def test_every_exit_code_is_documented():
    (sentence,) = re.findall(r"Exit codes: ([^.]*)\.", EVERY_PAGE)
    assert {int(code) for code in re.findall(r"\b(\d+)\b", sentence)} == set(EXIT_MEANINGS)


def test_every_flag_that_the_readme_names_exists():
    known = {"--help", "-h", "--version"}

    def collect(group):
        for name in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), name)
            known.update(flag for param in command.params for flag in (*param.opts, *param.secondary_opts))
            if isinstance(command, click.Group):
                collect(command)

    collect(cli)
    assert set(re.findall(r"`(--[a-z0-9-]+)[^`]*`", EVERY_PAGE)) <= known
