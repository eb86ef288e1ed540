"""Sound files that are not understood in full, and files of another kind than their name: nobody calls them damaged."""

import io
import zipfile
from collections.abc import Callable

import h5py
import numpy
import pyarrow
import pyarrow.orc
import pyarrow.parquet
import pytest
from PIL import Image

from tests.previews.facts.test_damaged import held
from tests.previews.heads import made
from tests.previews.heads.samples import zipped
from tests.previews.ranges import plain, show


def orc(compression: str) -> bytes:
    """Packed in a way that is not unpacked here."""
    output = io.BytesIO()
    pyarrow.orc.write_table(pyarrow.table({"a": [1, 2]}), output, compression=compression)
    return output.getvalue()


def groups_of_nothing() -> bytes:
    """A Parquet without rows."""
    output = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.array([], pyarrow.int8())}), output)
    return output.getvalue()


def objects() -> bytes:
    """An array of pickled objects, which is never loaded."""
    output = io.BytesIO()
    numpy.save(output, numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    return output.getvalue()


def links() -> bytes:
    """HDF5 whose links lead to nothing and to other files."""
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        file["away"] = h5py.SoftLink("/nothing")
        file["other"] = h5py.ExternalLink("other.h5", "/x")
        file.create_dataset("empty", shape=(0,), maxshape=(None,), dtype="f4").make_scale("empty")
        file.create_dataset("words", data=["a", "b"], dtype=h5py.string_dtype()).make_scale("words")
    return output.getvalue()


def large() -> bytes:
    """A picture with more pixels than are decoded."""
    output = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(output, "PNG")
    return output.getvalue()


def locked() -> bytes:
    """A zip that says that its member is encrypted."""
    content = bytearray(zipped({"a.txt": b"hello"}, zipfile.ZIP_STORED))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


SOUND: dict[str, tuple[str, Callable[[], bytes]]] = {
    "ORC in snappy": ("a.orc", lambda: orc("snappy")),
    "ORC in lz4": ("a.orc", lambda: orc("lz4")),
    "Parquet without rows": ("a.parquet", groups_of_nothing),
    "objects of NumPy": ("a.npy", objects),
    "links of HDF5": ("a.h5", links),
    "a picture that is too large": ("a.png", large),
    "an encrypted zip": ("a.zip", locked),
    "a text named csv": ("a.csv", lambda: b"One line.\n\nAnother one; with a mark.\nThe end\n"),
    "a text named json": ("a.json", lambda: b"see the other file\n"),
    "a text named hgt": ("n45e010.hgt", lambda: b"no heights here\n"),
    "a text named wkt": ("a.wkt", lambda: b"POINTS of interest\n"),
    "a page named kml": ("a.kml", lambda: b"<html><body>not found</body></html>"),
    "a page named tif": ("a.tif", lambda: b"<html><body>not found</body></html>"),
    "a page named parquet": ("a.parquet", lambda: b"<html><body>not found</body></html>"),
    "GRIB of an edition that is to come": ("a.grib", lambda: b"GRIB\0\0\0\x03" + bytes(90)),
    "a key": ("a.pem", lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    "a notebook of version 3": ("a.ipynb", lambda: b'{"worksheets": [], "nbformat": 3}'),
    "a film that is cut by nobody": ("a.mp4", made.film),
}


@pytest.mark.parametrize("half", [0, 1])
async def test_what_is_not_understood_is_not_called_damaged(half: int) -> None:
    for name, make in list(SOUND.values())[half::2]:
        shown = await show(make(), name)
        held(shown)
        assert not shown.is_damaged and "damaged" not in plain(shown), f"{name}: {plain(shown)[:300]}"
