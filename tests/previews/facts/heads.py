"""Rows of formats known by their heads: models, point clouds, sound, certificates, mails, programs, archives."""

import email
import email.policy
import json
import pickletools
import struct
import sys
import tarfile
import wave
import zipfile
from collections.abc import Callable
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import gguf
import laspy
import mutagen
import numpy
import onnx
import pydicom
import safetensors
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.previews.facts.row import Row, Stated, known, of_bytes
from tests.previews.heads import kept, made, samples
from tests.previews.samples import SAMPLES


def of_safetensors(path: Path) -> Stated:
    """Tensors, and what the writer noted."""
    with safetensors.safe_open(path, "np") as file:
        names = list(file.keys())
        shapes = {name: file.get_slice(name).get_shape() for name in names}
        format_ = file.metadata()["format"]
    lines = [" × ".join(map(str, shape)) for shape in shapes.values() if shape]
    return Stated({"tensors": str(len(names)), "format": format_}, lines=[*names, *lines])


def of_gguf(path: Path) -> Stated:
    """Architecture, tensors, words."""
    reader = gguf.GGUFReader(path)
    facts = {
        "tensors": str(len(reader.tensors)),
        "architecture": reader.fields["general.architecture"].contents(),
        "name": reader.fields["general.name"].contents(),
        "version": str(reader.fields["GGUF.version"].contents()),
    }
    return Stated(facts, lines=[tensor.name for tensor in reader.tensors])


def of_onnx(path: Path) -> Stated:
    """Nodes, tensors, operator sets."""
    model = onnx.load(path)
    return Stated(
        {
            "IR version": str(model.ir_version),
            "producer": model.producer_name,
            "graph": model.graph.name,
            "tensors": str(len(model.graph.initializer)),
            "nodes": f"{len(model.graph.node)}: Conv × 1, Relu × 1",
            "operator sets": f"ai.onnx {model.opset_import[0].version}",
        },
        lines=[one.name for one in (*model.graph.input, *model.graph.output)],
    )


def of_pickletools(path: Path) -> Stated:
    """Protocol and number of opcodes."""
    found = list(pickletools.genops(path.read_bytes()))
    return Stated({"protocol": str(found[0][1]), "opcodes": str(len(found))})


def of_laspy(path: Path) -> Stated:
    """The header of a point cloud."""
    with laspy.open(path) as file:
        header = file.header
        low, high = header.mins, header.maxs
        return Stated(
            {
                "version": str(header.version),
                "points": f"{header.point_count:,}",
                "point format": f"{header.point_format.id}, {header.point_format.size} bytes a point",
                "x, y": f"{low[0]:.3f}, {low[1]:.3f} to {high[0]:.3f}, {high[1]:.3f}",
                "z": f"{low[2]:.3f} to {high[2]:.3f}",
                "scale": ", ".join(f"{value:g}" for value in header.scales),
                "software": header.generating_software,
            }
        )


def cloud(point_format: int, suffix: str) -> Callable[[Path], Path]:
    """Return what writes a point cloud by laspy, packed by lazrs for `.laz`."""

    def make(folder: Path) -> Path:
        path = folder / f"a{suffix}"
        header = laspy.LasHeader(point_format=point_format, version="1.4")
        header.scales, header.offsets = [0.01, 0.01, 0.001], [500_000, 5_000_000, 0]
        points = laspy.LasData(header)
        dice = numpy.random.default_rng(point_format)
        points.x, points.y = 500_000 + dice.random(700) * 50, 5_000_000 - dice.random(700) * 40
        points.z = dice.random(700) * 9
        points.write(path)
        return path

    return make


TEXT_OF = {"ISO_IR 192": "Grün 緑", "ISO_IR 100": "Grün", "ISO_IR 144": "зелёный", "GB18030": "绿"}


def dicom(syntax: str, characters: str = "ISO_IR 192") -> Callable[[Path], Path]:
    """Return what writes an image by pydicom: a sequence without a length lies before its size."""

    def make(folder: Path) -> Path:
        meta = pydicom.dataset.FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
        meta.TransferSyntaxUID = syntax
        image = pydicom.dataset.FileDataset(
            str(folder / "a.dcm"), {}, file_meta=meta, preamble=bytes(128), is_implicit_VR=syntax == IMPLICIT,
            is_little_endian=syntax != BIG_ENDIAN,
        )  # fmt: skip
        image.SpecificCharacterSet, image.SeriesDescription = characters, TEXT_OF[characters]
        image.PatientName, image.Modality, image.StudyDate, image.Manufacturer = "Doe^Jo", "MR", "20260301", "ACME"
        inner = pydicom.Dataset()
        inner.ReferencedSOPInstanceUID = "1.2.3.4"
        outer = pydicom.Dataset()
        outer.ReferencedSeriesSequence = [inner]
        image.ReferencedStudySequence = [outer, outer]
        for sequence in (image["ReferencedStudySequence"], outer["ReferencedSeriesSequence"]):
            sequence.is_undefined_length = True
        image.Rows, image.Columns, image.BitsAllocated, image.BitsStored, image.HighBit = 5, 7, 16, 12, 11
        image.SamplesPerPixel, image.PixelRepresentation, image.PhotometricInterpretation = 1, 0, "MONOCHROME2"
        image.add_new("PixelData", "OW", bytes(70))
        image.save_as(folder / "a.dcm", implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG_ENDIAN)
        return folder / "a.dcm"

    return make


IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"


def of_pydicom(path: Path) -> Stated:
    """Size, bits and texts."""
    told = pydicom.dcmread(path)
    facts = {
        "pixels": f"{told.Columns} × {told.Rows}, {told.BitsStored} bits",
        "modality": told.Modality,
        "series": told.SeriesDescription,
        "colours": told.PhotometricInterpretation,
    }
    return Stated(facts)


def of_mutagen(path: Path) -> Stated:
    """Channels, rate, and of FLAC the length."""
    told = mutagen.File(path).info
    facts = {"channels": {1: "mono", 2: "stereo"}[told.channels], "rate": f"{told.sample_rate:,} Hz"}
    return Stated(facts | ({"length": f"{told.length:.2f} s"} if path.suffix == ".flac" else {}))


def of_wave(path: Path) -> Stated:
    """Rate, bits, length."""
    with wave.open(str(path)) as file:
        return Stated(
            {
                "rate": f"{file.getframerate():,} Hz",
                "codec": f"PCM, {8 * file.getsampwidth()} bits",
                "length": f"{file.getnframes() / file.getframerate():.2f} s",
            }
        )


def of_cryptography(path: Path) -> Stated:
    """Subject, validity, names."""
    content = path.read_bytes()
    read = x509.load_pem_x509_certificate(content) if content[:1] == b"-" else x509.load_der_x509_certificate(content)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return Stated(
        {
            "valid": f"{read.not_valid_before_utc:%Y-%m-%d} to {read.not_valid_after_utc:%Y-%m-%d}",
            "serial": f"{read.serial_number:02x}",
            "names": ", ".join(names.get_values_for_type(x509.DNSName)),
            "subject": ", ".join(f"{part.rfc4514_attribute_name}={part.value!s}" for part in read.subject),
        }
    )


def of_email(path: Path) -> Stated:
    """The heads of a mail."""
    told = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    names = [part.get_filename() or "" for part in told.iter_attachments()]
    return Stated(
        {
            "from": told["From"],
            "to": told["To"],
            "subject": told["Subject"],
            "attachments": f"{len(names)}: {', '.join(names)}",
        }
    )


def of_metadata(path: Path) -> Stated:
    """Name, version and needs of a wheel."""
    root = zipfile.Path(path, "plots-1.2.dist-info/")
    told = PathDistribution(root)  # type: ignore[arg-type]
    needs = [line for line in told.requires or [] if "extra" not in line]
    return Stated(
        {
            "name": told.name,
            "version": told.version,
            "Python": told.metadata["Requires-Python"],
            "needs": ", ".join(needs),
        }
    )


def of_notebook(path: Path) -> Stated:
    """Cells and kernel, as nbformat 4 names them."""
    told = json.loads(path.read_text())
    kinds = [cell["cell_type"] for cell in told["cells"]]
    return Stated(
        {
            "cells": f"{len(kinds)}: {kinds.count('code')} code, {kinds.count('markdown')} markdown",
            "kernel": told["metadata"]["kernelspec"]["display_name"],
            "format": f"{told['nbformat']}.{told['nbformat_minor']}",
        }
    )


def of_elf(path: Path) -> Stated:
    """Where a program starts, and how many sections it has (System V ABI, chapter 4)."""
    head = path.read_bytes()[:64]
    entry, _, _, _, _, _, _, _, sections = struct.unpack_from("<QQQI5H", head, 24)
    return Stated({"entry": hex(entry), "sections": str(sections)})


def of_zipfile(path: Path) -> Stated:
    """Members and sizes."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        packed = sum(member.compress_size for member in members)
        return Stated(
            {
                "members": str(len(members)),
                "unpacked": f"{sum(member.file_size for member in members)} B from {packed} B, as it claims",
            },
            lines=[member.filename.rpartition("/")[2] for member in members],
        )


def of_tarfile(path: Path) -> Stated:
    """Members."""
    with tarfile.open(path) as archive:
        return Stated(
            {"members": str(len(archive.getmembers()))}, lines=[name.rpartition("/")[2] for name in archive.getnames()]
        )


def _sample(kind: str, name: str, stated: Callable[[Path], Stated], library: str, **more: Any) -> Row:
    found = samples.HEADS.get(kind)
    make = found.make if found is not None else SAMPLES[kind][0]
    return Row(kind, library, of_bytes(name, make), stated, **more)


def _kept(kind: str, name: str, library: str, **facts: str) -> Row:
    """A row whose facts are those that a large library, which is not installed here, was told when it wrote."""
    return _sample(kind, name, known({label.replace("_", " "): value for label, value in facts.items()}), library)


def interpreter() -> bytes:
    """The program that runs the tests."""
    return Path(sys.executable).resolve().read_bytes()[:65_000]


ROWS = (
    _sample("safetensors", "a.safetensors", of_safetensors, "safetensors"),
    _sample("GGUF", "a.gguf", of_gguf, "gguf"),
    _sample("ONNX", "a.onnx", of_onnx, "onnx"),
    _kept("PyTorch", "a.pt", "the layout of torch.save", tensors="2", parameters="224", types="float32 × 2"),
    _kept("Keras", "a.keras", "the layout of Keras 3", version="3.5.0", layers="1", model="Sequential"),
    _sample("pickle", "a.pkl", of_pickletools, "pickletools"),
    _sample("LAS", "a.las", of_laspy, "laspy"),
    Row("LAS", "laspy", of_bytes("b.las", lambda: samples.points(form=3)), of_laspy),
    _kept("LAZ", "a.laz", "laspy", points="300", version="1.4", reference="EPSG:32633, WGS 84 / UTM zone 33N"),
    _kept("COPC", "a.copc.laz", "laspy", points="300", version="1.4"),
    _kept("HDF4", "a.hdf", "the specification", scientific_data_sets="1", written_by="HDF 4.2.15"),
    _kept("DICOM", "a.dcm", "pydicom 3.0", pixels="6 × 4, 12 bits", modality="CT", date="20260301"),
    _sample("WAV", "a.wav", of_wave, "wave"),
    Row("FLAC", "mutagen", of_bytes("a.flac", lambda: kept.unpacked(kept.FLAC)), of_mutagen),
    Row("MP3", "mutagen", of_bytes("a.mp3", lambda: kept.unpacked(kept.MP3)), of_mutagen),
    *(Row("LAZ", "laspy", cloud(form, ".laz"), of_laspy) for form in (1, 3, 6, 8)),
    *(Row("LAS", "laspy", cloud(form, ".las"), of_laspy) for form in (0, 7)),
    *(Row("DICOM", "pydicom", dicom(syntax), of_pydicom) for syntax in (IMPLICIT, EXPLICIT, DEFLATED)),
    *(Row("DICOM", "pydicom", dicom(EXPLICIT, characters), of_pydicom) for characters in TEXT_OF),
    Row("DICOM", "pydicom", dicom(BIG_ENDIAN, "ISO_IR 100"), of_pydicom),
    Row(
        "MP4",
        "the specification",
        of_bytes("a.mp4", made.film),
        known({"length": "0:01:30", "track 1": "video avc1, 1,920 × 1,080"}),
    ),
    _sample("certificate", "a.pem", of_cryptography, "cryptography"),
    Row("certificate", "cryptography", of_bytes("a.der", lambda: samples.certificate(Encoding.DER)), of_cryptography),
    _sample("mail", "a.eml", of_email, "email"),
    _sample("wheel", "plots-1.2-py3-none-any.whl", of_metadata, "importlib.metadata"),
    _sample("notebook", "a.ipynb", of_notebook, "json"),
    Row("ELF", "the specification", of_bytes("python", interpreter), of_elf),
    _kept("PDF", "a.pdf", "the demo's writer", pages="2", title="Field protocol 2024"),
    _sample("zip", "a.zip", of_zipfile, "zipfile"),
    _sample("tar", "a.tar", of_tarfile, "tarfile"),
    _kept("gzip", "a.gz", "gzip", inside="CSV", rows="28"),
    _kept("bzip2", "a.bz2", "bz2", inside="JSON Lines", records="50"),
    _kept("xz", "a.xz", "lzma", inside="WKT", SRID="4326"),
    _kept("zstd", "a.zst", "zstd", inside="CSV", rows="28"),
    _kept("lz4", "a.lz4", "the magic", size="204 B"),
    _kept("JSON", "a.json", "json", top="object of 2"),
    _kept("binary", "a.bin", "bytes", size="1.0 kB (1,024 bytes)"),
    _sample("text", "a.txt", known({}, lines=["Grüße aus dem Tal", "zweite Zeile"]), "bytes"),
)
