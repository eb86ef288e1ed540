"""The words after `storage-tui` that are no command: a location to browse, or a command that was misspelt."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from storage_tui.cli.start.leading_flags import VALUE_FLAGS
from storage_tui.contract.errors import NotFoundError, StorageError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.storage_types import ALIASES, STORAGE_TYPES

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

COMMANDS = "storage-tui.commands"  # in the meta of click's context when nobody typed `browse`: all commands
ALIKE = 0.6  # how alike two words are at least, by difflib's measure, which calls 0.6 a good match


def check_several(args: Sequence[str], commands: Iterable[str]) -> None:
    """Raise click.UsageError for several words, of which the first is neither a command nor a location with a colon or
    slash: only a command takes several words."""
    words = [word for word, before in zip(args, ["", *args], strict=False) if before not in VALUE_FLAGS]
    words = [word for word in words if not word.startswith("-")]
    if len(words) > 1 and _is_bare(words[0]):
        raise _no_command(words[0], commands)


def check_spelling(text: str, commands: Iterable[str]) -> None:
    """Raise click.UsageError for a word without a colon or slash that looks like a command."""
    if _is_bare(text) and _alike(text, commands):
        raise _no_command(text, commands)


def check_word(text: str, commands: Iterable[str], open_storage: "Callable[[], Storage]") -> None:
    """Raise click.UsageError for a word without a colon or slash, or with an unknown storage type, when nothing in
    `data` has this name."""
    unknown = _unknown_type(text)
    if not unknown and not _is_bare(text):
        return
    try:
        with open_storage() as storage:
            if storage.list_page(text + DELIMITER, limit=1).blobs:
                return
            storage.stat(text)
    except NotFoundError:
        raise (_no_type(unknown, text) if unknown else _no_command(text, commands)) from None
    except StorageError:
        check_spelling(text, commands)  # for other words the browser says what is wrong with the store


def _is_bare(text: str) -> bool:
    is_type = text in STORAGE_TYPES or text in ALIASES
    return bool(text) and not is_type and ":" not in text and DELIMITER not in text


def _unknown_type(text: str) -> str:
    """Return what stands before the colon of `dta:maps/`, where a storage type belongs; empty when there is none."""
    name, colon, _ = text.partition(":")
    return "" if not colon or DELIMITER in name or name in STORAGE_TYPES or name in ALIASES else name


def _no_type(name: str, text: str) -> click.UsageError:
    alike, context = _alike(name, STORAGE_TYPES), click.get_current_context(silent=True)
    root = None if context is None else context.find_root()
    way = f"did you mean {alike[0]}:" if alike else f"the types are {', '.join(STORAGE_TYPES)}"
    return click.UsageError(f"No storage type {name!r}, and nothing is stored at data:{text}; {way}", root)


def _no_command(word: str, commands: Iterable[str]) -> click.UsageError:
    alike, context = _alike(word, commands), click.get_current_context(silent=True)
    root = None if context is None else context.find_root()
    flag, around = f"--{word}", [] if context is None or root is None else [root.command, context.command]
    if any(flag in parameter.opts for command in around for parameter in command.params):
        alike = [flag]
    if alike:
        return click.UsageError(f"No command {word!r}; did you mean {' or '.join(alike)}?", root)
    return click.UsageError(f"No command {word!r}, and nothing is stored at data:{word}", root)


def _alike(word: str, commands: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(word.lower(), list(commands), n=2, cutoff=ALIKE)
