"""What is done with a block of rows: cells read, rows matched, keys for an order, a column measured.

| `do` of a job | its answer, the payload as JSON |
|---|---|
| cells | the texts of the columns `columns` in the rows `picked`; null where a value is missing |
| match | the rows in which `query` is true |
| order | not JSON: runs of the column `column`, each in order, as `_order` says |
| measure | what `Measure` counts of the column `column`, over all rows or those of `picked` |

Rows count from the first one of the block.
"""

import contextlib
import json
import math
import operator
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from storage_tui.previews.decoding.frames import MAX_PAYLOAD_BYTES
from storage_tui.previews.decoding.tables.columns import Batch
from storage_tui.previews.decoding.tables.query import DECIMAL, NUMBER, OTHER, evaluate

MOST_DISTINCT = 10_000  # counted exactly in one block; more are told as "more"
BARS = 240  # of one block; a multiple of the bars that are drawn
KEY_CHARS = 64  # of a text that is put in order
RUN_ROWS = 125_000  # in order, and then merged: a few short orders cost less than a long one, and less memory
KEY_END = "\0"  # between two texts of a run
SHOWN_CHARS = 48  # of a frequent value: all that are counted fit the answer

Told = tuple[dict[str, Any], bytes]


def run(job: dict[str, Any], batches: Iterable[Batch]) -> Told:
    """Do what a job asks with the rows of its block; the answer has the number of `rows` that were read."""
    return {"cells": _cells, "match": _match, "order": _order, "measure": _measure}[job["do"]](job, batches)


def _cells(job: dict[str, Any], batches: Iterable[Batch]) -> Told:
    picked, chars, columns = job["picked"], job["chars"], job["columns"]
    rows: list[list[str | None]] = []
    left_out: dict[int, str] = {}
    first = taken = 0
    for batch in batches:
        stop = bisect_left(picked, first + batch.count, taken)
        here = [row - first for row in picked[taken:stop]]
        texts = []
        for column in columns:
            try:
                texts.append(batch.texts(column, here))
            except (ValueError, LookupError, OverflowError) as exc:
                left_out[column] = (str(exc) or type(exc).__name__)[:SHOWN_CHARS]
                texts.append([None] * len(here))
        rows += [[None if cell is None else cell[:chars] for cell in row] for row in zip(*texts, strict=True)]
        first, taken = first + batch.count, stop
        if taken == len(picked) and not job.get("counts"):
            break
    answer = json.dumps(rows).encode()
    while len(answer) > MAX_PAYLOAD_BYTES:
        rows = rows[: len(rows) // 2]
        answer = json.dumps(rows).encode()
    return {"rows": first, "left_out": {str(column): reason for column, reason in left_out.items()}}, answer


def _match(job: dict[str, Any], batches: Iterable[Batch]) -> Told:
    kinds = {int(column): kind for column, kind in job["kinds"].items()}
    found, first = array("I"), 0
    for batch in batches:
        mask = evaluate(job["query"], kinds, cache(batch.values))
        found.extend(first + at for at, each in enumerate(mask) if each)
        first += batch.count
    if len(found) * found.itemsize > MAX_PAYLOAD_BYTES:
        raise ValueError("more rows match in one part of the table than are held")
    return {"rows": first}, found.tobytes()


def _picked_values(job: dict[str, Any], batches: Iterable[Batch]) -> Iterable[tuple[int, Sequence[int], list[Any]]]:
    """Yield the rows so far, and the rows and values of each batch that a job wants: picked ones, or from `low` on."""
    picked, first, taken = job.get("picked"), 0, 0
    low, high = job.get("low", 0), job.get("high")
    for batch in batches:
        stop_row = first + batch.count
        if stop_row <= low or (high is not None and first >= high):
            first = stop_row
            yield first, (), []
            continue
        values = batch.values(job["column"])
        begin, end = max(first, low) - first, (stop_row if high is None else min(stop_row, high)) - first
        found: Sequence[int] = range(first + begin, first + end)
        if picked is None:
            values = values[begin:end] if end - begin < len(values) else values
        else:
            stop = bisect_left(picked, stop_row, taken)
            found = picked[taken:stop]
            values = [values[row - first] for row in found]
            taken = stop
        first = stop_row
        yield first, found, values


def _order(job: dict[str, Any], batches: Iterable[Batch]) -> Told:
    """Return runs, each with its `form`, the number of its `known` keys, and of the rows in `rest`, without a value.

    The payload has for each run the known rows in the order of their keys, the rest, and the keys as `form` says: `q`,
    `Q` and `d` are numbers, `text` is texts with KEY_END between them, `json` a list. A run has about
    `run_rows` rows. `is_long` says that the runs are too long for an answer.
    """
    kind, high, run_rows = job["kind"], job.get("high"), job.get("run_rows", RUN_ROWS)
    runs: list[dict[str, Any]] = []
    pieces: list[bytes] = []
    keys: list[Any] = []
    known, rest, rows = array("I"), array("I"), 0

    def close() -> None:
        at = sorted(range(len(keys)), key=keys.__getitem__)
        form, packed = _packed([keys[place] for place in at])
        runs.append({"form": form, "known": len(at), "rest": len(rest), "bytes": len(packed)})
        pieces.extend((array("I", [known[place] for place in at]).tobytes(), rest.tobytes(), packed))
        keys.clear()
        del known[:], rest[:]

    for rows, found_rows, values in _picked_values(job, batches):
        own, own_rows = values, found_rows
        if None in own or (kind in (NUMBER, DECIMAL) and any(map(operator.ne, own, own))):
            rest.extend(row for row, value in zip(own_rows, own, strict=True) if value is None or value != value)
            pairs = [(row, each) for row, each in zip(own_rows, own, strict=True) if each is not None and each == each]
            own_rows, own = [row for row, _ in pairs], [value for _, value in pairs]
        known.extend(own_rows)
        keys += own if kind == NUMBER else map(float, own) if kind == DECIMAL else _texts(own)
        if len(keys) >= run_rows:
            close()
            if sum(map(len, pieces)) > MAX_PAYLOAD_BYTES:
                return {"rows": rows, "is_long": True}, b""
        if high is not None and rows >= high:
            break
    if keys or rest:
        close()
    answer = b"".join(pieces)
    if len(answer) > MAX_PAYLOAD_BYTES:
        return {"rows": rows, "is_long": True}, b""
    return {"rows": rows, "runs": runs}, answer


def _texts(values: list[Any]) -> list[str]:
    """Return values as texts that are put in order."""
    texts = list(map(str, values))
    return [text[:KEY_CHARS] for text in texts] if max(map(len, texts), default=0) > KEY_CHARS else texts


def _packed(keys: list[Any]) -> tuple[str, bytes]:
    """Return the form of keys of one kind and their bytes."""
    if keys and isinstance(keys[0], str):
        text = KEY_END.join(keys)
        if text.count(KEY_END) == len(keys) - 1:
            return "text", text.encode("utf-8", "surrogatepass")
        return "json", json.dumps(keys).encode()
    if all(type(key) is int for key in keys):
        for form in ("q", "Q"):
            with contextlib.suppress(OverflowError):
                return form, array(form, keys).tobytes()
    with contextlib.suppress(OverflowError):
        return "d", array("d", keys).tobytes()
    return "json", json.dumps(keys).encode()


def _measure(job: dict[str, Any], batches: Iterable[Batch]) -> Told:
    is_number = job["kind"] in (NUMBER, DECIMAL)
    counts: Counter[str] = Counter()
    known = missing = nan = rows = 0
    total = 0.0
    least = greatest = None
    is_many = False
    numbers: list[float] = []
    for read, found, every in _picked_values(job, batches):
        rows = read
        values = [value for value in every if value is not None]
        missing += len(found) - len(values)
        if is_number:
            real = [value for value in values if value == value]
            nan += len(values) - len(real)
            values = real
            numbers += map(float, values)
        known += len(values)
        if job["kind"] == OTHER:  # their texts are cut, and have no order
            continue
        if values:
            low, high = min(values), max(values)
            least = low if least is None or low < least else least
            greatest = high if greatest is None or high > greatest else greatest
            counts.update([str(value)[:SHOWN_CHARS] for value in values])
        if len(counts) > MOST_DISTINCT:
            is_many = True
            counts = Counter(dict(counts.most_common(MOST_DISTINCT // 2)))
    finite = [value for value in numbers if math.isfinite(value)]
    total = math.fsum(finite)
    told = {
        "rows": rows, "known": known, "missing": missing, "nan": nan, "total": total,
        "least": _plain(least), "greatest": _plain(greatest), "is_many": is_many,
    }  # fmt: skip
    return told, json.dumps({"counts": counts.most_common(), "bars": _bars(finite)}).encode()


def _bars(numbers: Sequence[float]) -> list[Any]:
    """Return the least and the greatest number, and how many lie in each of BARS equal parts between them."""
    if not numbers:
        return []
    low, high = min(numbers), max(numbers)
    bars = [0] * BARS
    width = high - low
    if not math.isfinite(width):
        return []
    for value in numbers:
        bars[min(BARS - 1, int((value - low) / width * BARS)) if width else 0] += 1
    return [low, high, bars]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str) else float(value)
