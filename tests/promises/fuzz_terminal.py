"""What a terminal may send to the browser, for the fuzzers: keys, mouse, replies, pastes, and what none of them is."""

from textual import events
from textual.message import Message

from storage_tui.tui.terminal.input import MOST_CELLS, TerminalInput

SEEDS = (
    b"\x1b[A", b"\x1b[1;5C", b"\x1b[97;5u", b"\x1b[97:65;2;97u", b"\x1b[3;5~", b"\x1bOP\x1b\x1bx", "jé\x04".encode(),
    b"\x1b[<0;10;5M", b"\x1b[<64;1;1m", b"\x1b[M !!", b"\x1b[48;24;80;400;800t\x1b[<35;3;3M", b"\x1b[24;80R",
    b"\x1b[?2026;2$y", b"\x1b[?2048;1$y", b"\x1b[200~some\x1b text\x1b[201~", b"\x1b[I\x1b[O", b"\x1b[?1;2c",
    b"\x1b]11;rgb:00/00/00\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1b_Gi=31;OK\x1b\\",
)  # fmt: skip
MOST_BYTES = 200  # of one input: the parser takes a microsecond for each character
BEGIN, END = b"\x1b[200~", b"\x1b[201~"


def check_input(content: bytes) -> None:
    """It becomes messages, in whatever pieces it comes, and what comes after it is still a key. Pasted it is no key."""
    content = content[:MOST_BYTES]
    for step in (MOST_BYTES, 3):
        told = messages(content + END * 2 + b"\x1b[A", step)
        assert any(isinstance(message, events.Key) and message.key == "up" for message in told[-1:])
        assert all(message.size.area <= MOST_CELLS for message in told if isinstance(message, events.Resize))
        pasted = messages(BEGIN + content.replace(b"~", b"") + END, step)
        assert all(isinstance(message, events.Paste) for message in pasted), pasted


def messages(content: bytes, step: int) -> list[Message]:
    """What is told of the bytes when they come in such pieces."""
    terminal = TerminalInput()
    return [message for at in range(0, len(content), step) for message in terminal.feed(content[at : at + step])]
