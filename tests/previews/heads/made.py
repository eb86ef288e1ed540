"""Files by their specifications, byte by byte, for formats without a small library that writes them."""

import json
import struct


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def film(pictures: int = 100, *, is_late: bool = True) -> bytes:
    """A film of one video track, its tracks behind the pictures as a camera writes them."""
    header = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 90_500), bytes(80))
    track = box(b"tkhd", bytes(76), struct.pack(">II", 1920 << 16, 1080 << 16))
    handler = box(b"hdlr", bytes(8), b"vide", bytes(13))
    samples = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), struct.pack(">I", 86), b"avc1", bytes(78)))
    moov = box(b"moov", header, box(b"trak", track, box(b"mdia", handler, box(b"minf", samples))))
    media = box(b"mdat", bytes(pictures))
    start = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomavc1")
    return start + (media + moov if is_late else moov + media)


def message_1() -> bytes:
    """A message of GRIB 1: total precipitation at the surface, 12 h after 2026-03-01 00:00, 5 by 4 points."""
    product = bytes((3, 98, 145, 255, 0x80, 61, 1, 0, 0, 26, 3, 1, 0, 0, 1, 12, 0, 0, 0, 0, 0, 21))
    product = (3 + len(product)).to_bytes(3, "big") + product
    grid = struct.pack(">BBBHH", 0, 255, 0, 5, 4) + bytes(22)
    grid = (3 + len(grid)).to_bytes(3, "big") + grid
    values = b"\0\0\x0b" + bytes(8)
    body = product + grid + values + b"7777"
    return b"GRIB" + (8 + len(body)).to_bytes(3, "big") + b"\x01" + body


def hierarchy() -> bytes:
    """HDF4 with a version, a data set and the group that names the data set (chapters 2 and 9)."""
    version = struct.pack(">3I", 4, 2, 15) + b"HDF Version 4.2\0"
    name, kind = b"NDVI", b"Var0.0"
    group = struct.pack(">H", 1) + struct.pack(">HH", 720, 2) + struct.pack(">H", len(name)) + name
    group += struct.pack(">H", len(kind)) + kind + bytes(5)
    start = 4 + 6 + 3 * 12
    described = [(30, 1, start, len(version)), (1965, 3, start + len(version), len(group)), (720, 2, 0, 0)]
    block = struct.pack(">HI", len(described), 0) + b"".join(struct.pack(">HHII", *one) for one in described)
    return b"\x0e\x03\x13\x01" + block + version + group


HEIGHTS = struct.pack(">1201h", *([-32768] + [250] * 600 + [700] * 600)) * 1201
GRID = b"ncols 4\nnrows 3\nxllcenter 10.5\nyllcorner 45\ncellsize 0.5\nNODATA_value -9999\n" + b"1 2 3 -9999\n" * 3
WORLD = b"10.0\n0.0\n0.0\n-10.0\n500005.0\n3999995.0\n"
ENVI = b"""ENVI
description = {
  made by tests}
samples = 40
lines = 30
bands = 2
data type = 4
interleave = bil
byte order = 0
map info = {UTM, 1, 1, 500000, 4000000, 10, 10, 33, North, WGS-84}
"""
VRT = b"""<VRTDataset rasterXSize="40" rasterYSize="30">
  <SRS dataAxisToSRSAxisMapping="1,2">PROJCS["WGS 84 / UTM zone 33N",AUTHORITY["EPSG","32633"]]</SRS>
  <GeoTransform>  5.0e+05,  1.0e+01,  0.0,  4.0e+06,  0.0, -1.0e+01</GeoTransform>
  <VRTRasterBand dataType="Byte" band="1"><SimpleSource>
    <SourceFilename relativeToVRT="1">a&amp;b.tif</SourceFilename>
  </SimpleSource></VRTRasterBand>
</VRTDataset>
"""
ZARR_2 = json.dumps({
    "zarr_format": 2, "shape": [365, 180], "chunks": [30, 90], "dtype": "<f4", "fill_value": "NaN", "order": "C",
    "compressor": {"id": "blosc", "cname": "zstd"}, "filters": None,
}).encode()  # fmt: skip
ZARR_3 = json.dumps({
    "zarr_format": 3, "node_type": "array", "shape": [365, 180], "data_type": "float32", "fill_value": 0,
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [30, 90]}},
    "codecs": [{"name": "bytes"}, {"name": "zstd"}], "dimension_names": ["time", None], "attributes": {},
}).encode()  # fmt: skip
ICEBERG = json.dumps({
    "format-version": 2, "table-uuid": "9c12", "location": "s3://lake/plots", "current-schema-id": 1,
    "schemas": [{"schema-id": 0, "fields": []}, {"schema-id": 1, "fields": [{"id": 1, "name": "id", "type": "long"}]}],
    "current-snapshot-id": 7, "snapshots": [{"snapshot-id": 7, "summary": {"total-records": "1200"}}],
}).encode()  # fmt: skip
DELTA = b"\n".join(json.dumps(action).encode() for action in (
    {"commitInfo": {"operation": "WRITE"}}, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
    {"metaData": {"id": "x", "name": "plots", "schemaString": json.dumps(
        {"type": "struct", "fields": [{"name": "id", "type": "long"}, {"name": "v", "type": {"type": "array"}}]})}},
    {"add": {"path": "a.parquet", "size": 10}}, {"add": {"path": "b.parquet", "size": 10}},
))  # fmt: skip
