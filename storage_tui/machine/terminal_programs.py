"""A program of the user's choice, such as an editor, on the terminal of this program."""

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage_tui.machine.programs import find_program, safe_path

EDITORS = ("VISUAL", "EDITOR")  # in the order in which mutt, git and crontab look


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its arguments, as a variable names them; `shown` is how the user wrote them."""

    command: tuple[str, ...]
    shown: str


class NoProgramError(Exception):
    """No program that can be started; the text says which variable names one."""


def chosen_program(variables: Sequence[str], fallback: str) -> Program:
    """Return the program that the first of these environment variables with a value names, else `fallback`.

    Raise NoProgramError when the words cannot be read, or when no such program is in an absolute folder of PATH.
    """
    variable = next((name for name in variables if os.environ.get(name, "").strip()), variables[-1])
    shown = os.environ.get(variable, "").strip() or fallback
    try:
        words = shlex.split(shown)
    except ValueError:
        raise NoProgramError(f"{variable} has a quote that is not closed; it says which program to use") from None
    program = find_program(words[0]) if words else None
    if program is None:
        named = words[0] if words else fallback
        raise NoProgramError(f"{named} is not installed in an absolute folder of PATH; {variable} says which to use")
    return Program((program, *words[1:]), shown)


def run_on_terminal(program: Program, path: Path) -> int:
    """Run the program with the file as its last argument; return its exit code, negative for a signal.

    This call blocks, so that nothing of ours reads the keys of the program. The program has the user's environment, as
    an editor may be written in Python. Only the entries of PATH that mean the working directory are left out: pagers
    and editors start helpers by name. C-c is for the program, not for us. Raise OSError when it cannot be started.
    """
    environment = {**os.environ, "PATH": safe_path(os.environ.get("PATH"))}
    with keys_are_not_ours():
        return subprocess.run([*program.command, str(path)], check=False, env=environment).returncode


def end_words(program: Program, code: int) -> str:
    """Return how a program ended that did not succeed: `vi ended with 1`, `vi was killed by SIGTERM`."""
    name = Path(program.command[0]).name
    if code >= 0:
        return f"{name} ended with {code}"
    try:
        return f"{name} was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"{name} was killed by signal {-code}"


@contextmanager
def keys_are_not_ours() -> Iterator[None]:
    """Ignore C-c and C-\\ here: a terminal sends both to every program in the foreground.

    A handler, not SIG_IGN, which the program would inherit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGQUIT)
    before = [signal.signal(number, lambda *_: None) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
