"""By kind: a real file by the library of its format, or bytes by its specification where no small library writes it."""

import io
import json
import pickle
import sys
import types
import warnings
import wave
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import fastavro
import gguf
import laspy
import numpy
import onnx
import openpyxl
import pyarrow
import pyarrow.feather
import rasterio
import safetensors.numpy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from onnx import helper, numpy_helper

from tests.previews.heads import kept, made
from tests.previews.samples import encoded
from tests.previews.vector import gdal_files

WEIGHTS = {"conv.weight": numpy.ones((8, 3, 3, 3), "f4"), "conv.bias": numpy.zeros(8, "f2"), "steps": numpy.array(7)}


class Sample(NamedTuple):
    """A file, its name, and a line of what is shown of it."""

    make: Callable[[], bytes]
    name: str
    expected: str


def tensors() -> bytes:
    """A file by safetensors."""
    return safetensors.numpy.save(WEIGHTS, metadata={"format": "np"})


def language_model(words: int = 300) -> bytes:
    """A file by gguf."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_name("tiny")
        writer.add_context_length(4096)
        writer.add_token_list([f"word{at}" for at in range(words)])
        writer.add_tensor("token_embd.weight", numpy.ones((4, 32), "f4"))
        writer.add_tensor("output.weight", numpy.ones((6, 32), "f2"))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()


def graph(values: int = 10) -> bytes:
    """A model by onnx, with a tensor of some values."""
    inputs = [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["batch", 3, 224, 224])]
    outputs = [helper.make_tensor_value_info("classes", onnx.TensorProto.INT64, None)]
    nodes = [helper.make_node("Conv", ["image", "w"], ["y"]), helper.make_node("Relu", ["y"], ["classes"])]
    weights = [
        numpy_helper.from_array(numpy.ones((8, 3, 3, 3), "f4"), "w"),
        numpy_helper.from_array(numpy.ones((values, 3), "f8"), "table"),
    ]
    made = helper.make_graph(nodes, "classifier", inputs, outputs, weights)
    return helper.make_model(
        made, producer_name="tests", opset_imports=[helper.make_opsetid("", 17)]
    ).SerializeToString()


class Storage:
    """A storage outside the pickle, as torch.serialization._save writes it."""


class Checkpoint(pickle.Pickler):
    """Writes a storage as the persistent id ("storage", type, key, place, count)."""

    def persistent_id(self, value: object) -> object:
        """The id of a storage; None for a value inside."""
        return ("storage", sys.modules["torch"].FloatStorage, "0", "cpu", 216) if isinstance(value, Storage) else None


class Weights:
    """A tensor, written as the call that makes it (torch._utils._rebuild_tensor_v2)."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        build = sys.modules["torch._utils"]._rebuild_tensor_v2
        return build, (Storage(), 0, self.shape, tuple(1 for _ in self.shape), False, OrderedDict())


def checkpoint(state: object = None, *, protocol: int = 2) -> bytes:
    """A zip as torch.save writes it, without torch: the layout of torch.serialization._save."""
    names = {"torch": "FloatStorage", "torch._utils": "_rebuild_tensor_v2"}
    before = {name: sys.modules.get(name) for name in names}
    for module, function in names.items():
        made = types.ModuleType(module)
        holder = type(function, (), {}) if function[0] != "_" else _function(function)
        holder.__module__, holder.__qualname__ = module, function
        setattr(made, function, holder)
        sys.modules[module] = made
    vars(sys.modules["torch"])["_utils"] = sys.modules["torch._utils"]
    try:
        content = io.BytesIO()
        given = state if state is not None else {
            "model": OrderedDict([("conv.weight", Weights(8, 3, 3, 3)), ("conv.bias", Weights(8))]), "epoch": 3,
        }  # fmt: skip
        Checkpoint(content, protocol).dump(given)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return zipped({"model/data.pkl": content.getvalue(), "model/byteorder": b"little", "model/data/0": bytes(864),
                   "model/version": b"3\n"}, zipfile.ZIP_STORED)  # fmt: skip


def _function(name: str) -> Callable[..., object]:
    def made(*arguments: object) -> object:
        raise AssertionError("a preview called this")

    made.__name__ = name
    return made


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip by zipfile."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return output.getvalue()


def keras_model() -> bytes:
    """The members that keras.src.saving.saving_lib writes."""
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 4},
             "build_config": {"input_shape": [None, 16]}}  # fmt: skip
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "net", "layers": [dense]}}
    metadata = {"keras_version": "3.5.0", "date_saved": "2026-01-02@03:04:05"}
    return zipped({"metadata.json": json.dumps(metadata).encode(), "config.json": json.dumps(config).encode(),
                   "model.weights.h5": bytes(2048)})  # fmt: skip


def workbook(rows: int = 30) -> bytes:
    """A workbook by openpyxl: texts, numbers, dates, a formula, a hidden sheet before the shown one."""
    book = openpyxl.Workbook()
    book.active.title = "hidden"
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("Plots")
    sheet.append(["site", "sown", "area", "count", "ok"])
    for at in range(rows):
        sheet.append([f"S{at % 4}", datetime(2026, 3, 1 + at % 28), 1.25 * at, at, at % 2 == 0])
    sheet["H3"] = "far"
    sheet["B40"] = datetime(2026, 3, 1, 12, 30)
    book.create_sheet("Empty")
    book.active = 1
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


ODS_XML = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="Plots"><table:table-row><table:table-cell office:value-type="string"><text:p>site</text:p>
</table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell office:value-type="float"
 office:value="1.25"><office:annotation><text:p>a remark</text:p></office:annotation><text:p>1,25</text:p>
</table:table-cell></table:table-row><table:table-row table:number-rows-repeated="3"/>
<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="date"
 office:date-value="2026-03-01"/></table:table-row><table:table-row table:number-rows-repeated="1048570">
<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>
<table:table table:name="Notes"><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""


def document(content: bytes = ODS_XML.encode()) -> bytes:
    """A spreadsheet in the layout of ODF 1.3, part 2, section 3.3."""
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def notebook(cells: int = 3) -> bytes:
    """A notebook as nbformat 4 describes it."""
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
        {"output_type": "display_data", "data": {"image/png": "A" * 4000, "text/plain": "<Figure>"}, "metadata": {}},
        {"output_type": "error", "ename": "ValueError", "evalue": "no \x1b[31mdata", "traceback": []},
    ]
    code = {"cell_type": "code", "execution_count": 7, "metadata": {}, "outputs": outputs,
            "source": ["import numpy as np\n", "print(np.arange(3))"]}  # fmt: skip
    prose = {"cell_type": "markdown", "metadata": {}, "source": "# Yield of 2026"}
    metadata = {"kernelspec": {"display_name": "Python 3", "name": "python3"},
                "language_info": {"name": "python", "version": "3.11.9"}}  # fmt: skip
    content = {"cells": [prose, *[code] * (cells - 1)], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1).encode()


def points(*, form: int = 6, records: tuple[tuple[str, int, bytes], ...] = ()) -> bytes:
    """A point cloud by laspy."""
    header = laspy.LasHeader(point_format=form, version="1.4" if form >= 6 else "1.2")
    header.scales, header.offsets = [0.01] * 3, [500_000, 4_000_000, 0]
    wkt = b'PROJCS["WGS 84 / UTM zone 33N",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32633"]]\0'
    for user, number, content in (*records, ("LASF_Projection", 2112, wkt)):
        header.vlrs.append(laspy.VLR(user, number, "", content))
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = 500_000 + numpy.arange(300), 4_000_000 + numpy.arange(300) / 2, numpy.arange(300) / 10
    cloud.classification, cloud.intensity = numpy.arange(300) % 3 + 1, numpy.arange(300)
    output = io.BytesIO()
    cloud.write(output)
    return output.getvalue()


def packed_points(*records: tuple[str, int, bytes]) -> bytes:
    """The head of a LAZ: LASzip sets a bit of the point format."""
    content = bytearray(points(records=records))
    content[104] |= 0x80
    return bytes(content)


AVRO = {"type": "record", "name": "Plot", "fields": [
    {"name": "id", "type": "long"}, {"name": "sown", "type": ["null", {"type": "int", "logicalType": "date"}]},
    {"name": "yields", "type": {"type": "array", "items": "double"}},
]}  # fmt: skip


def records() -> bytes:
    """A container by fastavro."""
    output = io.BytesIO()
    fastavro.writer(output, AVRO, [{"id": at, "sown": None, "yields": [1.5]} for at in range(7)], codec="deflate",
                    metadata={"origin": "tests"})  # fmt: skip
    return output.getvalue()


def feather() -> bytes:
    """Version 1 by pyarrow, which gives it up."""
    output = io.BytesIO()
    table = pyarrow.table({"id": [1, 2, 3], "site": ["S1", None, "S3"]})
    with warnings.catch_warnings(category=DeprecationWarning, action="ignore"):
        pyarrow.feather.write_feather(table, output, version=1)
    return output.getvalue()


def recording() -> bytes:
    """Three seconds by wave."""
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(3 * 8000 * 4))
    return output.getvalue()


def certificate(form: serialization.Encoding = serialization.Encoding.PEM) -> bytes:
    """A certificate by cryptography."""
    key = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tiles.example"),
                      x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Größe")])  # fmt: skip
    builder = x509.CertificateBuilder(name, name, key.public_key(), 77)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2051, 1, 1, tzinfo=UTC)
    )
    names = x509.SubjectAlternativeName([x509.DNSName("a.example"), x509.DNSName("b.example")])
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256()).public_bytes(form)


def mail() -> bytes:
    """A mail by email."""
    message = EmailMessage()
    message["From"], message["To"] = "Büro <office@example.org>", "field@example.org"
    message["Subject"], message["Date"] = "Größe der Felder", "Mon, 02 Mar 2026 10:00:00 +0100"
    message.set_content("see the map")
    message.add_attachment(b"123", maintype="image", subtype="tiff", filename="fields.tif")
    return message.as_bytes()


def package() -> bytes:
    """A wheel in the layout of the binary distribution format."""
    metadata = (
        b"Metadata-Version: 2.1\nName: plots\nVersion: 1.2\nRequires-Python: >=3.11\n"
        b"Requires-Dist: numpy>=1.26\nRequires-Dist: pytest; extra == 'dev'\n\nName: not this\n"
    )
    tags = b"Wheel-Version: 1.0\nTag: py3-none-any\n"
    return zipped({"plots/__init__.py": b"x = 1\n", "plots-1.2.dist-info/METADATA": metadata,
                   "plots-1.2.dist-info/WHEEL": tags, "plots-1.2.dist-info/RECORD": b""})  # fmt: skip


def raster(driver: str, kind: str = "uint8", **how: Any) -> bytes:
    """A raster in UTM by rasterio."""
    values = (numpy.arange(60 * 80) % 251).reshape(1, 60, 80).astype(kind)
    place = {"crs": "EPSG:32633", "transform": rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000)}
    with rasterio.MemoryFile() as memory:
        with memory.open(driver=driver, width=80, height=60, count=1, dtype=kind, **place, **how) as dataset:
            dataset.write(values)
        return bytes(memory.read())


HEADS: dict[str, Sample] = {
    "safetensors": Sample(tensors, "blob", "conv.weight  float32  8 × 3 × 3 × 3  864 B"),
    "GGUF": Sample(language_model, "blob", "tokenizer.ggml.tokens  word0, word1, word2, word3, … 300 in all"),
    "ONNX": Sample(graph, "blob", "input   image    float32  batch × 3 × 224 × 224"),
    "PyTorch": Sample(checkpoint, "blob", "model.conv.weight  float32  8 × 3 × 3 × 3  864 B"),
    "Keras": Sample(keras_model, "blob", "dense  Dense  ? × 16"),
    "xlsx": Sample(workbook, "blob", "31  S1    2026-03-02           36.25  29     FALSE"),
    "notebook": Sample(notebook, "blob", "── code [7]\nimport numpy as np\nprint(np.arange(3))\n  → one\n  → two"),
    "ods": Sample(document, "blob", "5  2026-03-01"),
    "wheel": Sample(package, "blob", "needs: numpy>=1.26\nfor: py3-none-any\nmembers: 4"),
    "LAS": Sample(points, "blob", "500001.000  4000000.500  0.100          1      2"),
    "LAZ": Sample(packed_points, "blob", "reference: EPSG:32633, WGS 84 / UTM zone 33N"),
    "COPC": Sample(lambda: packed_points(("copc", 1, bytes(160))), "blob", "points: 300"),
    "GRIB": Sample(
        lambda: kept.unpacked(kept.GRIB_2),
        "blob",
        "temperature  2 m above ground  2026-03-01 06:00  +6 h  latitude/longitude, 8 × 6",
    ),
    "Avro": Sample(records, "blob", "sown    date or null"),
    "Feather 1": Sample(feather, "blob", "site    text         1"),
    "ORC": Sample(lambda: kept.unpacked(kept.ORC), "blob", "rows: 50 in 1 stripe\ncompression: zlib\ncolumns: 3"),
    "JPEG 2000": Sample(lambda: encoded("JPEG2000"), "blob", "pixels: 120 × 80, 3 bands of uint, 8 bits"),
    "HDF4": Sample(made.hierarchy, "blob", "data set  NDVI  Var0.0"),
    "NITF": Sample(lambda: kept.unpacked(kept.NITF), "blob", "pixels: 40 × 40, uint, 8 bits"),
    "ERDAS Imagine": Sample(lambda: raster("HFA"), "blob", "reference: EPSG:32633, WGS 84 / UTM zone 33N"),
    "DICOM": Sample(lambda: kept.unpacked(kept.DICOM), "blob", "pixels: 6 × 4, 12 bits\nmodality: CT"),
    "WAV": Sample(recording, "blob", "codec: PCM, 16 bits\nchannels: stereo\nrate: 8,000 Hz\nlength: 3.00 s"),
    "FLAC": Sample(lambda: kept.unpacked(kept.FLAC), "blob", "channels: stereo\nrate: 44,100 Hz\nlength: 2.00 s"),
    "MP3": Sample(
        lambda: kept.unpacked(kept.MP3), "a.mp3", "channels: stereo\nrate: 44,100 Hz\nfirst frame: 128 kbit/s"
    ),
    "MP4": Sample(made.film, "blob", "length: 0:01:30\ntrack 1: video avc1, 1,920 × 1,080"),
    "ELF": Sample(lambda: Path(sys.executable).resolve().read_bytes()[:65_000], "blob", "bits, little-endian"),
    "certificate": Sample(certificate, "blob", "subject: CN=tiles.example, O=Größe\nissuer: itself"),
    "mail": Sample(
        mail, "blob", "subject: Größe der Felder\ndate: Mon, 02 Mar 2026 10:00:00 +0100\nattachments: 1: fields.tif"
    ),
    "SRTM heights": Sample(lambda: made.HEIGHTS, "n45e010.hgt", "heights: 250 to 700 m, of the 27 rows in the north"),
    "Esri grid": Sample(lambda: made.GRID, "blob", "bounds: 10.25, 45 to 12.25, 46.5"),
    "world file": Sample(lambda: made.WORLD, "a.tfw", "pixel: 10 × -10\nfirst pixel: 500005, 3999995"),
    "ENVI header": Sample(lambda: made.ENVI, "blob", "pixels: 40 × 30, 2 bands\ntype: float32\norder: bil, by lines"),
    "VRT": Sample(lambda: made.VRT, "blob", "bounds: 500000, 3999700 to 500400, 4000000\nsources: a&b.tif"),
    "Zarr": Sample(lambda: made.ZARR_2, "blob", "shape: 365 × 180\nchunks: 30 × 90\ntype: <f4"),
    "Iceberg table": Sample(lambda: made.ICEBERG, "blob", "columns: 1: id long\nsnapshots: 1\nrows: 1200"),
    "Delta log": Sample(lambda: made.DELTA, "blob", "columns: 2: id long, v {'type': 'array'}"),
    **{kind: Sample(partial(gdal_files.made, kind), *told) for kind, told in gdal_files.FILES.items()},
}
