"""The ways to look at a blob that a key goes through: those that show something else each."""

import pytest

from storage_tui.previews import modes_of


@pytest.mark.parametrize(
    ("head", "key", "modes"),
    [
        (b"a line\nanother\n", "notes.txt", ("auto", "hex")),
        (b"a,b\n1,2\n3,4\n", "table.csv", ("auto", "text", "hex")),
        (b'{"a": 1}', "a.json", ("auto", "text", "hex", "json")),
        (b"\x7fELX\x02\x01\x00" + b"text in it" * 9 + bytes(90), "program", ("auto", "text")),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a.png", ("auto", "text", "hex")),
        (b"", "not read yet", ("auto", "text", "hex", "json")),
    ],
)
def test_modes_that_differ(head: bytes, key: str, modes: tuple[str, ...]) -> None:
    assert modes_of(head, key) == modes
