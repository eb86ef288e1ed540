"""Records of one size by position: NumPy arrays, and the attributes of a Shapefile. A block is some records."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

from storage_tui.previews.base import KIB, MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tables.query import NUMBER, OTHER, TEXT, TIME, TRUTH, Node
from storage_tui.previews.decoding.tables.records import array_rows, record_bytes
from storage_tui.previews.formats.npy import read_header
from storage_tui.previews.rows.base import MOST_COLUMNS, Allowance, Column, bounded
from storage_tui.previews.rows.blocks import Blocks
from storage_tui.previews.table.dtypes import Dtype
from storage_tui.previews.vector.shapefile import read_attributes_head

BLOCK_BYTES = 512 * KIB  # one request, 0.4 s at 10 Mbit/s
MOST_RECORD_BYTES = 8 * MIB
MOST_BLOCKS = 4_000_000  # 2 TiB; the counts of so many take 32 MB
HEAD_BYTES = 66 * KIB  # of a `.dbf` with as many fields as there can be
OPEN_BUDGET = Budget(requests=4, size_bytes=MIB)

_DBF_KINDS = {"N": NUMBER, "F": NUMBER, "I": NUMBER, "+": NUMBER, "B": NUMBER, "O": NUMBER, "Y": NUMBER, "D": TIME,
              "L": TRUTH, "C": TEXT}  # fmt: skip


class RecordRows(Blocks):
    """The rows of a blob of records."""

    def __init__(
        self, source: Source, kind: str, columns: Sequence[Column], *, job: dict[str, Any], head: bytes, start: int,
        record_bytes: int, count: int,
    ) -> None:  # fmt: skip
        """`job` and `head` are what the decoder needs to read records; the first record is at `start`."""
        self.source = source
        self.kind = kind
        self.columns = bounded(columns)
        if not 0 < record_bytes <= MOST_RECORD_BYTES:
            raise LimitError(f"a row has {record_bytes:,} bytes")
        size = source.size_bytes or 0
        if start + record_bytes * count > size:
            count = max(0, (size - start) // record_bytes)  # it is cut, or its head lies
        self._each = max(1, BLOCK_BYTES // record_bytes)
        if count > MOST_BLOCKS * self._each:
            raise LimitError(f"it has {count:,} rows, and they are more than are counted here")
        whole, rest = divmod(count, self._each)
        super().__init__([*repeat(self._each, whole), *([rest] if rest else [])])
        self._allowance = Allowance(source)
        self._job = job | {"job": "records", "head_bytes": len(head)}
        self._head = head
        self._start = start
        self._record_bytes = record_bytes

    @classmethod
    async def array(cls, source: Source) -> "RecordRows":
        """Return the rows of an .npy file: its records, or the values along its last side; raise PreviewError."""
        source.allow(OPEN_BUDGET)
        head = await source.head()
        header = read_header(head)
        if header.kind.has_objects:
            raise LimitError("it holds pickled Python objects, which are not loaded")
        if not header.shape:
            raise LimitError("it holds one value, and no table")
        if header.is_fortran and len(header.shape) > 1:
            raise LimitError("its values lie column by column, and a table reads them row by row")
        fields = header.kind.fields
        if fields:
            columns = [_array_column(name, kind) for name, _, kind in fields]
        elif len(header.shape) == 1:
            columns = [_array_column("value", header.kind)]
        elif header.shape[-1] > MOST_COLUMNS:
            raise LimitError(f"it has {header.shape[-1]:,} columns, and a table shows {MOST_COLUMNS:,}")
        else:
            columns = [_array_column(str(at), header.kind) for at in range(header.shape[-1])]
        return cls(
            source, "NumPy array", columns, job={"form": "npy"}, head=head[: header.data_start],
            start=header.data_start, record_bytes=record_bytes(header), count=array_rows(header),
        )  # fmt: skip

    @classmethod
    async def attributes(cls, source: Source, encoding: str) -> "RecordRows":
        """Return the rows of a `.dbf`; raise PreviewError. `encoding` is the text of the `.cpg` beside the file."""
        source.allow(OPEN_BUDGET)
        head = await source.read(0, HEAD_BYTES)
        found = read_attributes_head(head, encoding)
        if found is None or not found.fields:
            raise PreviewError("it is no table of attributes")
        last = found.fields[-1]
        if last.at + last.size_bytes > found.row_bytes or found.start > source.size_bytes:  # type: ignore[operator]
            raise PreviewError("its fields do not fit its rows")
        columns = [Column(field.name, field.words, _DBF_KINDS.get(field.kind, OTHER)) for field in found.fields]
        return cls(
            source, "attributes", columns, job={"form": "dbf", "encoding": encoding}, head=head[: found.start],
            start=found.start, record_bytes=found.row_bytes, count=found.count,
        )  # fmt: skip

    def cost(self, block: int, columns: Sequence[int]) -> int:
        """Return the bytes of a block: records are read whole."""
        return self.rows_of(block) * self._record_bytes

    def cost_of_all(self, columns: Sequence[int], query: Node | None) -> int:
        """Return the bytes of all records."""
        return self.rows_known * self._record_bytes

    def may_match(self, block: int, query: Node) -> bool:
        """Return true: records have no statistics."""
        return True

    async def run(self, block: int, columns: Sequence[int], job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Do a job with a block; raise PreviewError, or an error of the client."""
        start = self._start + self.first_of(block) * self._record_bytes
        size = self.cost(block, columns)
        with self._allowance.block(size):
            page = await self.source.read(start, start + size)
        if len(page) < size:
            raise PreviewError("it ends before its size says")
        return await DECODER.decode(self._job | job, self._head + page)


def _array_column(name: str, kind: Dtype) -> Column:
    if kind.code is not None:
        return Column(name, kind.words, TRUTH if kind.code[1] == "?" else NUMBER)
    if kind.words.startswith("datetime64"):
        return Column(name, kind.words, TIME)
    return Column(name, kind.words, TEXT if kind.words.startswith(("text", "bytes")) else OTHER)
