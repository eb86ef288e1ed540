"""Arrays, archives, a model, a database, a document and notes, each in its own format."""

import gzip
import io
import pickle
import random
import sqlite3
import struct
import tarfile
import zipfile
from datetime import UTC, datetime

from PIL import Image

FROZEN = (2024, 7, 12, 9, 30, 0)  # the time inside archives, so that every build has the same bytes
FROZEN_SECONDS = int(datetime(*FROZEN, tzinfo=UTC).timestamp())


def npy(descr: str, shape: tuple[int, ...], content: bytes) -> bytes:
    """Return an .npy file of version 1.0."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    room = -(10 + len(header) + 1) % 64
    text = (header + " " * room + "\n").encode("latin-1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


def ndvi_stack(vegetation: Image.Image) -> bytes:
    """Return an .npy file with twelve months of 64 x 64 pixels."""
    small = vegetation.resize((64, 64), Image.Resampling.BOX)
    months = []
    for month in range(12):
        gain = 1 - abs(month - 6) / 9
        months.append(small.point(lambda value, gain=gain: value * gain + 0.0).tobytes())
    return npy("<f4", (12, 64, 64), b"".join(months))


def training_chips(colors: Image.Image) -> bytes:
    """Return chips and labels for training, as .npz."""
    chance = random.Random(21)
    chips = b"".join(
        colors.crop((x, y, x + 32, y + 32)).tobytes()
        for x, y in ((chance.randrange(900), chance.randrange(900)) for _ in range(24))
    )
    labels = bytes(chance.randrange(7) for _ in range(24))
    weights = struct.pack("<24d", *(chance.random() for _ in range(24)))
    return zipped({"chips.npy": npy("|u1", (24, 32, 32, 3), chips), "labels.npy": npy("|u1", (24,), labels),
                   "weights.npy": npy("<f8", (24,), weights)})  # fmt: skip


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, FROZEN), content, zipfile.ZIP_DEFLATED)
    return output.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    """Return a compressed tar archive."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), FROZEN_SECONDS
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(output.getvalue(), mtime=FROZEN_SECONDS)


def model() -> bytes:
    """Return a classifier's parameters, pickled as analysts do."""
    chance = random.Random(22)
    return pickle.dumps(
        {
            "name": "crop_classifier", "version": "2024.7", "classes": ["almond", "alfalfa", "maize", "wheat"],
            "trained": datetime(*FROZEN, tzinfo=UTC), "weights": [chance.gauss(0, 1) for _ in range(400)],
            "bands": ("red", "nir", "swir1"), "accuracy": 0.914,
        },
        protocol=4,
    )  # fmt: skip


def database() -> bytes:
    """Return a small catalogue in SQLite."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "create table scenes (id text primary key, acquired text, cloud real);"
        "create table fields (id text primary key, crop text, area_ha real);"
        "create index scenes_by_time on scenes (acquired);"
    )
    connection.executemany(
        "insert into scenes values (?, ?, ?)", [(f"S2-{n:04}", f"2024-{n % 12 + 1:02}-11", n % 90) for n in range(200)]
    )
    connection.commit()
    content = connection.serialize()
    connection.close()
    return content


def document() -> bytes:
    """Return a PDF of two pages with a title."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        *(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources "
          b"<< /Font << /F1 7 0 R >> >> >>" % number for number in (5, 6)),
        *(b"<< /Length %d >>\nstream\nBT /F1 18 Tf 72 760 Td (%b) Tj ET\nendstream" % (len(text) + 34, text)
          for text in (b"Field protocol 2024", b"Samples and plots")),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title (Field protocol 2024) /Author (Remote sensing group) >>",
    ]  # fmt: skip
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 8 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


NOTES = """# Crop monitoring 2024

Mean NDVI per field, every five days, from surface reflectance.

| step | input | output |
|---|---|---|
| 1 | `products:acme:s2:v1/` | `data:rasters/ndvi_2024-07-12.tif` |
| 2 | `data:regions/fields.geojson` | `data:tables/ndvi_timeseries.csv` |
| 3 | both | `tmp:exports/` (gone after seven days) |

- Clouds over 60 % are left out.
- Fields under half a hectare are mixed pixels; see `odd names/`.
"""

SCRIPT = """\"\"\"Mean NDVI of a region, as it runs in a task.\"\"\"

from storage_tui import Storage


def run(region: str, start: str, end: str) -> dict[str, float]:
    with Storage() as storage:
        shape = storage.get(f"regions/{region}.geojson")
    return {"mean": 0.61, "bytes": float(len(shape))}
"""

ESCAPES = (
    b"What a terminal would obey is shown, not obeyed:\n\x1b[31mred\x1b[0m, a title \x1b]0;owned\x07, a bell \x07, "
    b"\xe2\x80\xaeright to left\xe2\x80\xac, a zero width\xe2\x80\x8bspace\n"
    b"[bold]markup[/bold] [@click=app.quit]too[/]\n"
)
"""Bytes that a careless program would pass to the terminal."""

LATIN = "Übersicht der Flächen: Größe, Höhe, Gefälle\n".encode("latin-1")
UTF16 = "Felder\tFläche\nF001\t12,4 ha\n".encode("utf-16")
