"""The arrays and groups of Zarr 2 and 3 from their JSON (Zarr storage specification 2; Zarr core specification 3.0)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError, PreviewError
from storage_tui.previews.table.dtypes import Dtype, read_dtype
from storage_tui.previews.text.json_object import read_object, skip_gap

MOST_SIDES = 32  # as in numpy 1; 64 in numpy 2
MOST_CODECS = 16
MOST_SIDE = 1 << 62
WORD_CHARS = 60
_PLAIN = {
    "bool": "|b1", "float16": "f2", "float32": "f4", "float64": "f8", "complex64": "c8", "complex128": "c16",
    **{f"int{8 * size}": f"i{size}" for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": f"u{size}" for size in (1, 2, 4, 8)},
}  # fmt: skip
_TEXTS = ("string", "variable_length_bytes", "bytes", "variable_length_utf8")
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Codec = tuple[str, dict[str, Any]]
"""Name and configuration; a chain is in the order in which an array was packed."""


@dataclass(frozen=True, slots=True)
class Shards:
    """The chunks inside each shard, their codecs, and the place of the index of a shard."""

    chunks: tuple[int, ...]
    codecs: tuple[Codec, ...]
    is_index_first: bool
    has_checksum: bool


@dataclass(frozen=True, slots=True)
class Array:
    """One array. `chunks` are those that are blobs, so the shards of a sharded array; `dtype` is None for texts of any
    length and for a type that is not known here; `order` has the axes from the slowest to the fastest in a chunk."""

    path: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: Dtype | None
    type_words: str
    fill: Any
    codecs: tuple[Codec, ...]
    order: tuple[int, ...]
    dimensions: tuple[str, ...]
    attributes: Mapping[str, Any]
    separator: str
    starts_with: str
    shards: Shards | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def pieces(self) -> tuple[int, ...]:
        """The shape of what is unpacked at once: a chunk, in a sharded array a chunk of a shard."""
        return self.shards.chunks if self.shards is not None else self.chunks

    @property
    def missing(self) -> tuple[float, ...]:
        """The numbers that stand for no value: those of the CF conventions, and the fill value unless that is zero."""
        found = (self.attributes.get("_FillValue"), self.attributes.get("missing_value"), self.fill or None)
        return tuple(value for value in found if isinstance(value, int | float))

    @property
    def pack_words(self) -> str:
        """The codecs in words; numcodecs' own names say nothing of what is inside blosc."""
        codecs = self.shards.codecs if self.shards is not None else self.codecs
        words = [_codec_words(*codec) for codec in codecs if codec[0] not in ("bytes", "vlen-utf8", "vlen-bytes")]
        text = ", ".join(words) or "none"
        return f"{text} in shards" if self.shards is not None else text

    def chunk_key(self, place: tuple[int, ...]) -> str:
        """Return the name of a chunk's blob below the store."""
        name = self.separator.join(map(str, place))
        if self.starts_with:
            name = self.starts_with + (self.separator + name if place else "")
        elif not place:
            name = "0"
        return f"{self.path}/{name}" if self.path else name


@dataclass(frozen=True, slots=True)
class Group:
    """One group."""

    path: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


Node = Array | Group


def read_json(raw: bytes) -> dict[str, Any]:
    """Return the members of an object, as far as the text goes; empty for what is no object."""
    text = raw.decode("utf-8", "replace")
    at = skip_gap(text, 0)
    if text[at : at + 1] != "{":
        return {}
    found = read_object(text, at, "")
    if not found.is_whole and found.cut_key in ("metadata", "consolidated_metadata") and found.cut.startswith("{"):
        inner = read_object(found.cut, 0, "")
        if found.cut_key == "consolidated_metadata" and inner.cut_key == "metadata" and inner.cut.startswith("{"):
            inner.members["metadata"] = read_object(inner.cut, 0, "").members
        found.members[found.cut_key] = inner.members
    return found.members


def array_of_2(path: str, told: Mapping[str, Any], attributes: Mapping[str, Any]) -> Array:
    """Return the array of a `.zarray`; raise PreviewError."""
    shape, chunks = _sides(told.get("shape")), _sides(told.get("chunks"))
    _check(shape, chunks)
    dtype, words = _dtype_of_2(told.get("dtype"))
    filters = told.get("filters")
    codecs = [_codec_of_2(one) for one in (filters if isinstance(filters, list) else [])[:MOST_CODECS]]
    if isinstance(told.get("compressor"), dict):
        codecs.append(_codec_of_2(told["compressor"]))
    axes = tuple(range(len(shape)))
    separator = told.get("dimension_separator")
    return Array(
        path, shape, chunks, dtype, words, _fill(told.get("fill_value")), tuple(codecs),
        axes[::-1] if told.get("order") == "F" else axes, _names(attributes.get("_ARRAY_DIMENSIONS"), len(shape)),
        attributes, "/" if separator == "/" else ".", "",
    )  # fmt: skip


def array_of_3(path: str, told: Mapping[str, Any]) -> Array:
    """Return the array of a `zarr.json`; raise PreviewError."""
    grid, keys = _object(told.get("chunk_grid")), _object(told.get("chunk_key_encoding"))
    if grid.get("name") != "regular":
        raise LimitError(f"its chunk grid is {visible(str(grid.get('name')), limit=WORD_CHARS)}")
    shape, chunks = _sides(told.get("shape")), _sides(_object(grid.get("configuration")).get("chunk_shape"))
    _check(shape, chunks)
    codecs = _codecs(told.get("codecs"))
    shards = None
    if codecs and codecs[0][0] == "sharding_indexed" and len(codecs) == 1:
        shards = _shards(codecs[0][1], chunks)
    inner = shards.codecs if shards is not None else codecs
    order = tuple(range(len(shape)))
    is_big = False
    for name, setting in inner:
        if name == "transpose":
            order = _transposed(order, setting.get("order"))
        if name == "bytes":
            is_big = setting.get("endian") == "big"
    dtype, words = _dtype_of_3(told.get("data_type"), is_big=is_big)
    attributes = _object(told.get("attributes"))
    separator = _object(keys.get("configuration")).get("separator")
    is_2 = keys.get("name") == "v2"
    names = told.get("dimension_names") or attributes.get("_ARRAY_DIMENSIONS")
    return Array(
        path, shape, chunks, dtype, words, _fill(told.get("fill_value")),
        tuple(codec for codec in codecs if codec[0] != "transpose"), order, _names(names, len(shape)), attributes,
        separator if separator in ("/", ".") else "." if is_2 else "/", "" if is_2 else "c", shards,
    )  # fmt: skip


def node_of_3(path: str, told: Mapping[str, Any]) -> Node:
    """Return the array or group of a `zarr.json`; raise PreviewError."""
    if told.get("node_type") == "array":
        return array_of_3(path, told)
    return Group(path, _object(told.get("attributes")))


def _shards(setting: Mapping[str, Any], shard: tuple[int, ...]) -> Shards:
    chunks = _sides(setting.get("chunk_shape"))
    if len(chunks) != len(shard) or any(side % part for side, part in zip(shard, chunks, strict=True)):
        raise PreviewError("its shards are no whole number of chunks")
    index = [name for name, _ in _codecs(setting.get("index_codecs"))]
    if index not in (["bytes"], ["bytes", "crc32c"]):
        raise LimitError("the index of its shards is packed in a way that is not read here")
    codecs = _codecs(setting.get("codecs"))
    if any(name == "sharding_indexed" for name, _ in codecs):
        raise LimitError("it has shards in shards")
    return Shards(
        chunks, tuple(codec for codec in codecs if codec[0] != "transpose"), setting.get("index_location") == "start",
        index[-1] == "crc32c",
    )  # fmt: skip


def _transposed(order: tuple[int, ...], told: Any) -> tuple[int, ...]:
    if not isinstance(told, list) or sorted(map(str, told)) != sorted(map(str, range(len(order)))):
        raise PreviewError("its codec transpose names no order of its axes")
    return tuple(order[int(at)] for at in told)


def _sides(told: Any) -> tuple[int, ...]:
    if not isinstance(told, list) or len(told) > MOST_SIDES:
        raise PreviewError("its shape is none")
    if not all(type(side) is int and 0 <= side < MOST_SIDE for side in told):
        raise PreviewError("a side of its shape is no size")
    return tuple(told)


def _check(shape: tuple[int, ...], chunks: tuple[int, ...]) -> None:
    if len(chunks) != len(shape) or not all(chunks):
        raise PreviewError("its chunks do not fit its shape")


def _dtype_of_2(told: Any) -> tuple[Dtype | None, str]:
    if isinstance(told, list):
        told = [tuple(item) if isinstance(item, list) else item for item in told]
    dtype = read_dtype(told)
    return (None, "text") if dtype.has_objects else (dtype, dtype.words)


def _dtype_of_3(told: Any, *, is_big: bool) -> tuple[Dtype | None, str]:
    """Return the type of a name, or of an extension with its configuration; None and words for those not read here."""
    order = ">" if is_big else "<"
    name, setting = told, {}
    if isinstance(told, dict):
        name, setting = told.get("name"), _object(told.get("configuration"))
    descr = ""
    if isinstance(name, str) and name in _PLAIN:
        descr = _PLAIN[name] if name == "bool" else order + _PLAIN[name]
    elif name in ("numpy.datetime64", "numpy.timedelta64"):
        factor = setting.get("scale_factor", 1)
        descr = f"{order}{'M' if 'date' in name else 'm'}8[{factor if factor != 1 else ''}{setting.get('unit')}]"
    elif name == "fixed_length_utf32" and type(setting.get("length_bytes")) is int:
        descr = f"{order}U{setting['length_bytes'] // 4}"
    elif name in ("null_terminated_bytes", "fixed_length_bytes") and type(setting.get("length_bytes")) is int:
        descr = f"|S{setting['length_bytes']}"
    elif name in _TEXTS:
        return None, "text" if name == "string" else str(name)
    if not descr:
        return None, visible(str(name), limit=WORD_CHARS)
    dtype = read_dtype(descr)
    return dtype, dtype.words


def _codec_of_2(told: Any) -> Codec:
    setting = _object(told)
    return str(setting.get("id"))[:WORD_CHARS], {key: value for key, value in setting.items() if key != "id"}


def _codecs(told: Any) -> tuple[Codec, ...]:
    if not isinstance(told, list) or len(told) > MOST_CODECS:
        return ()
    return tuple(
        (str(one.get("name"))[:WORD_CHARS].removeprefix("numcodecs."), _object(one.get("configuration")))
        if isinstance(one, dict)
        else (str(one)[:WORD_CHARS], {})
        for one in told
    )


def _codec_words(name: str, setting: Mapping[str, Any]) -> str:
    inside = setting.get("cname")
    return visible(f"{name} ({inside})" if isinstance(inside, str) else name, limit=WORD_CHARS)


def _fill(told: Any) -> Any:
    """Return the value of what was never written; None without one that can be drawn or written."""
    if isinstance(told, str) and told in _NUMBERS:
        return _NUMBERS[told]
    return told if isinstance(told, int | float | str | None) else None


def _names(told: Any, count: int) -> tuple[str, ...]:
    if not isinstance(told, list) or len(told) != count:
        return ()
    return tuple(name if isinstance(name, str) else "" for name in told)


def _object(told: Any) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}
