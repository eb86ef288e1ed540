"""What every command keeps to, read off the command table; and the settings and the manual page made from it."""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields

import click
import pytest

from storage_tui.cli.about.environment import VARIABLES
from storage_tui.cli.main import cli
from storage_tui.cli.output import EXIT_MEANINGS, exit_code
from storage_tui.cli.settings import Settings, load
from storage_tui.contract import errors
from storage_tui.tui.commands import COMMANDS as BROWSER_COMMANDS
from tests import wanted
from tests.terminal import Terminal

WITHOUT_JSON = {
    "browse": "draws on the terminal",
    "cat": "prints the bytes of blobs",
    "completion": "prints a script",
    "help": "prints a page",
    "man": "prints a page",
    "serve": "prints one line and stays",
    "web": "prints one link and stays",
    "quota set": "shows the limits that `quota show --json` gives",
    "quota load": "prints nothing to standard output",
    "token create": "prints a token and nothing else",
    "token revoke": "prints nothing to standard output",
    "token rotate-keys": "prints nothing to standard output",
}


def every_command(group=cli, path=()):
    """The command table, groups walked down: words and command."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(every_command())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_speaks_json_or_has_a_reason_not_to(name):
    flags = {flag for param in COMMANDS[name].params for flag in param.opts}
    assert ("--json" in flags) != (name in WITHOUT_JSON), f"{name}: give it --json, or the reason in WITHOUT_JSON"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_and_each_of_its_flags(name):
    command = COMMANDS[name]
    assert command.help, name
    assert re.match(r"[A-Z].*[.:-]", command.help.split("\n\n")[0].replace("\n", " ")), command.help
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, f"{name} {param.opts}"
            assert param.opts[-1] == param.opts[-1].lower()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_flag_that_is_not_there_is_a_usage_error_in_one_line(name, capsys, monkeypatch):
    from storage_tui.cli.main import main

    monkeypatch.setattr(sys, "argv", ["storage-tui", *name.split(), "--no-such-flag"])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    assert end.value.code == 2
    assert "--no-such-flag" in said.err
    assert said.out == ""


def test_every_error_has_an_exit_code_that_is_explained():
    def descendants(kind):
        return [kind, *(deeper for child in kind.__subclasses__() for deeper in descendants(child))]

    codes = {exit_code(kind("no", key=None)) for kind in descendants(errors.StorageError)}
    assert codes <= set(EXIT_MEANINGS)
    assert {3, 4, 5} <= codes


def test_a_pipe_in_and_a_pipe_out(run):
    assert json.loads(run("put", "-", "pipes/a", stdin=b"one", code=0).stdout or "{}") == {}
    assert run("get", "pipes/a", "-").stdout == b"one"
    assert run("cat", "pipes/a", "pipes/a").stdout == b"oneone"


def test_pipes_of_the_shell_are_read_and_written(run, home):
    command = f"exec {shlex.quote(sys.executable)} -m storage_tui"
    for words, expected in (
        (f"({command} put <(printf one) data:pipes/shell.json)", b""),
        (f"({command} get data:pipes/shell.json /dev/stdout | cat)", b"one"),
        (f"({command} get data:pipes/shell.json >(cat)) | cat", b"one"),
        (f"({command} get data:pipes/shell.json /dev/null)", b""),
    ):
        done = subprocess.run(
            ["bash", "-c", words], capture_output=True, check=True, timeout=60, env={**os.environ, **home}
        )
        assert (done.stdout, done.stderr) == (expected, b"")
    assert run("cat", "pipes/shell.json").stdout == b"one"
    assert json.loads(run("ls", "--json", "pipes/shell.json").stdout)["content_type"] == "application/json"
    refused = subprocess.run(
        ["bash", "-c", f"{command} put <(printf one) data:pipes/"], capture_output=True, check=False, timeout=60,
        env={**os.environ, **home},
    )  # fmt: skip
    assert refused.returncode == 2
    assert b"is a pipe; name the key it goes to" in refused.stderr


def test_json_of_copies_removals_and_links(run):
    run("put", "-", "tmp:json/a", stdin=b"one")
    made = json.loads(run("cp", "--json", "tmp:json/a", "data:json/b").stdout)
    assert (made["storage_type"], made["key"], made["size"]) == ("data", "json/b", 3)
    rows = [json.loads(row) for row in run("rm", "--json", "data:json/b", "data:json/c", code=6).stdout.splitlines()]
    assert [(row["key"], row["error"]) for row in rows] == [("json/b", None), ("json/c", "not_found")]


def test_config_shows_each_setting_and_where_it_came_from(run, tmp_path):
    home = tmp_path / "own"
    written = run("config", "--write", STORAGE_TUI_HOME=str(home)).stdout.decode().strip()
    assert load({}, file=home / "config" / "config.toml", environ={}) == Settings()
    assert written == str(home / "config" / "config.toml")
    text = (home / "config" / "config.toml").read_text()
    names = [field.name for field in fields(Settings)]
    assert re.findall(r"# (\w+) = .*\n\n", text)[: len(names) - 1] == [name for name in names if name != "profile"]
    (home / "config" / "config.toml").write_text(
        text.replace("# mouse = ", "mouse = ").replace("# theme = ", "theme = ")
    )
    rows = [
        json.loads(row)
        for row in run(
            "config", "--json", STORAGE_TUI_HOME=str(home), STORAGE_TUI_THEME="dracula", DESCARTESLABS_TOKEN="a.b.c"
        ).stdout.splitlines()
    ]
    found = {row["name"]: row for row in rows}
    assert found["theme"]["value"] == "dracula"
    assert found["theme"]["from"] == "STORAGE_TUI_THEME"
    assert found["mouse"] == {**found["mouse"], "value": "true", "from": written}
    assert found["data_dir"]["from"] == "default"
    assert {variable.name for variable in VARIABLES if variable.name not in found} == {
        f"STORAGE_TUI_{name.upper()}" for name in names
    }
    assert found["DESCARTESLABS_TOKEN"]["value"] == "set, not shown"
    assert "a.b.c" not in json.dumps(rows)


def test_config_leaves_a_file_alone_and_names_it(run, tmp_path):
    home = tmp_path / "kept"
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("mouse = false\n")
    refusal = run("config", "--write", code=2, STORAGE_TUI_HOME=str(home))
    assert b"is there already" in refusal.stderr
    assert run("config", "--path", STORAGE_TUI_HOME=str(home)).stdout.decode().strip().endswith("config.toml")
    assert (home / "config" / "config.toml").read_text() == "mouse = false\n"


def test_the_published_name_of_the_url_is_shown_as_what_it_is(run):
    rows = run("config", DESCARTESLABS_STORAGE_URL="http://127.0.0.1:9/storage/v1").stdout.decode().splitlines()
    assert rows[0].split() == ["url", "http://127.0.0.1:9/storage/v1", "DESCARTESLABS_STORAGE_URL"]


def test_the_manual_page_names_every_command_flag_exit_code_and_environment_name(run, tmp_path):
    page = run("man").stdout.decode().replace("\\-", "-").replace("\\&", "")
    for name, command in COMMANDS.items():
        assert f".SS {name}" in page
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden:
                assert param.opts[-1] in page
    assert all(f".B {code}\n" in page for code in EXIT_MEANINGS)
    assert all(variable.name in page for variable in VARIABLES)
    assert all(f".B {row.id}\n" in page for row in BROWSER_COMMANDS) and 'preset = "NAME"' in page
    assert run("man", "--write", str(tmp_path)).stdout.decode().strip() == str(tmp_path / "man1" / "storage-tui.1")
    written = str(tmp_path / "man1" / "storage-tui.1")
    done = subprocess.run(
        [wanted.program("groff"), "-K", "utf8", "-man", "-Tutf8", "-ww", "-z", written],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == b""


def _colour_codes(raw):
    """The parts of SGR sequences that choose a colour, the terminal's own included."""
    parts = [part for codes in re.findall(rb"\x1b\[([\d;:]*)m", raw) for part in re.split(rb"[;:]", codes) if part]
    return [int(part) for part in parts if 30 <= int(part) <= 49 or 90 <= int(part) <= 107]


def _without(words):
    return lambda text: words not in text


def _read_to_the_end(text):
    """Whether the clean-up has all its rows: before, a heading marks those that have come."""
    return "expires within" in text and "reading…" not in text


def test_no_color_means_no_colours(home):
    command = [sys.executable, "-m", "storage_tui", "--demo"]
    environ = {**home, "NO_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with Terminal(command, environ=environ) as seen:
        seen.wait_for("rasters", timeout_s=60)
        seen.wait_for("q quit", timeout_s=60)
        for keys, words in (
            ("j ", "● 1 folder"), ("\x1b", _without("●")), ("?", "In the main list"), ("q", _without("Help")),
            ("U", "bytes↓"), ("q", _without("bytes↓")), ("2", "tmp ▸ /"), ("t", _read_to_the_end),
            (" D", "Delete 3 blobs"), ("\x1b", _without("Delete 3")), ("q", _without("clean-up")),
            ("L", "newest first"), ("q", _without("newest first")), ("gldata:rasters/\r", "data ▸ rasters/"),
            ("\r", "▸ rasters/elevation_10m.tif"),
        ):  # fmt: skip
            seen.send(*keys)
            seen.wait_for(words, timeout_s=60)
        seen.send("q", "q")
        seen.wait_for_exit(timeout_s=60)
    assert _colour_codes(bytes(seen.raw)) == []
    assert b"\x1b[1m" in seen.raw


@pytest.mark.parametrize(("value", "has_colours"), [("", True), ("1", False), ("0", False)])
def test_an_empty_no_color_does_not_count(home, value, has_colours):
    environ = {**home, "NO_COLOR": value, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with Terminal([sys.executable, "-m", "storage_tui"], environ=environ) as seen:
        seen.wait_for("? help", timeout_s=60)
        seen.send("q")
        seen.wait_for_exit(timeout_s=60)
    with Terminal([sys.executable, "-m", "storage_tui", "doctor"], environ=environ) as checked:
        checked.wait_for_exit(timeout_s=60)
    assert bool(_colour_codes(bytes(seen.raw))) == bool(_colour_codes(bytes(checked.raw))) == has_colours
