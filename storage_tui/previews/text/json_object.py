"""One JSON object of a text that may be cut: its members, and the items of one long list in it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

GAP = re.compile(r"[ \t\r\n\x1e]*")  # RFC 8142 sets a record separator before each text

_DECODER = json.JSONDecoder()


@dataclass
class JsonObject:
    """The members of an object, as far as the text goes.

    `items` are the whole items of the member `list_name`. `cut_key` is the member that the text cuts, `cut` the text
    of its value from there on: of the cut item where the list is cut. `end` is where reading stopped.
    """

    members: dict[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    has_list: bool = False
    cut_key: str = ""
    cut: str = ""
    end: int = 0
    is_whole: bool = False


def read_object(text: str, at: int, list_name: str) -> JsonObject:
    """Return the object that begins at a place; nothing is raised, whatever the text holds."""
    found = JsonObject(end=at)
    try:
        _read_members(text, at + 1, list_name, found)
    except (ValueError, RecursionError, IndexError):
        found.is_whole = False
    return found


def skip_gap(text: str, at: int) -> int:
    """Return the place of the next character that is no blank."""
    match = GAP.match(text, at)
    return match.end() if match is not None else at


def _read_members(text: str, at: int, list_name: str, found: JsonObject) -> None:
    at = skip_gap(text, at)
    is_first = True
    while text[at] != "}" or not is_first:
        key, at = _DECODER.raw_decode(text, at)
        at = skip_gap(text, at)
        if not isinstance(key, str) or text[at] != ":":
            raise ValueError
        at = skip_gap(text, at + 1)
        found.cut_key, found.cut = key, text[at:]
        if key == list_name and text[at] == "[":
            at = _read_items(text, at, found)
        else:
            value, at = _DECODER.raw_decode(text, at)
            at = skip_gap(text, at)
            if text[at] in ",}":
                found.members[key] = value
        found.end = at
        is_first = False
        if text[at] == "}":
            break
        if text[at] != ",":
            raise ValueError
        at = skip_gap(text, at + 1)
    found.cut_key, found.cut = "", ""
    found.end, found.is_whole = at + 1, True


def _read_items(text: str, at: int, found: JsonObject) -> int:
    """Read the list that begins at a place; return the place after the list."""
    found.items, found.has_list = [], True
    at = skip_gap(text, at + 1)
    while text[at] != "]" or found.items:
        found.cut, found.end = text[at:], at
        value, at = _DECODER.raw_decode(text, at)
        at = skip_gap(text, at)
        found.items.append(value)
        found.end, found.cut = at, text[at:]
        if text[at] == "]":
            break
        if text[at] != ",":
            raise ValueError
        at = skip_gap(text, at + 1)
    return skip_gap(text, at + 1)
