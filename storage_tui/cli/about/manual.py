"""`storage-tui man`: the manual page, made from the commands."""

from collections.abc import Iterator
from pathlib import Path

import click

from storage_tui.cli.about.environment import VARIABLES
from storage_tui.cli.output import EXIT_MEANINGS
from storage_tui.cli.printing import say, say_page
from storage_tui.contract.errors import LocalFileError
from storage_tui.machine import directories
from storage_tui.machine.version import __version__

NAME = "storage-tui"


@click.command()
@click.option(
    "--write", "folder", type=click.Path(path_type=Path), metavar="DIR",
    help="Write it to DIR/man1/storage-tui.1, such as ~/.local/share/man, where man finds it.",
)  # fmt: skip
@click.pass_context
def man(ctx: click.Context, folder: Path | None) -> None:
    """Print the manual page: storage-tui man | man -l -"""
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    page = "\n".join(_page(root)) + "\n"
    if folder is None:
        say_page(page)
        return
    path = folder.expanduser() / "man1" / f"{NAME}.1"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, "utf-8")
    except OSError as exc:
        raise LocalFileError(f"{path} cannot be written: {exc.strerror}") from exc
    say(str(path))


def _page(root: click.Group) -> Iterator[str]:
    context = click.Context(root, info_name=NAME)
    yield f'.TH {NAME.upper()} 1 "" "{NAME} {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"{NAME} \\- browse, preview and move blobs of the Storage API"
    yield ".SH SYNOPSIS"
    yield f".B {_roff(NAME)}"
    yield _roff("[COMMAND] [LOCATION] [ARGS]...")
    yield ".SH DESCRIPTION"
    yield from _prose(root.help or "")
    yield ".SH COMMANDS"
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        if command is not None and not command.hidden:
            yield from _command(command, click.Context(command, info_name=name, parent=context))
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_MEANINGS.items():
        yield from (".TP", f".B {code}", _roff(meaning))
    yield ".SH ENVIRONMENT"
    for variable in VARIABLES:
        yield from (".TP", f".B {_roff(variable.name)}", _roff(variable.summary))
    yield from _keys()
    yield ".SH FILES"
    for file, meaning in (
        (directories.config_file(), "Settings; storage-tui config --write makes one."),
        (directories.config_file().with_name("keys.toml"), "Your own keys for the browser, see KEYS."),
        (directories.data_dir(), "The embedded store."),
    ):
        shown = str(file).replace(str(Path.home()), "~", 1)
        yield from (".TP", f".I {_roff(shown)}", _roff(meaning))


def _keys() -> Iterator[str]:
    """Yield the rows of the browser's commands, by their names in keys.toml."""
    from storage_tui.tui.commands import COMMANDS, key_label  # the browser is loaded only for this page
    from storage_tui.tui.keys_file import HOW_KEYS_ARE_WRITTEN, PRESETS

    yield ".SH KEYS"
    yield from _prose(
        "The file keys.toml beside the settings gives commands of the browser other keys: a table [keys], a line for "
        f'each, such as usage = ["Z", "g u"]; {HOW_KEYS_ARE_WRITTEN}. A line preset = "NAME" above it begins with the '
        f"keys of {' or '.join(PRESETS)}. A key for two commands is reported at the start, and none is changed then."
    )
    named = {row.id: row for row in reversed(COMMANDS)}  # of commands with one name on several screens, the first
    for row in dict.fromkeys(named[row.id] for row in COMMANDS):
        yield from (".TP", f".B {_roff(row.id)}", _roff(f"{', '.join(map(key_label, row.keys))}: {row.help}"))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield a command with its flags, or a group and each command in it."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _command(child, click.Context(child, info_name=name, parent=context))
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS {_roff(f'{context.command_path} {usage}'.removeprefix(f'{NAME} '))}"
    yield from _prose(command.help or "")
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record is not None and record[1] and "--help" not in param.opts:
            yield from (".TP", f".B {_roff(record[0])}", _roff(record[1]))


def _prose(text: str) -> Iterator[str]:
    """Yield the paragraphs. A paragraph that begins with a backspace keeps its lines, as in click."""
    for paragraph in text.split("\n\n"):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if lines and lines[0] == "\b":
            yield from (".nf", *map(_roff, lines[1:]), ".fi")
        elif lines:
            yield from (_roff(" ".join(lines)), ".PP")


def _roff(text: str) -> str:
    """Return the text, escaped so that the formatter takes it as text."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain
