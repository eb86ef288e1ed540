"""The tables of the page about commands that are made from the program: `python -m tests.readme_tables` renews them."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from storage_tui.cli.about.environment import VARIABLES
from storage_tui.cli.main import cli

PAGE = Path(__file__).parent.parent / "storage_tui" / "cli" / "README.md"


def commands_table() -> str:
    """Every command and the first sentence of its help."""
    rows = "".join(f"| `storage-tui {name}` | {text} |\n" for name, text in _commands(cli, ()))
    return f"| command | |\n|---|---|\n{rows}"


def environment_table() -> str:
    """Every environment name and what it is for."""
    rows = "".join(f"| `{variable.name}` | {variable.summary} |\n" for variable in VARIABLES)
    return f"| environment name | for |\n|---|---|\n{rows}"


TABLES = {"commands": commands_table, "environment": environment_table}


def filled(text: str) -> str:
    """The page with its tables as the program has them."""
    for name, make in TABLES.items():
        marked = re.compile(rf"(<!-- {name}:[^\n]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
        assert marked.search(text), f"the page has no marks for the table of {name}"
        text = marked.sub(partial(_between, make()), text)
    return text


def _between(made: str, match: re.Match[str]) -> str:
    return f"{match[1]}{made}{match[2]}"


def _commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        elif command is not None and not command.hidden:
            help_text = " ".join((command.help or "").split("\n\n")[0].split())
            yield (
                " ".join((*path, name)),
                re.split(r"(?<=[a-z\)])\. |: `|: storage-tui", help_text)[0].rstrip(".").replace("|", "\\|"),
            )


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
