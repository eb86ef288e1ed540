"""JSON and JSON Lines, pretty-printed: a cut file up to the cut, a wrong file up to the error.

The printer is a loop over tokens with its own stack, so nesting of any depth costs no recursion. It stops after a page
of lines, so a blob of any size costs the same.
"""

import asyncio
import re
from dataclasses import dataclass, field

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, Source, View
from storage_tui.previews.formats.plain import PAGE_LINES
from storage_tui.previews.text.encoding import decode_head, find_encoding
from storage_tui.previews.text.json_object import read_object, skip_gap

FULL_LINES = 20_000  # on the whole screen: printing the first mebibyte takes 0.4 s
STRING_CHARS = 300  # a longer string is cut on the screen; base64 in JSON would fill it otherwise
MAX_WIDTH = 160  # cells; arrays on one line are no longer in a wider view
MAX_INDENT = 40  # cells; deeper levels are indented no further
COMMENT_CHARS = 4096  # in which settings with comments have the first one
SNIFF_LINES = 4  # lines that must be valid when the name of the blob does not say JSON
OTHERS = (".jsonc", ".json5", ".hjson")  # forms with comments and free names, which are shown as they are
NAMES = (".json", ".jsonl", ".ndjson", ".ipynb")

_ESRI = frozenset(("x", "rings", "paths", "points"))  # what a geometry of Esri JSON has in place of coordinates

_TOKEN = re.compile(
    r'[ \t\r\n\x1e]*(?:(?P<string>"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*")'
    r"|(?P<scalar>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity)|(?P<mark>[\[\]{}:,]))"
)
_BLANK = re.compile(r"[ \t\r\n\x1e]*")  # RFC 7464 sets a record separator before each value
_COLON = re.compile(r"[ \t\r\n]*:")
_CLOSERS = {"[": "]", "{": "}"}


class JsonText:
    """JSON: keys in bold, short arrays and objects on one line."""

    kind = "JSON"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the blob is JSON: by its first tokens, or by its first character when the name says JSON."""
        if name.endswith(OTHERS) or (find_encoding(head) is None and not name.endswith(NAMES)):
            return False
        text, _ = decode_head(head)
        start = text[skip_gap(text, 0) :][:1]
        if name.endswith(NAMES):
            return bool(start) and start in '{["-0123456789tfnNI' and not has_comments(text)
        if start not in ("{", "["):
            return False
        printer = Printer(text[:4096], width=60, limit=SNIFF_LINES)
        printer.run()
        return not printer.problem or printer.is_cut

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the first page of values."""
        limit = PAGE_LINES
        if view.is_full:
            head += await source.read(len(head), len(head) + source.bytes_left)
            limit = FULL_LINES
        text, encoding = decode_head(head)
        printer = Printer(text, width=min(view.width, MAX_WIDTH), limit=limit)
        await asyncio.to_thread(printer.run)
        is_whole = len(head) == source.size_bytes
        form = await asyncio.to_thread(form_of, text)
        facts = [("form", f"{form}: no map is drawn of this")] if form else []
        if printer.values > 1:
            facts.append(("records", f"{printer.values:,}" if printer.is_done and is_whole else f"{printer.values:,}+"))
        elif printer.is_done and is_whole:
            facts.append(("top", printer.top))
        if encoding:
            facts.append(("encoding", encoding))
        note = ""
        if printer.problem and not (printer.is_cut and not is_whole):
            note = f"not JSON from character {printer.at:,} on: {printer.problem}"
        elif not printer.is_done:
            note = f"the first {plural(len(printer.lines), 'line')}"
        return Preview(
            "JSON Lines" if printer.values > 1 else self.kind,
            facts=tuple(facts),
            lines=tuple(printer.lines),
            note=note,
            is_damaged=bool(printer.problem) and is_whole,
            depths=tuple(printer.depths),
        )


def form_of(text: str) -> str:
    """Return the name of a form of map that is JSON but no GeoJSON; empty for all other JSON."""
    at = skip_gap(text, 0)
    if text[at : at + 1] != "{":
        return ""
    found = read_object(text, at, "features")
    if found.members.get("type") == "Topology" and {"objects", "arcs"} & {*found.members, found.cut_key}:
        return "TopoJSON"
    first = found.items[0] if found.items and isinstance(found.items[0], dict) else {}
    geometry = first.get("geometry")
    is_esri = isinstance(geometry, dict) and bool(_ESRI & geometry.keys()) and "attributes" in first
    is_told = str(found.members.get("geometryType", "")).startswith("esriGeometry")
    return "Esri JSON" if is_esri or is_told else ""


def has_comments(text: str) -> bool:
    """Return whether a text is JSON up to a comment, as programs write their settings: text, and not damaged JSON."""
    printer = Printer(text[:COMMENT_CHARS], width=60, limit=COMMENT_CHARS)
    printer.run()
    return text[printer.at : printer.at + COMMENT_CHARS].lstrip().startswith(("//", "/*"))


@dataclass
class Printer:
    """Prints JSON values one after another, until a limit of lines, the end, or the first wrong character."""

    text: str
    width: int
    limit: int
    lines: list[Text] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    at: int = 0
    values: int = 0
    problem: str = ""
    is_cut: bool = False
    is_done: bool = False
    top: str = ""

    def __post_init__(self) -> None:
        self._stack: list[str] = []
        self._line = Text()
        self._depth = 0  # of the line in progress
        self._wants = "value"  # value, value or end, key, key or end, colon, comma or end
        self._top_items = 0

    def run(self) -> None:
        """Print until the limit, the end or the first wrong character."""
        while len(self.lines) < self.limit:
            if not self._stack and self._wants == "value" and self._at_end():
                self.is_done = self.values > 0
                break
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                self._stop()
                break
            if not self._take(match):
                break
        if self._line.plain.strip():
            self._flush()

    def _take(self, match: re.Match[str]) -> bool:
        token, kind = match[match.lastgroup or 0], match.lastgroup
        if kind == "mark" and token in ":,":
            return self._take_separator(token, match.end())
        if kind == "mark" and token in "]}":
            return self._take_closer(token, match.end())
        if self._wants in ("key", "key or end"):
            if kind != "string":
                return self._fail("a key in quotes is missing")
            self._line.append(_shown(token), style="bold")
            self._wants = "colon"
            self.at = match.end()
            return True
        if self._wants not in ("value", "value or end"):
            return self._fail(f"expected {self._wants}, found {_shown(token)[:20]}")
        self.at = match.end()
        if kind == "mark":
            self._open(token, match.start("mark"))
        else:
            self._line.append(_shown(token), style="italic" if token in ("true", "false", "null") else "")
            self._end_value(token)
        return True

    def _open(self, token: str, start: int) -> None:
        inline = self._inline(start)
        if inline is not None:
            shown, self.at = inline
            self._line.append_text(shown)
            self._end_value(token)
            return
        self._line.append(token)
        self._stack.append(token)
        self._wants = "value or end" if token == "[" else "key or end"
        self._flush()

    def _take_separator(self, token: str, end: int) -> bool:
        if token == ":" and self._wants == "colon":
            self._line.append(": ")
            self._wants = "value"
        elif token == "," and self._wants == "comma or end":
            self._line.append(",")
            self._wants = "value" if self._stack[-1] == "[" else "key"
            self._top_items += len(self._stack) == 1
            if self._goes_on(end):
                self._line.append(" ")
            else:
                self._flush()
        else:
            return self._fail(f"expected {self._wants}, found {token}")
        self.at = end
        return True

    def _take_closer(self, token: str, end: int) -> bool:
        if not self._stack or _CLOSERS[self._stack[-1]] != token or self._wants not in (
            "comma or end", "value or end", "key or end",
        ):  # fmt: skip
            return self._fail(f"expected {self._wants}, found {token}")
        if self._wants == "comma or end":
            self._top_items += len(self._stack) == 1
            self._flush()
        opener = self._stack.pop()
        self._indent()
        self._line.append(token)
        self.at = end
        self._end_value(opener)
        return True

    def _end_value(self, token: str) -> None:
        if self._stack:
            self._wants = "comma or end"
            return
        self.values += 1
        self._wants = "value"
        if self.values == 1:
            what = {"[": "array", "{": "object"}.get(token, "value")
            self.top = what if what == "value" else f"{what} of {self._top_items:,}"
        self._flush()

    def _goes_on(self, at: int) -> bool:
        """Return whether the next value is a plain one of an array and fits the line: long arrays fill their lines."""
        match = _TOKEN.match(self.text, at)
        if match is None or match.lastgroup != "scalar" or self._stack[-1] != "[":
            return False
        is_plain = self._line.plain[-2:-1] not in ("]", "}")
        return is_plain and len(self._line.plain) + len(match["scalar"]) + 2 <= self.width

    def _inline(self, start: int) -> tuple[Text, int] | None:
        """Return a short array or object as one line, and where it ends; None when it does not fit or is cut."""
        room = self.width - len(self._line.plain) - 2 * min(len(self._stack), MAX_INDENT // 2)
        shown, at, depth, items = Text(), start, 0, 1
        previous = ""
        while len(shown.plain) <= room:
            match = _TOKEN.match(self.text, at)
            if match is None:
                return None
            token = match[match.lastgroup or 0]
            if previous and not _may_follow(previous, token):
                return None
            is_key = match.lastgroup == "string" and _COLON.match(self.text, match.end()) is not None
            shown.append({",": ", ", ":": ": "}.get(token) or _shown(token), style="bold" if is_key else "")
            at = match.end()
            items += token == "," and depth == 1
            depth += (token in ("[", "{")) - (token in ("]", "}"))
            if depth > 2:
                return None
            if depth == 0:
                if not self._stack:
                    self._top_items = 0 if previous in ("[", "{") else items
                return shown, at
            previous = token
        return None

    def _at_end(self) -> bool:
        match = _BLANK.match(self.text, self.at)
        return match is not None and match.end() == len(self.text)

    def _fail(self, problem: str) -> bool:
        self.problem = problem
        return False

    def _stop(self) -> None:
        rest = self.text[self.at :].lstrip()
        self.is_cut = len(rest) < 12 or rest.startswith('"')  # the cut is inside a word, a number or a string
        if rest.startswith('"') and "\n" not in rest:
            self._line.append(_shown(rest))
            self.problem = "a string has no end"
        else:
            self.is_cut = self.is_cut and "\n" not in rest
            self.problem = "the end is missing" if not rest else f"unexpected {visible(rest[:20])}"

    def _flush(self) -> None:
        self._line.rstrip()
        if self._line.plain.strip():
            self.lines.append(self._line)
            self.depths.append(self._depth)
        self._line = Text()
        self._indent()

    def _indent(self) -> None:
        if not self._line.plain.strip():
            self._line = Text(" " * min(2 * len(self._stack), MAX_INDENT))
            self._depth = len(self._stack)


def _may_follow(previous: str, token: str) -> bool:
    """Return whether two neighbouring tokens can occur in valid JSON; precise enough for text on one line."""
    is_scalar = token[0] not in "[]{}:,"
    if previous[0] in "[{:,":
        return is_scalar or token in "[{" or (token in "]}" and previous in "[{")
    return not is_scalar and token not in "[{"


def _shown(token: str) -> str:
    if len(token) <= STRING_CHARS:
        return visible(token)
    return f"{visible(token[:STRING_CHARS])}… ({len(token):,} characters)"
