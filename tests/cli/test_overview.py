"""The overview that `storage-tui --help` prints: every command in a line, and none of them loaded for it."""

import subprocess
import sys

import click

from storage_tui.cli.main import cli

OVERVIEW = "import sys; from storage_tui.cli.main import cli; cli.main(['--help'], standalone_mode=False); "
LINE_CELLS = 80


def test_each_command_has_a_line_that_is_not_cut(run):
    lines = run("--help").stdout.decode().split("Commands:\n")[1].splitlines()
    context = click.Context(cli)
    assert [line.split()[0] for line in lines] == cli.list_commands(context)
    for line in lines:
        assert len(line) <= LINE_CELLS
        assert not line.endswith("...")
        assert line[2].isalpha()  # begins with a name: no line goes on in the next


def test_the_overview_loads_no_command():
    code = f"{OVERVIEW}print(*(name for name in sys.modules if name.startswith('storage_tui.')))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(printed.splitlines()[-1].split())
    context = click.Context(cli)
    commands = [cli.get_command(context, name) for name in cli.list_commands(context)]
    homes = {command.callback.__module__ for command in commands if command is not None and command.callback}
    assert len(homes) > 5
    assert not loaded & {home for home in homes if home != "storage_tui.cli.main"}
