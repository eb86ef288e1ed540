"""Parquet and Arrow files of all shapes by pyarrow, each with the text of its first rows.

The environment with pyarrow runs it, which is not that of the project.

python tables_by_pyarrow.py FOLDER SEED COUNT writes the files and `expected.json`: by name the heads and the rows.
python tables_by_pyarrow.py FOLDER writes files with a danger of their own, by name.
"""

import json
import random
import re
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS = 30
UNITS = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}
DELTA = ("PLAIN", "DELTA_BINARY_PACKED")
WORDS = ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY")
ENCODINGS = {"int32": DELTA, "int64": DELTA, "uint32": DELTA, "string": WORDS, "binary": WORDS, "large_string": WORDS,
             "bool": ("PLAIN", "RLE"), "float": ("PLAIN", "BYTE_STREAM_SPLIT")}  # fmt: skip
FAR = {"s": 10**14, "ms": 10**17, "us": 5 * 10**18, "ns": 9 * 10**18}


def integers(chance, low, high, count):
    pool = (low, high, 0, 1, -1, high // 2, low // 2)
    return [
        None if chance.random() < 0.2 else max(low, min(high, chance.choice((*pool, chance.randint(low, high)))))
        for _ in range(count)
    ]


def leaf(chance, count):
    """An array without others in it."""
    kind = chance.choice(("int", "int", "float", "bool", "decimal", "date", "time", "timestamp", "timestamp",
                          "duration", "text", "text", "binary", "fixed", "dictionary", "null"))  # fmt: skip
    if kind == "int":
        bits, signed = chance.choice((8, 16, 32, 64)), chance.random() < 0.5
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        return pa.array(integers(chance, low, high, count), getattr(pa, f"{'' if signed else 'u'}int{bits}")())
    if kind == "float":
        values = [
            None
            if chance.random() < 0.2
            else chance.choice((0.1, -0.0, 1 / 3, 1e300, 1e-7, float("nan"), float("inf"), chance.gauss(0, 1e6)))
            for _ in range(count)
        ]
        kind = chance.choice((pa.float16(), pa.float32(), pa.float64()))
        if kind != pa.float64():
            values = [None if value is None else float(np.clip(value, -6e4, 6e4)) for value in values]
        return pa.array(
            [None if value is None else (np.float16(value) if kind == pa.float16() else value) for value in values],
            kind,
        )
    if kind == "bool":
        return pa.array([chance.choice((True, False, None)) for _ in range(count)])
    if kind == "decimal":
        digits = chance.choice((5, 9, 18, 28))
        scale = chance.randint(0, digits)
        values = [
            None if value is None else Decimal(value).scaleb(-scale)
            for value in integers(chance, -(10**digits) + 1, 10**digits - 1, count)
        ]
        makers = [
            pa.decimal128,
            pa.decimal256,
            *([pa.decimal32] if digits < 10 else []),
            *([pa.decimal64] if digits < 19 else []),
        ]
        return pa.array(values, chance.choice(makers)(digits, scale))
    if kind == "date":
        if chance.random() < 0.5:
            return pa.array(integers(chance, -(2**31), 2**31 - 1, count), pa.int32()).cast(pa.date32())
        days = integers(chance, -(10**7), 10**7, count)
        return pa.array([None if day is None else day * 86_400_000 for day in days], pa.int64()).cast(pa.date64())
    if kind == "time":
        unit = chance.choice(list(UNITS))
        number = pa.int32() if unit in ("s", "ms") else pa.int64()
        return pa.array(integers(chance, 0, 86_400 * UNITS[unit] - 1, count), number).cast(
            getattr(pa, "time32" if number == pa.int32() else "time64")(unit)
        )
    if kind == "timestamp":
        unit = chance.choice(list(UNITS))
        zone = chance.choice((None, None, "UTC", "+05:30", "-08:00", "Europe/Paris", "America/New_York"))
        far = FAR[unit] if zone in (None, "UTC", "+05:30", "-08:00") else 2 * 10**9 * UNITS[unit]
        return pa.array(integers(chance, -far, far, count), pa.int64()).cast(pa.timestamp(unit, zone))
    if kind == "duration":
        unit = chance.choice(list(UNITS))
        return pa.array(integers(chance, -(2**62), 2**62, count), pa.int64()).cast(pa.duration(unit))
    if kind == "text":
        words = [
            chance.choice(
                (None, "", "a", "ü漢", "two words", "twelve chars", "longer than twelve", "tab\there", "it's")
            )
            for _ in range(count)
        ]
        return pa.array(words, chance.choice((pa.string(), pa.large_string(), pa.string_view())))
    if kind == "binary":
        words = [chance.choice((None, b"", b"abc", b"\xff\x00", b"b" * 20, bytes(40))) for _ in range(count)]
        return pa.array(words, chance.choice((pa.binary(), pa.large_binary(), pa.binary_view())))
    if kind == "fixed":
        return pa.array([chance.choice((None, b"abcd", b"\0\1\2\3")) for _ in range(count)], pa.binary(4))
    if kind == "dictionary":
        words = pa.array([chance.choice((None, "red", "green", "blue")) for _ in range(count)])
        return words.dictionary_encode()
    return pa.nulls(count)


def nested(chance, count, depth=0):
    """An array with others in it, up to a depth."""
    kind = chance.choice(("leaf", "leaf", "list", "struct", "map", "fixed", "large"))
    if kind == "leaf" or depth > 1:
        return leaf(chance, count)
    if kind == "struct":
        fields = [nested(chance, count, depth + 1) for _ in range(chance.randint(1, 3))]
        mask = pa.array([chance.random() < 0.2 for _ in range(count)], pa.bool_())
        return pa.StructArray.from_arrays(fields, [f"f{at}" for at in range(len(fields))], mask=mask)
    lengths = [chance.randint(0, 3) for _ in range(count)]
    mask = pa.array([chance.random() < 0.2 for _ in range(count)], pa.bool_())
    lengths = [0 if missing.as_py() else length for length, missing in zip(lengths, mask, strict=True)]
    if kind == "fixed":
        return pa.FixedSizeListArray.from_arrays(leaf(chance, 2 * count), 2)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = nested(chance, int(offsets[-1]), depth + 1)
    if kind == "map":
        keys = pa.array([f"k{at}" for at in range(int(offsets[-1]))])
        return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, values)
    if kind == "large":
        return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values, mask=mask)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=mask)


def only_arrow(chance, count):
    """An array of a type that Parquet lacks."""
    kind = chance.choice(("view", "large view", "runs", "dense", "sparse", "interval"))
    if kind in ("view", "large view"):
        lengths = [chance.randint(0, 3) for _ in range(count)]
        values = leaf(chance, 3 * count)
        maker, number = (pa.ListViewArray, pa.int32()) if kind == "view" else (pa.LargeListViewArray, pa.int64())
        starts = [chance.randint(0, 3 * count - length) for length in lengths]
        return maker.from_arrays(pa.array(starts, number), pa.array(lengths, number), values)
    if kind == "runs":
        ends = sorted({*(chance.randint(1, count) for _ in range(3)), count})
        return pa.RunEndEncodedArray.from_arrays(
            pa.array(ends, chance.choice((pa.int16(), pa.int32(), pa.int64()))), leaf(chance, len(ends))
        )
    if kind == "interval":
        return pa.array(
            [
                None
                if chance.random() < 0.2
                else pa.MonthDayNano([chance.randint(-5, 5), chance.randint(-5, 5), chance.randint(0, 10**12)])
                for _ in range(count)
            ],
            pa.month_day_nano_interval(),
        )
    kinds = pa.array([chance.randint(0, 1) for _ in range(count)], pa.int8())
    if kind == "sparse":
        return pa.UnionArray.from_sparse(kinds, [leaf(chance, count), leaf(chance, count)])
    offsets = [kinds[:at].to_pylist().count(kinds[at].as_py()) for at in range(count)]
    return pa.UnionArray.from_dense(kinds, pa.array(offsets, pa.int32()), [leaf(chance, count), leaf(chance, count)])


def part(digits):
    """A part of a second in six digits, or nine."""
    digits = digits.ljust(9, "0")
    return "" if not digits.strip("0") else f".{digits.removesuffix('000')}"


def clock(value, per_second):
    sign, value = "-" if value < 0 else "", abs(value)
    whole, rest = divmod(value, per_second)
    fraction = part(str(rest).rjust(len(str(per_second)) - 1, "0"))
    return f"{sign}{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}{fraction}"


def four_digits(date):
    """A date whose year before 0 has four digits, as a year after it has."""
    sign, year, rest = re.fullmatch(r"(-?)(\d+)(-.*)", date).groups()
    return f"{sign}{year:0>4}{rest}"


def moment(value, unit):
    shown = four_digits(str(np.datetime64(value, unit)).replace("T", " "))
    whole, _, fraction = shown.partition(".")
    return whole + part(fraction)


def text(value, inner=False):
    """The text of a value: what pyarrow, numpy and decimal say of it, in the form of the preview."""
    kind = value.type
    if pa.types.is_dictionary(kind):
        value = value.value if isinstance(value, pa.DictionaryScalar) else value
        return text(value, inner) if isinstance(value, pa.Scalar) else text(pa.scalar(value), inner)
    if pa.types.is_run_end_encoded(kind) or pa.types.is_union(kind):
        inside = value.value if hasattr(value, "value") else None
        return text(inside, inner) if inside is not None else ("null" if inner else "")
    if not value.is_valid:
        return "null" if inner else ""
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            return moment(value.value, kind.unit)
        naive = value.cast(pa.timestamp(kind.unit))  # the same number: the time in UTC
        if kind.tz in ("UTC", "+05:30", "-08:00"):
            shift = {"UTC": 0, "+05:30": 19_800, "-08:00": -28_800}[kind.tz]
        else:
            shift = (pc.local_timestamp(value).value - naive.value) // UNITS[kind.unit]
        sign = "-" if shift < 0 else "+"
        shown = moment(value.value + shift * UNITS[kind.unit], kind.unit)
        return f"{shown}{sign}{abs(shift) // 3600:02d}:{abs(shift) // 60 % 60:02d}"
    if pa.types.is_date(kind):
        days = value.value if pa.types.is_date32(kind) else value.value // 86_400_000
        return four_digits(str(np.datetime64(days, "D")))
    if pa.types.is_time(kind):
        return clock(value.value, UNITS[kind.unit])
    if pa.types.is_duration(kind):
        days, rest = divmod(value.value, 86_400 * UNITS[kind.unit])
        told = f"{days} day{'' if abs(days) == 1 else 's'}, " if days else ""
        return f"{told}{clock(rest, UNITS[kind.unit]).removeprefix('0')}"
    if pa.types.is_decimal(kind):
        return format(value.as_py(), "f")
    if pa.types.is_floating(kind):
        number = {"halffloat": np.float16, "float": np.float32, "double": np.float64}[str(kind)](value.as_py())
        return repr(float(str(number))).removesuffix(".0")
    if (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or "list_view" in str(kind)
    ):
        return "[" + ", ".join(text(item, True) for item in value.values) + "]"
    if pa.types.is_map(kind):
        pairs = (f"{text(item['key'], True)}: {text(item['value'], True)}" for item in value.values)
        return "{" + ", ".join(pairs) + "}"
    if pa.types.is_struct(kind):
        return "{" + ", ".join(f"{name}: {text(value[name], True)}" for name in value) + "}"
    if pa.types.is_interval(kind):
        told = value.as_py()
        parts = [
            f"{count} {word}{'s' * (abs(count) != 1)}"
            for count, word in ((told.months, "month"), (told.days, "day"))
            if count
        ]
        return " ".join([*parts, *([clock(told.nanoseconds, 10**9)] if told.nanoseconds or not parts else [])])
    found = value.as_py()
    if isinstance(found, bytes):
        if found and all(32 <= byte < 127 for byte in found):
            return repr(found)
        return f"0x{found.hex()}" if 0 < len(found) <= 16 else f"{len(found)} bytes"
    return repr(found) if inner and isinstance(found, str) else str(found)


def write(chance, table, path):
    """Write a table in any of the layouts of its format."""
    groups = chance.choice((1, 2, 7, 10_000))
    if path.suffix == ".parquet":
        split = [field.name for field in table.schema if str(field.type) in ("float", "double", "int32", "int64")]
        options = {
            "compression": chance.choice(("none", "snappy", "gzip", "brotli", "zstd", "lz4")),
            "data_page_version": chance.choice(("1.0", "2.0")), "use_dictionary": chance.random() < 0.5,
            "row_group_size": groups, "data_page_size": chance.choice((1, 100, None)),
            "write_statistics": chance.random() < 0.5, "store_schema": chance.random() < 0.7,
            "use_byte_stream_split": split if chance.random() < 0.3 else False,
            "write_page_index": chance.random() < 0.3,
            "write_page_checksum": chance.random() < 0.3, "store_decimal_as_integer": chance.random() < 0.3,
        }  # fmt: skip
        if options["use_byte_stream_split"]:
            options["use_dictionary"] = False
        encodings = {
            field.name: chance.choice(ENCODINGS[str(field.type)])
            for field in table.schema
            if str(field.type) in ENCODINGS
        }
        if chance.random() < 0.4 and encodings and not options["use_byte_stream_split"]:
            options |= {"column_encoding": encodings, "use_dictionary": False}
        pq.write_table(table, path, **options)
        return options
    options = pa.ipc.IpcWriteOptions(
        compression=chance.choice((None, "lz4", "zstd")), emit_dictionary_deltas=False, unify_dictionaries=True
    )
    if path.suffix == ".arrow":
        with pa.ipc.new_file(path, table.schema, options=options) as writer:
            if chance.random() < 0.3:
                writer.write_table(table.slice(0, 0))
            writer.write_table(table, max_chunksize=groups)
    else:
        with pa.ipc.new_stream(path, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=groups)
    return {"chunks": groups}


def main(folder, seed, count):
    chance = random.Random(seed)
    expected = {}
    for number in range(count):
        suffix = chance.choice((".parquet", ".parquet", ".arrow", ".arrows"))
        rows = chance.choice((0, 1, 3, 29, 30, 31, 40))
        columns = {}
        for at in range(chance.randint(1, 5)):
            makers = (leaf, leaf, nested) if suffix == ".parquet" else (leaf, nested, only_arrow)
            columns[f"c{at}"] = chance.choice(makers)(chance, rows) if rows else leaf(chance, 0)
        table = pa.table(columns)
        path = folder / f"{number}{suffix}"
        try:
            options = write(chance, table, path)
            read = table
            if suffix == ".parquet":
                read = pq.read_table(path)
        except (pa.ArrowException, OSError, ValueError) as exc:
            path.unlink(missing_ok=True)
            print(number, suffix, table.schema.types, exc, file=sys.stderr)
            continue
        first = read.slice(0, ROWS)
        cells = [[text(value) for value in column] for column in first.columns]
        expected[path.name] = [
            read.column_names,
            [list(row) for row in zip(*cells, strict=True)],
            f"{options} {table.schema.types}",
        ]
    (folder / "expected.json").write_text(json.dumps(expected))


FAR_TIMES = (0, 253_402_300_800_000_000, -62_160_156_800_000_000)
ENCRYPTED = {
    "encrypted_footer": (False, ["id"]),
    "encrypted_column": (True, ["id"]),
    "encrypted_all": (True, ["id", "at", "list.list.element"]),
}


def special(folder):
    """Write files with empty first parts, other files, keys, old forms, and what a preview cannot reach."""
    small = pa.table({
        "id": pa.array([1, 2, 3]), "at": pa.array(FAR_TIMES).cast(pa.timestamp("us")),
        "list": pa.array([[0, FAR_TIMES[1]], [], None]).cast(pa.list_(pa.timestamp("us"))),
    })  # fmt: skip
    pq.write_table(small, folder / "int96.parquet", use_deprecated_int96_timestamps=True)
    pq.write_table(small.slice(0, 0), folder / "no_rows.parquet")
    pq.write_table(pa.table({}), folder / "no_columns.parquet")
    with pq.ParquetWriter(folder / "empty_groups.parquet", small.schema) as writer:
        for part in (small.slice(0, 0), small.slice(0, 0), small, small.slice(0, 0), small):
            writer.write_table(part)
    collected = []
    pq.write_table(small, folder / "part.parquet", metadata_collector=collected)
    collected[0].set_file_path("part.parquet")
    pq.write_metadata(small.schema, folder / "_metadata", metadata_collector=collected)
    encrypt(folder, small)
    twelve = [b"\x0e\0\0\0\x03\0\0\0\xdc\x05\0\0", bytes(12), None]
    pq.write_table(
        pa.table({"v": pa.array(twelve, pa.binary(12))}), folder / "twelve_bytes.parquet", store_schema=False
    )
    long = pa.table({"id": pa.array(range(40_000)), "word": pa.array([f"word {number}" for number in range(40_000)])})
    pq.write_table(long.slice(0, 1500), folder / "groups_of_one.parquet", row_group_size=1)
    pq.write_table(long, folder / "small_pages.parquet", data_page_size=200, use_dictionary=False, write_batch_size=4)
    empty = small.slice(0, 0).combine_chunks().to_batches() or [
        pa.record_batch([pa.array([], field.type) for field in small.schema], schema=small.schema)
    ]
    with pa.ipc.new_file(folder / "empty_batches.arrow", small.schema) as writer:
        for batch in (*empty * 3000, *small.to_batches()):
            writer.write_batch(batch)
    with pa.ipc.new_file(folder / "many_batches.arrow", small.schema) as writer:
        for _ in range(12_000):
            writer.write_batch(small.to_batches()[0])
    with pa.ipc.new_stream(folder / "empty_batches.arrows", small.schema) as writer:
        for batch in (*empty * 5, *small.to_batches()):
            writer.write_batch(batch)
    with pa.ipc.new_stream(folder / "no_batch.arrows", small.schema):
        pass
    old = pa.ipc.IpcWriteOptions(use_legacy_format=True)
    with pa.ipc.new_stream(folder / "old.arrows", small.schema, options=old) as writer:
        writer.write_table(small)
    words = [
        pa.DictionaryArray.from_arrays(pa.array(at, pa.int32()), pa.array(["a", "b", "c"][:count]))
        for at, count in (([0, 1], 2), ([2, 0], 3))
    ]
    grown = pa.table({"word": pa.chunked_array(words)})
    for name, make in (("grown.arrow", pa.ipc.new_file), ("grown.arrows", pa.ipc.new_stream)):
        with make(folder / name, grown.schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as writer:
            writer.write_table(grown)
    large = pa.table({"id": pa.array(range(400_000))})
    with pa.ipc.new_file(folder / "large_batch.arrow", large.schema) as writer:
        writer.write_table(large)
    with pa.ipc.new_stream(folder / "large_batch.arrows", large.schema) as writer:
        writer.write_table(large)
    whole = (folder / "large_batch.arrows").read_bytes()
    (folder / "cut.arrows").write_bytes(whole[:500_000])


def encrypt(folder, table):
    import base64

    import pyarrow.parquet.encryption as pe

    class Keys(pe.KmsClient):
        def __init__(self, config):
            super().__init__()

        def wrap_key(self, key_bytes, master_key_identifier):
            return base64.b64encode(key_bytes)

        def unwrap_key(self, wrapped_key, master_key_identifier):
            return base64.b64decode(wrapped_key)

    factory, connection = pe.CryptoFactory(Keys), pe.KmsConnectionConfig()
    for name, (is_plain, columns) in ENCRYPTED.items():
        options = pe.EncryptionConfiguration(
            footer_key="of the footer", column_keys={"of the columns": columns}, plaintext_footer=is_plain
        )
        properties = factory.file_encryption_properties(connection, options)
        with pq.ParquetWriter(folder / f"{name}.parquet", table.schema, encryption_properties=properties) as writer:
            writer.write_table(table)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        special(Path(sys.argv[1]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
