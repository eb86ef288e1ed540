"""One of a kind is told as one."""

import ast
import re
from pathlib import Path

import pytest

import storage_tui
from storage_tui.contract.counts import plural


@pytest.mark.parametrize(("count", "text"), [(0, "0 blobs"), (1, "1 blob"), (2, "2 blobs"), (14_000, "14,000 blobs")])
def test_counts(count: int, text: str) -> None:
    assert plural(count, "blob") == text


def test_a_noun_that_is_no_plain_plural() -> None:
    assert (plural(1, "entry", "entries"), plural(2, "entry", "entries")) == ("1 entry", "2 entries")


NOUNS = ("blob", "check", "failure", "file", "image", "level", "line", "record", "request", "transfer", "upload")


def test_no_command_writes_a_plural_after_a_number_of_its_own() -> None:
    """In an f-string a number is followed by `blobs` only where it is a constant that is more than one."""
    root = Path(storage_tui.__file__).parent
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for folder in ("cli", "tui", "client")
        for path in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr) and is_plural_by_hand(node)
    ]
    assert found == []


def is_plural_by_hand(node: ast.JoinedStr) -> bool:
    for value, after in zip(node.values, node.values[1:], strict=False):
        if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
            continue
        is_constant = isinstance(value.value, ast.Name) and value.value.id.isupper()
        if not is_constant and re.match(rf" (?:{'|'.join(NOUNS)})s\b", str(after.value)):
            return True
    return False
