"""Shared by the tables that are folders: the columns of a schema, and parts of JSON whose types may lie."""

from typing import Any

from storage_tui.previews.stores.nodes import read_json

SHOWN_COLUMNS = 1_000
VALUE_CHARS = 100


def columns_of(fields: Any, key: str, *, is_optional: bool) -> list[tuple[str, str, str]]:
    """Return names, types and whether a value may be missing; `is_optional` says that `key` means this."""
    if not isinstance(fields, list):
        return []
    found = []
    for field in fields[:SHOWN_COLUMNS]:
        if isinstance(field, dict):
            may_miss = bool(field.get(key)) == is_optional
            found.append((str(field.get("name"))[:200], _type_words(field.get("type")), "optional" if may_miss else ""))
    return found


def _type_words(told: Any) -> str:
    """Return a type by its name; one that has parts by its kind."""
    return str(told.get("type") if isinstance(told, dict) else told)[:60]


def chosen(told: Any, key: str, wanted: Any) -> dict[str, Any]:
    """Return the object of a list whose `key` is wanted; an empty one without."""
    items = told if isinstance(told, list) else []
    return next((one for one in items if isinstance(one, dict) and one.get(key) == wanted), {})


def object_of(told: Any) -> dict[str, Any]:
    """Return an object, also one that is written as a text in JSON; an empty one for anything else."""
    if isinstance(told, str):
        return read_json(told.encode())
    return told if isinstance(told, dict) else {}


def number_of(told: Any) -> int:
    return told if type(told) is int and 0 <= told < 1 << 62 else -1
