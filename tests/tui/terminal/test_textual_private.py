"""What this program uses of Textual without Textual's promise is there, in the expected shape, and in one module."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import textual
from textual import events
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen

import storage_tui.tui
from storage_tui.tui.terminal import textual_private
from storage_tui.tui.terminal.textual_private import PRIVATE, OpenCompositor, OpenParser, Private

ROOT = Path(storage_tui.tui.__file__).parent
ALLOWED = Path(textual_private.__file__)
MODULES = sorted(ROOT.rglob("*.py"))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("row", PRIVATE, ids=lambda row: f"{row.owner.__name__}.{row.name}")
async def test_each_private_name_has_the_shape_that_is_relied_on(row: Private) -> None:
    gone = f"Textual {textual.__version__} has another {row.owner.__name__}.{row.name}; without it: {row.breaks}"
    async with App[None]().run_test() as pilot:
        screen: Screen[object] = pilot.app.screen
        owners: tuple[object, ...] = (
            events.Key("a", "a"), LinuxDriver(pilot.app), OpenCompositor(), OpenParser(), screen, pilot.app,
        )  # fmt: skip
        owner = next(each for each in owners if isinstance(each, row.owner))
        assert hasattr(owner, row.name), gone
        if row.parameters is not None:
            method = getattr(row.owner, row.name)
            assert tuple(inspect.signature(method).parameters)[1:] == row.parameters, gone


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_names_what_is_private_to_textual(module: Path) -> None:
    if module == ALLOWED:
        return
    tree = ast.parse(module.read_text("utf-8"))
    used = [f"line {node.lineno}: {ast.unparse(node)}" for node in foreign_names(tree)]
    used += [
        f"line {node.lineno}: from {node.module}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual._")
    ]
    assert not used, f"these belong into {ALLOWED.name}, with a row in PRIVATE"


def test_no_class_of_ours_takes_a_private_name_of_its_base_by_accident() -> None:
    taken = [
        f"{cls.__module__}.{cls.__name__}.{name} is also a name of {base.__name__}"
        for cls in classes_of_ours()
        for base in cls.__mro__[1:]
        if base.__module__.partition(".")[0] == "textual"
        for name in names_in_source(cls) & names_in_source(base)
        if not any(row.is_overridden and row.name == name and issubclass(cls, row.owner) for row in PRIVATE)
    ]
    assert not taken


def test_each_name_that_is_overridden_is_overridden_somewhere() -> None:
    for row in (row for row in PRIVATE if row.is_overridden):
        assert any(issubclass(cls, row.owner) and row.name in vars(cls) for cls in classes_of_ours()), row.name


# What is private, read from the source: attributes that `__init__` sets are on no class


def names_of(cls: ast.ClassDef) -> Iterator[str]:
    """The private names that a class defines or sets on itself."""
    for node in ast.walk(cls):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_private(node.name):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_private(node.attr):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                yield node.attr
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and is_private(target.id):
                    yield target.id


def foreign_names(tree: ast.Module) -> Iterator[ast.Attribute]:
    """Where a module names what is private to Textual: on `self` what its class does not have itself, and on anything
    else, but for what classes of ours have and for methods that are overridden."""
    modules = {
        alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    overridden = {row.name for row in PRIVATE if row.is_overridden}
    for part in tree.body:
        own = set(names_of(part)) if isinstance(part, ast.ClassDef) else set()
        for node in ast.walk(part):
            if isinstance(node, ast.Attribute) and node.attr in textual_names():
                owner = ast.unparse(node.value)
                if owner == "self":
                    is_ours = node.attr in own
                elif owner == "super()":
                    is_ours = node.attr in own & overridden
                else:
                    is_ours = owner in modules or node.attr in ours_anywhere()
                if not is_ours:
                    yield node


@cache
def names_in_source(cls: type) -> frozenset[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    return frozenset(names_of(tree))


@cache
def textual_names() -> frozenset[str]:
    """The private names of the classes of Textual that a program has to do with."""
    bases = (App, Screen, Driver, LinuxDriver, events.Key, OpenCompositor, OpenParser, MessagePump)
    parts = {part for base in bases for part in base.__mro__ if part.__module__.partition(".")[0] == "textual"}
    return frozenset(name for part in parts for name in names_in_source(part))


@cache
def ours_anywhere() -> frozenset[str]:
    """The private names that classes of this package have, but for those that have rows."""
    trees = [ast.parse(module.read_text("utf-8")) for module in MODULES if module != ALLOWED]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return frozenset(name for cls in classes for name in names_of(cls)) - {row.name for row in PRIVATE}


@cache
def classes_of_ours() -> tuple[type, ...]:
    """The classes of this package that have a class of Textual above them."""
    found = []
    for info in pkgutil.walk_packages(storage_tui.tui.__path__, "storage_tui.tui."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        found += [
            value
            for value in vars(module).values()
            if inspect.isclass(value) and value.__module__ == info.name != textual_private.__name__
            if any(base.__module__.partition(".")[0] == "textual" for base in value.__mro__)
        ]
    return tuple(found)
