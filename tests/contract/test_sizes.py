"""Sizes as every program of ours writes them: decimal, at most four characters and a unit."""

import ast
import re
from pathlib import Path

import pytest

import storage_tui
from storage_tui.contract.sizes import size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "?"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_951, "100 kB"),
     (999_499, "999 kB"), (999_500, "1.0 MB"), (10_000_000_000, "10.0 GB"), (10**21, "1000 EB")],
)  # fmt: skip
def test_sizes(size: int | None, text: str) -> None:
    assert size_text(size) == text


def test_nothing_that_people_read_tells_a_size_in_binary_units() -> None:
    root = Path(storage_tui.__file__).parent
    assert [
        f"{path.relative_to(root)}: {text[:60]}"
        for path in root.rglob("*.py")
        for text in said(ast.parse(path.read_text("utf-8")))
        if re.search(r"\b[KMGT]iB\b", text)
    ] == []


def said(module: ast.Module) -> list[str]:
    """The string literals of a module that are no docstrings."""
    statements = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements
    ]
