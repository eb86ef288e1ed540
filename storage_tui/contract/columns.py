"""The page of a list in columns: what a list of a million keys needs of each key, in a quarter of the bytes of details.

On the wire a page is one JSON object of arrays of equal length: `names`, `sizes` (bytes), `modified` and `expires`
(milliseconds since 1970, 0 for none). `expires` is left out where nothing expires. `prefixes` holds indexes into
`names`.
"""

from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from storage_tui.contract.errors import ProtocolError
from storage_tui.contract.models import Page
from storage_tui.contract.moments import to_millis

LAST_MILLIS = to_millis(datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """Blobs and child prefixes of one page in the byte order of the keys, one column for each property.

    `names` holds the part of each key after the prefix of the list. `sizes` are bytes. `modified` and `expires` are
    milliseconds since 1970, 0 for none; `expires` is None where nothing expires. `prefixes` holds the indexes of the
    names that are child prefixes; the other columns of these rows are 0. `next_token` fetches the page after this one;
    None on the last page.
    """

    names: tuple[str, ...]
    sizes: "array[int]"
    modified: "array[int]"
    expires: "array[int] | None" = None
    prefixes: "array[int]" = field(default_factory=lambda: array("I"))
    next_token: str | None = None

    @classmethod
    def of(cls, page: Page, prefix: str) -> Self:
        """Return the columns of a page of details; the page lists `prefix`."""
        cut = len(prefix)
        rows = sorted([*((blob.key, blob) for blob in page.blobs), *((name, None) for name in page.prefixes)], key=_key)
        expires = array("q", [_millis(blob.expires) if blob is not None else 0 for _, blob in rows])
        return cls(
            tuple(key[cut:] for key, _ in rows),
            array("Q", [blob.size_bytes or 0 if blob is not None else 0 for _, blob in rows]),
            array("q", [_millis(blob.modified) if blob is not None else 0 for _, blob in rows]),
            expires if any(expires) else None,
            array("I", (place for place, (_, blob) in enumerate(rows) if blob is None)),
            page.next_token,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the page as the JSON object of the wire."""
        raw: dict[str, Any] = {
            "names": list(self.names),
            "sizes": self.sizes.tolist(),
            "modified": self.modified.tolist(),
            "prefixes": self.prefixes.tolist(),
            "next": self.next_token,
        }
        if self.expires is not None:
            raw["expires"] = self.expires.tolist()
        return raw

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read a page from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            names = tuple(_list(raw["names"]))
            "".join(names).encode("utf-8")  # refuses names that are not text, and halves of surrogate pairs
            expires = raw.get("expires")
            page = cls(
                names,
                array("Q", raw["sizes"]),
                _times(raw["modified"]),
                None if expires is None else _times(expires),
                array("I", raw["prefixes"]),
                raw["next"],
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as exc:
            raise ProtocolError(f"the server sent a list in columns that cannot be read: {exc}") from exc
        lengths = {len(page.names), len(page.sizes), len(page.modified)}
        if page.expires is not None:
            lengths.add(len(page.expires))
        ordered = all(a < b for a, b in zip(page.prefixes, page.prefixes[1:], strict=False))
        if len(lengths) > 1 or not ordered or (page.prefixes and page.prefixes[-1] >= len(names)):
            raise ProtocolError("the server sent a list in columns that do not fit together")
        if not isinstance(page.next_token, str | None):
            raise ProtocolError("the server sent a list in columns with a page token that is not text")
        return page


def _millis(moment: datetime | None) -> int:
    return 0 if moment is None else to_millis(moment)


def _times(raw: Any) -> "array[int]":
    times = array("q", raw)
    if times and not (min(times) >= 0 and max(times) <= LAST_MILLIS):
        raise ValueError("time before 1970 or after the last year")
    return times


def _key(row: tuple[str, object]) -> str:
    return row[0]


def _list(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise TypeError("the names are not an array")
    return raw
