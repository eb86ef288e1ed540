"""Arrow files by position: a block is a batch, read whole by one job (Apache Arrow, IPC)."""

from collections.abc import Sequence
from typing import Any

from storage_tui.previews.base import MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tables.query import DECIMAL, NUMBER, OTHER, TEXT, TIME, TRUTH, Node
from storage_tui.previews.formats.arrow import (
    BATCHES,
    BIG_ENDIAN,
    BLOCK,
    DICTIONARIES,
    MAGIC,
    MOST_BATCHES,
    SCHEMA,
    START_BYTES,
)
from storage_tui.previews.rows.base import Allowance, Column, bounded
from storage_tui.previews.rows.blocks import Blocks
from storage_tui.previews.rows.held import HeldPages
from storage_tui.previews.table.arrow_schema import (
    ENDIANNESS,
    FIELDS,
    HEADER,
    NAME,
    PREFIX_BYTES,
    prefix,
    read_message,
    type_name,
)
from storage_tui.previews.table.first_rows import read_footer, require_tables
from storage_tui.previews.table.flatbuffer import Table as Flat

OPEN_BUDGET = Budget(requests=600, size_bytes=16 * MIB)  # a header of every batch, each with its number of rows
MOST_READ = 512  # batches whose headers are read: each is a request
END = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # of a stream
MOST_FIELDS = 2000

_KINDS = {"text": TEXT, "large text": TEXT, "text view": TEXT, "bool": TRUTH, "decimal": DECIMAL, "date": TIME,
          "time": TIME, "timestamp": TIME}  # fmt: skip
_NESTED = frozenset(("list", "large", "fixed", "struct", "map", "union"))


class ArrowRows(Blocks):
    """The rows of an Arrow file: the decoder gets the schema, the dictionaries and one batch as a stream."""

    kind = "Arrow"

    def __init__(
        self, source: Source, schema: Flat, pieces: list[list[int]], batches: list[tuple[int, int, int]]
    ) -> None:
        """`pieces` are the ranges of the schema and the dictionaries; `batches` have offset, bytes and rows."""
        super().__init__(rows for _, _, rows in batches)
        self.source = source
        self._allowance = Allowance(source)
        self._held = HeldPages(source.size_bytes or 0)
        self._pieces = pieces
        self._batches = batches
        listed = [_column(field) for field in schema.tables(FIELDS, MOST_FIELDS)]
        self._names = [column.name for column in listed]  # as the file has them: several may have one name
        self.columns = bounded(listed)

    @classmethod
    async def open(cls, source: Source) -> "ArrowRows":
        """Read the footer and the header of each batch; raise PreviewError."""
        require_tables()
        source.allow(OPEN_BUDGET)
        raw, _ = await read_footer(source, await source.head(), MAGIC)
        footer = Flat.root(raw)
        schema = footer.table(SCHEMA)
        if schema is None:
            raise PreviewError("its footer has no schema")
        if schema.integer(ENDIANNESS, "<h") == BIG_ENDIAN:
            raise LimitError("big-endian numbers are not read here")
        blocks = footer.structs(BATCHES, BLOCK, MOST_BATCHES)
        others = footer.structs(DICTIONARIES, BLOCK, MOST_BATCHES)
        if len(blocks) > MOST_READ:
            raise LimitError(f"it has {len(blocks):,} batches, and each names its rows at another place")
        size, batches = source.size_bytes or 0, []
        for at, header, body in (*others, *blocks):
            if not START_BYTES <= at < at + header <= at + header + body <= size:
                raise PreviewError("a batch is not where it says")
        for at, header, body in blocks:
            message, _ = read_message(await source.read(at, at + header))
            batch = message.table(HEADER)
            rows = batch.integer(0, "<q") if batch is not None else 0
            if rows < 0:
                raise PreviewError("a batch has fewer than no rows")
            batches.append((at, header + body, rows))
        length, begin = prefix(await source.read(START_BYTES, START_BYTES + PREFIX_BYTES))
        if length <= 0 or START_BYTES + begin + length > size:
            raise PreviewError("its schema is not where it should be")
        pieces = [[START_BYTES, begin + length], *([at, header + body] for at, header, body in others)]
        return cls(source, schema, pieces, batches)

    def cost(self, block: int, columns: Sequence[int]) -> int:
        """Return the bytes of a batch and of the dictionaries: all of its columns are read."""
        return self._batches[block][1] + sum(size for _, size in self._pieces)

    def cost_of_all(self, columns: Sequence[int], query: Node | None) -> int:
        """Return the bytes of all batches."""
        return sum(self.cost(at, columns) for at in range(self.blocks_known))

    def may_match(self, block: int, query: Node) -> bool:
        """Return true: batches have no statistics."""
        return True

    async def run(self, block: int, columns: Sequence[int], job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job with a batch."""
        at, size, _ = self._batches[block]
        job = job | {
            "job": "block", "form": "stream", "pieces": [*self._pieces, [at, size]],
            "names": {column: self._names[column] for column in columns},
        }  # fmt: skip
        with self._allowance.block(self.cost(block, columns)):
            return await DECODER.decode(job, END, source=self.source, held=self._held)


def _column(field: Flat) -> Column:
    word = type_name(field)
    plain = word.partition(",")[0]
    kind = _KINDS.get(plain, NUMBER if plain.startswith(("int", "uint", "float")) else OTHER)
    return Column(field.text(NAME), word, kind, is_nested=kind == OTHER and plain.partition(" ")[0] in _NESTED)
