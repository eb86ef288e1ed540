"""The only way to standard output and standard error: safe on a terminal, exact in a pipe.

Keys, paths, names of users and messages of servers are written by others and may contain control sequences for a
terminal. So on a terminal everything is shown as `visible` draws it; a file or a pipe gets every character, or byte,
unchanged. No other file of the command line prints: a test reads their source.
"""

import codecs
import io
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import click

from storage_tui.contract.counts import plural

if TYPE_CHECKING:
    from rich.text import Text

HALF_BLOCK = "▀"  # of a picture: two pixels, the letter's colour and its background
SHADES = " ░▒▓█"  # of a picture without colours, dark to light
CLEAR_LINE = "\r\x1b[K"
MESSAGES_COUNTED = 100  # kinds of errors of one command; errors that name their key are all different


def say(text: str, *, label: str = "", colour: str | None = None) -> None:
    """Print one line on standard output. `label` comes before the text, on a terminal in `colour`, a colour name of
    click, unless NO_COLOR is set (no-color.org)."""
    if not sys.stdout.isatty():
        _put(sys.stdout, f"{label}{text}\n")
        return
    head = click.style(_visible(label), fg=colour) if colour and not os.environ.get("NO_COLOR") else _visible(label)
    _put(sys.stdout, f"{head}{_visible(text)}\n")


def is_coloured() -> bool:
    """Return whether standard output is a terminal that gets colours: NO_COLOR is not set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def say_coloured(parts: Iterable[tuple[str, str]]) -> None:
    """Print one line of texts, each with the numbers of its colour (ECMA-48, 8.3.117), such as `01;34`, or none."""
    is_on = is_coloured()
    line = "".join(f"\x1b[{codes}m{shown(text)}\x1b[0m" if codes and is_on else shown(text) for text, codes in parts)
    _put(sys.stdout, f"{line}\n")


def say_lines(texts: Sequence[str]) -> None:
    """Print lines on standard output, which is a file or a pipe, in one write. On a terminal each line is one of
    `say`."""
    if sys.stdout.isatty():
        for text in texts:
            say(text)
    elif texts:
        _put(sys.stdout, "\n".join((*texts, "")))


def say_text(text: "Text") -> None:
    """Print a line of a preview on standard output: on a terminal with its styles, else the bare text.

    A picture without colours is printed in shades. Control characters are made visible, as everywhere.
    """
    plain = text.plain
    if not is_coloured():
        say(_shades(text) if plain and not plain.strip(HALF_BLOCK) else plain)
        return
    if _visible(plain) != plain:
        say(plain)
        return
    _put(sys.stdout, f"{_styled(text)}\n")


def _styled(text: "Text") -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=max(1, 4 * len(text.plain)), legacy_windows=False)
    with console.capture() as captured:
        console.print(text, end="", no_wrap=True, overflow="ignore", crop=False, highlight=False)
    return captured.get().rstrip("\n")


def _shades(text: "Text") -> str:
    """Return a line of half blocks by the brightness of their two colours."""
    from rich.console import Console

    found = []
    for part, style, _ in text.render(Console(file=io.StringIO(), color_system="truecolor")):
        colours = [colour.get_truecolor() for colour in (style.color, style.bgcolor) if colour] if style else []
        light = sum(0.3 * red + 0.59 * green + 0.11 * blue for red, green, blue in colours) / max(1, len(colours))
        found.append(SHADES[int(light) * len(SHADES) // 256] * len(part))
    return "".join(found).rstrip()


def shown(text: str) -> str:
    """Return how `say` prints a part of its line, for columns whose width counts."""
    return _visible(text) if sys.stdout.isatty() else text


def say_null(text: str) -> None:
    """Print a text and a zero byte on standard output, for `xargs -0`; on a terminal a line."""
    say(text) if sys.stdout.isatty() else _put(sys.stdout, f"{text}\0")


def say_json(value: Any) -> None:
    """Print one line of JSON on standard output, in ASCII, so that the line is the same on a terminal."""
    import json

    say(json.dumps(value))


def say_page(text: str) -> None:
    """Print a text of several lines on standard output, with its line ends unchanged."""
    _put(sys.stdout, _visible_lines(text) if sys.stdout.isatty() else text)


def remark(text: str) -> None:
    """Print one line on standard error. It is for people wherever it goes, so control characters are always made
    visible."""
    _put(sys.stderr, f"{_visible(text)}\n")


def complain(message: str) -> None:
    """Print an error message on standard error, after the name of the program."""
    remark(f"storage-tui: {message}")


class Complaints:
    """The errors of many items of one command. An error that many items share is printed once; the rest is counted."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, message: str) -> None:
        """Print an error message that was not printed before."""
        if message in self._counts:
            self._counts[message] += 1
            return
        complain(message)
        if len(self._counts) < MESSAGES_COUNTED:
            self._counts[message] = 0

    def end(self) -> None:
        """Print how often the messages came again."""
        for message, count in self._counts.items():
            if count:
                complain(f"{plural(count, 'more time')}: {message}")


def show_status(text: str) -> None:
    """Show a line on standard error, a terminal, in the place of the line before. An empty text removes the line.

    What is printed on a terminal meanwhile takes the place of the line, which the next call shows again below.
    """
    with _status.lock:
        _status.is_shown = bool(text)
        _write(sys.stderr, f"\r{_visible(text)}\x1b[K" if text else CLEAR_LINE)


def refuse_usage(error: click.ClickException) -> None:
    """Print click's message about a wrong command line. The message repeats words of the command line."""
    said = io.StringIO()
    error.show(said)
    _put(sys.stderr, _visible_lines(said.getvalue()))


def confirm(question: str) -> None:
    """Ask on the terminal. Raise click.Abort unless the answer is yes."""
    click.confirm(_visible(question), abort=True)


def tell_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an error that no code handles, as a `sys.excepthook`: the message of an error may repeat any text."""
    import traceback

    _put(sys.stderr, _visible_lines("".join(traceback.format_exception(kind, error, trace))))


def bytes_out(file: IO[bytes] | None = None) -> IO[bytes]:
    """Return the stream for the bytes of blobs: `file`, by default standard output. A terminal gets text with control
    characters made visible."""
    if file is None:
        sys.stdout.flush()
        file = sys.stdout.buffer
    return cast("IO[bytes]", _DrawnBytes(file)) if file.isatty() else file


class TerminalText(io.TextIOBase):
    """A text stream for a library that prints by itself, such as on `sys.stdout`: its output is printed as by this
    file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write lines, on a terminal with control characters made visible."""
        _put(self._stream, _visible_lines(text) if self._stream.isatty() else text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()


class _DrawnBytes:
    """The bytes of a blob on a terminal: text with control characters made visible, line by line; everything else
    escaped."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, content: bytes) -> int:
        self._file.write(_visible_lines(self._decoder.decode(content)).encode("utf-8", "backslashreplace"))
        return len(content)

    def flush(self) -> None:
        self._file.write(_visible_lines(self._decoder.decode(b"", final=True)).encode("utf-8", "backslashreplace"))
        self._decoder.reset()
        self._file.flush()


def _put(stream: TextIO, text: str) -> None:
    with _status.lock:
        if _status.is_shown and stream.isatty():
            _status.is_shown = False
            _write(sys.stderr, CLEAR_LINE)
        _write(stream, text)


class _Status:
    """Whether a line of `show_status` stands on the terminal, which other threads draw."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # a signal may interrupt the thread that prints, and print too
        self.is_shown = False


_status = _Status()


def _write(stream: TextIO, text: str) -> None:
    try:
        click.echo(
            text, file=stream, nl=False, color=True
        )  # click removes control sequences, also from a key in a pipe
    except UnicodeEncodeError:  # the locale lacks the character, or a local file name is not UTF-8
        raw = text.encode("utf-8", "surrogateescape")
        if stream.isatty():
            raw = text.encode(stream.encoding or "ascii", "backslashreplace")
        stream.flush()
        stream.buffer.write(raw)
        stream.flush()


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    from storage_tui.contract.visible import visible

    return visible(text)


def _visible_lines(text: str) -> str:
    """Return the text with control characters made visible, except line ends, tabs and a carriage return before a line
    end."""
    rows = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(_visible(part) for part in row.split("\t")) for row in rows)
