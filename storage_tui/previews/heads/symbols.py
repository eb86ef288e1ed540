"""A pickle as symbols: what a load would call and with what. Nothing is loaded, imported or called.

The opcodes run on a stack of plain values and symbols. A symbol is never compared, hashed or printed as a whole: a
pickle may hold a structure that contains itself.
"""

import pickletools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

OPCODES = 200_000  # walked at most: a second of work; a state of 1,000 tensors has 40,000
_MARK = object()
_ARGUMENTS = frozenset((
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE",
    "BINUNICODE8", "FLOAT", "BINFLOAT",
))  # fmt: skip
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PUTS, _GETS = frozenset(("PUT", "BINPUT", "LONG_BINPUT")), frozenset(("GET", "BINGET", "LONG_BINGET"))
_NOTHING = frozenset(("PROTO", "FRAME"))


@dataclass(eq=False, slots=True)
class Name:
    """Something that a load would import: `torch._utils._rebuild_tensor_v2`."""

    text: str


@dataclass(eq=False, slots=True)
class Outside:
    """A value that is kept outside the pickle, by its persistent id."""

    key: Any


@dataclass(eq=False, slots=True)
class Box:
    """A dictionary, a list or a set, or the result of a call with what is put into it afterwards."""

    what: Any = None
    arguments: Any = None
    pairs: list[tuple[Any, Any]] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    state: Any = None


@dataclass(slots=True)
class Symbols:
    """The root of a pickle, what is imported, and whether the walk came to the end."""

    root: Any
    imports: Counter[str]
    is_complete: bool


def read_symbols(raw: bytes) -> Symbols:
    """Return the symbols of a pickle as far as its bytes and OPCODES go; the root is None when nothing is known."""
    machine = _Machine()
    try:
        for opcode, argument, _ in islice(pickletools.genops(raw), OPCODES):
            if opcode.name == "STOP":
                machine.is_complete = True
                break
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeError):
        machine.is_complete = False
    return Symbols(machine.root(), machine.imports, machine.is_complete)


class _Machine:
    """The stack and the memo of a load."""

    def __init__(self) -> None:
        self.imports: Counter[str] = Counter()
        self.is_complete = False
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def root(self) -> Any:
        """Take the stack apart; return its lowest value, with the values that a cut left above a mark put into it."""
        above: list[Any] = []
        while self._stack:
            value = self._stack.pop()
            if value is not _MARK:
                above.append(value)
                continue
            if self._stack and isinstance(self._stack[-1], Box):
                self._stack[-1].pairs.extend(_paired(above[::-1]))
            above = []
        return above[-1] if above else None

    def step(self, name: str, argument: Any) -> None:
        """Run one opcode."""
        if name in _NOTHING:
            return
        if name in _ARGUMENTS:
            self._stack.append(argument)
        elif name in _PUTS:
            self._memo[int(argument)] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name in _GETS:
            self._stack.append(self._memo[int(argument)])
        elif name in _TUPLES:
            count = _TUPLES[name]
            self._stack[-count:] = [tuple(self._stack[-count:])]
        else:
            _STEPS[name](self, argument)

    def _mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _none(self, _: Any) -> None:
        self._stack.append(None)

    def _newtrue(self, _: Any) -> None:
        self._stack.append(True)

    def _newfalse(self, _: Any) -> None:
        self._stack.append(False)

    def _empty_tuple(self, _: Any) -> None:
        self._stack.append(())

    def _empty_box(self, _: Any) -> None:
        self._stack.append(Box())

    def _tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._to_mark()))

    def _list(self, _: Any) -> None:
        self._stack.append(Box(items=self._to_mark()))

    def _dict(self, _: Any) -> None:
        self._stack.append(Box(pairs=_paired(self._to_mark())))

    def _append(self, _: Any) -> None:
        value = self._stack.pop()
        self._stack[-1].items.append(value)

    def _appends(self, _: Any) -> None:
        values = self._to_mark()
        self._stack[-1].items.extend(values)

    def _setitem(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._stack[-1].pairs.append((key, value))

    def _setitems(self, _: Any) -> None:
        values = self._to_mark()
        self._stack[-1].pairs.extend(_paired(values))

    def _pop(self, _: Any) -> None:
        self._stack.pop()

    def _pop_mark(self, _: Any) -> None:
        self._to_mark()

    def _dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def _global(self, argument: Any) -> None:
        self._import(str(argument).replace(" ", "."))

    def _stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._import(f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else "?")

    def _reduce(self, _: Any) -> None:
        arguments, what = self._stack.pop(), self._stack.pop()
        self._stack.append(Box(what, arguments))

    def _newobj_ex(self, _: Any) -> None:
        self._stack.pop()
        self._reduce(None)

    def _obj(self, _: Any) -> None:
        values = self._to_mark()
        self._stack.append(Box(values[0], tuple(values[1:])))

    def _inst(self, argument: Any) -> None:
        values = self._to_mark()
        self._global(argument)
        self._stack.append(Box(self._stack.pop(), tuple(values)))

    def _build(self, _: Any) -> None:
        state = self._stack.pop()
        self._stack[-1].state = state

    def _binpersid(self, _: Any) -> None:
        self._stack.append(Outside(self._stack.pop()))

    def _persid(self, argument: Any) -> None:
        self._stack.append(Outside(argument))

    def _import(self, text: str) -> None:
        self.imports[text] += 1
        self._stack.append(Name(text))

    def _to_mark(self) -> list[Any]:
        """Take the values above the last mark off the stack, and the mark with them."""
        values: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]


def _paired(values: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(values[::2], values[1::2], strict=False))


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine._mark, "NONE": _Machine._none, "NEWTRUE": _Machine._newtrue, "NEWFALSE": _Machine._newfalse,
    "EMPTY_TUPLE": _Machine._empty_tuple, "EMPTY_DICT": _Machine._empty_box, "EMPTY_LIST": _Machine._empty_box,
    "EMPTY_SET": _Machine._empty_box, "TUPLE": _Machine._tuple, "LIST": _Machine._list, "FROZENSET": _Machine._list,
    "DICT": _Machine._dict, "APPEND": _Machine._append, "APPENDS": _Machine._appends, "ADDITEMS": _Machine._appends,
    "SETITEM": _Machine._setitem, "SETITEMS": _Machine._setitems, "POP": _Machine._pop,
    "POP_MARK": _Machine._pop_mark, "DUP": _Machine._dup, "GLOBAL": _Machine._global,
    "STACK_GLOBAL": _Machine._stack_global, "REDUCE": _Machine._reduce, "NEWOBJ": _Machine._reduce,
    "NEWOBJ_EX": _Machine._newobj_ex, "OBJ": _Machine._obj, "INST": _Machine._inst, "BUILD": _Machine._build,
    "BINPERSID": _Machine._binpersid, "PERSID": _Machine._persid,
}  # fmt: skip
"""By the name of an opcode: its step. An opcode that is not here ends the walk."""
