"""The pictures in `screenshots/`, made from the real app on the real demo store: `python -m tests.pictures [SCENE …]`.

`python -m tests.pictures keys` brings the key table of `storage_tui/tui/README.md` up to date.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from storage_tui.tui.commands import markdown_table
from tests.faults.proxy import Fault
from tests.gallery import GALLERY
from tests.stage import ROOT, SCENES, Act, Scene, Stage, demo_server, play, scene, to_png

SLOW = Fault(rate_bytes_s=6 * 1024 * 1024)


@scene(start="data:rasters/")
async def browse(stage: Stage) -> None:
    """A folder of rasters, one of them previewed from its smallest useful overview."""
    await stage.see("ndvi_")
    await stage.press("j")
    await stage.see("GeoTIFF", "EPSG")
    await stage.see("shades")


@scene(start="data:regions/")
async def regions(stage: Stage) -> None:
    """GeoJSON shapes on a map."""
    await stage.see("geojson")
    await stage.see("bounds", "⣀")


@scene(start="data:tables/")
async def table(stage: Stage) -> None:
    """A CSV file as a table."""
    await stage.see("CSV", "columns")


@scene(start="data:regions/")
async def footprints(stage: Stage) -> None:
    """GeoJSON around the world, with coarse coasts behind it."""
    await stage.see("footprints")
    await stage.press("j")
    await stage.see("footprints.geojson", "48 Polygon")


@scene(start="data:regions/")
async def map_of_valley(stage: Stage) -> None:
    """Regions, rivers and plots overlaid on one map."""
    await stage.see("regions.geojson")
    await stage.press("space", "j", "space", "space", "M")
    await stage.see("3 layers", "plots.wkt")


@scene(start="data:regions/")
async def viewer_map(stage: Stage) -> None:
    """A layer of fields on the whole screen: walked from feature to feature, labelled, a distance measured."""
    await stage.see("fields.geojson")
    await stage.press("enter")
    await stage.see("hex/text", "84 Polygon")
    await stage.press("enter")
    await stage.see("84 areas")
    await stage.press(*["n"] * 6, "b", "d", *["l"] * 6, *["k"] * 3)
    await stage.see("distance", "feature 6", "labels")


@scene(start="data:arrays/")
async def array(stage: Stage) -> None:
    """A NumPy array: shape, type, statistics, first values."""
    await stage.see("float32", "mean")


@scene(start="data:archives/")
async def archive(stage: Stage) -> None:
    """A zip archive as a tree of members with sizes."""
    await stage.see("members", "quicklook.jpg")


@scene(start="data:images/")
async def image(stage: Stage) -> None:
    """A JPEG in quadrants of cells."""
    await stage.see("legend.webp")
    await stage.press("j", "j")
    await stage.see("pixels")


@scene(start="data:models/")
async def pickled(stage: Stage) -> None:
    """A pickle: its opcodes summarised, never loaded."""
    await stage.see("SQLite")
    await stage.press("j")
    await stage.see("imports")


@scene(start="data:")
async def folder(stage: Stage) -> None:
    """A folder: count, bytes, oldest, newest, the mix of types."""
    await stage.see("types")


@scene(start="data:regions/")
async def viewer_json(stage: Stage) -> None:
    """JSON in the viewer, folded to its features."""
    await stage.see("fields.geojson")
    await stage.press("enter")
    await stage.see("hex/text", "84 Polygon")
    await stage.press("x", "x", "x")
    await stage.see("as json")
    await stage.press(*["minus"] * 4, *["j"] * 4, "enter")
    await stage.see("…", '"crop"')


@scene(start="logs:group-3f2a9c/")
async def viewer_log(stage: Stage) -> None:
    """A log in the viewer, with a search."""
    await stage.see("task-0000.log")
    await stage.press("enter")
    await stage.see("hex/text")
    await stage.press("slash", *"mosaic", "enter")
    await stage.see("find", "mosaic")


@scene(start="data:notes/")
async def viewer_python(stage: Stage) -> None:
    """Python with colours, for the visible lines only."""
    await stage.see("ndvi_task.py")
    await stage.press("j", "j", "enter")
    await stage.see("import", "hex/text")


@scene(start="data:rasters/")
async def viewer_raster(stage: Stage) -> None:
    """A raster on the whole screen, with the cross-hair on it."""
    await stage.see("true_color")
    await stage.press("G", "enter")
    await stage.see("reference", "zoom in", "pixels")
    await stage.press("plus", "c")
    await stage.see("band 1   ", "pixels of 1:4")


@scene(start="data:rasters/elevation_10m.tif")
async def viewer_relief(stage: Stage) -> None:
    """Elevations on the whole screen, shaded, with lines of round coordinates."""
    await stage.see("elevation_10m")
    await stage.press("enter")
    await stage.see("reference", "zoom in", "least")
    await stage.press("r", "r", "number_sign", "H")
    await stage.see("heights", "terrain")


@scene(start="data:arrays/ndvi_stack.npy")
async def viewer_array(stage: Stage) -> None:
    """A month out of an array of twelve, on the whole screen."""
    await stage.see("ndvi_stack")
    await stage.press("enter")
    await stage.see("zoom in", "least", "1 of 12")
    await stage.press("right_square_bracket", "right_square_bracket", "c")
    await stage.see("3 of 12", "band 1")


@scene(start="data:tables/")
async def viewer_table(stage: Stage) -> None:
    """A CSV file with all its rows in columns, filtered and sorted."""
    await stage.see("CSV", "columns")
    await stage.press("enter")
    await stage.see("table")
    await stage.press("t")
    await stage.see("row 1 of")
    await stage.press("slash", *'moisture > 30 and crop ~ "a"', "enter")
    await stage.see("where", "of 180 rows")
    await stage.press(*"llllll", "right_square_bracket")
    await stage.see("moisture: number", "row 1 of 48")


@scene(start="data:models/")
async def viewer_hex(stage: Stage) -> None:
    """The hex view of a database."""
    await stage.see("catalog.sqlite")
    await stage.press("enter")
    await stage.see("hex/text", "SQLite")
    await stage.press("x", "x")
    await stage.see("as hex")


@scene(start="tmp:scratch/")
async def tmp(stage: Stage) -> None:
    """tmp with what is left of the seven days, marks on two rows."""
    await stage.see("expires", "1/")
    await stage.press("space", "space")
    await stage.see("● 2")


@scene(start="tmp:scratch/")
async def delete(stage: Stage) -> None:
    """The question before a delete, No preselected."""
    await stage.see("expires", "1/")
    await stage.press("space", "space", "D")
    await stage.see("No")


@scene(start="data:tables/")
async def delete_marks(stage: Stage) -> None:
    """The question when marks are elsewhere than in the list on the screen."""
    await stage.see("kept until deleted", "1/")
    await stage.press("space", "space", "2")
    await stage.see("scratch")
    await stage.press("G", "l")
    await stage.see("expires", "1/")
    await stage.press("space", "space", "D")
    await stage.see("Delete which marks?")


@scene(start="data:uploads/")
async def upload(stage: Stage) -> None:
    """The question before an upload: how much it is, and what becomes of names that are taken."""
    await stage.press("u")
    await stage.see("Upload")
    _season(stage.home)
    await stage.press("ctrl+u", *_typed("~/season"))
    await stage.see("107 MB")


@scene(start="data:uploads/", fault=SLOW)
async def transfers(stage: Stage) -> None:
    """A folder on its way up: what runs, what failed and why, what is done and verified."""
    season = _season(stage.home)
    await stage.press("u")
    await stage.see("Upload")
    await stage.press("ctrl+u", *_typed("~/season"), "enter")
    await stage.see("MB/s")
    (season / "scene_2024-10.tif").unlink()
    await stage.press("w")
    await stage.see("of 9 · 1 failed")
    await stage.press("enter")
    await stage.see("cannot read", "verified", " left")


@scene(start="data:big/", fault=SLOW)
async def download(stage: Stage) -> None:
    """A large download on its way; browsing goes on."""
    await stage.see("scene.tif")
    await stage.press("d")
    await stage.see("Download")
    await stage.press("ctrl+u", *_typed("~/out"), "enter")
    await stage.see("MB/s")


def _season(home: Path) -> Path:
    """A folder of nine files, of a few bytes to 34 MB."""
    folder = home / "season"
    folder.mkdir(exist_ok=True)
    for month in range(3, 11):
        (folder / f"scene_2024-{month:02}.tif").write_bytes(os.urandom(64 * 1024) * (8 * (month - 2) ** 2))
    (folder / "notes.md").write_text("Clouds in the north from May on.\n")
    return folder


def _typed(text: str) -> list[str]:
    names = {
        "/": "slash",
        ".": "full_stop",
        "-": "minus",
        "_": "underscore",
        "*": "asterisk",
        ">": "greater_than_sign",
        " ": "space",
        "~": "tilde",
    }
    return [names.get(character, character) for character in text]


@scene()
async def help(stage: Stage) -> None:  # noqa: A001 - the picture's name
    """Every key, from the command table."""
    await stage.see("data")
    await stage.press("?")
    await stage.see("Half a page")


@scene(start="products:acme:s2:v1/2024-07-12_10SGF/")
async def error(stage: Stage) -> None:
    """A refusal that names the rule and the way out."""
    await stage.see("1/")
    (stage.home / "metadata.json").write_text("{}")
    await stage.press("u")
    await stage.see("Upload")
    await stage.press("ctrl+u", *_typed("~/metadata.json"))
    await stage.see("File, 2 B")
    await stage.press("down", "down", "right", "enter", "w")
    await stage.see("failed", "Image.delete()")


@scene(start="tmp:")
async def cleanup(stage: Stage) -> None:
    """Clean-up: all of tmp by the day it goes, a group marked."""
    await stage.see("scratch")
    await stage.press("t")
    await stage.see("clean-up", "expires on", "blobs")
    await stage.press("space", "j", "j")
    await stage.see("●", "JSON Lines")


@scene(start="data:")
async def usage(stage: Stage) -> None:
    """The usage tree: what is large, how much, how old."""
    await stage.see("rasters")
    await stage.press("U")
    await stage.see("usage", "━━━")
    await stage.see("types")
    await stage.press("j")
    await stage.see("blobs  3")


@scene(start="data:")
async def search(stage: Stage) -> None:
    """Search below a prefix, results as they are found."""
    await stage.see("rasters")
    await stage.press("f", *_typed("*.tif >10kB"))
    await stage.see("found in", "rasters/true_color")
    await stage.press("enter", "j")
    await stage.see("GeoTIFF", "EPSG")


@scene(columns=80, rows=24, start="data:tables/")
async def narrow(stage: Stage) -> None:
    """80x24: the preview goes below the list."""
    await stage.see("CSV", "columns")


@scene(columns=20, rows=5, start="tmp:")
async def tiny(stage: Stage) -> None:
    """20x5: the list and where it is."""
    await stage.see("tmp")


@scene(start="products:acme:s2:v1/2024-07-12_10SGF/")
async def product(stage: Stage) -> None:
    """A file in products: which image of the catalog it is of, and all that the details tell."""
    await stage.see("true_color.tif")
    await stage.press("G", "i")
    await stage.see("acquired", "deletes the whole image")


@scene(start="products:acme:s2:v1/2024-07-12_10SGF/")
async def delete_image(stage: Stage) -> None:
    """Delete in products: the catalog deletes the whole image, all its files listed."""
    await stage.see("true_color.tif")
    await stage.press("G")
    await stage.see("acquired", "pixels")
    await stage.press("D")
    await stage.see("from the catalog?", "Delete all 3")


@scene(start="data:rasters/")
async def local_side(stage: Stage) -> None:
    """Local files beside the list: marked, one of them previewed, about to be uploaded with F5."""
    files = stage.home / "work" / "maps"
    files.mkdir(parents=True, exist_ok=True)
    for number in range(1, 7):
        (files / f"track-{number}.geojson").write_text(_track(number))
    (files / "notes.txt").write_text("field notes\n")
    await stage.see("ndvi_")
    await stage.press("s", "g", "l")
    await stage.see("Go to a local folder")
    await stage.press("slash", *str(files), "slash", "enter")
    await stage.see("track-6.geojson")
    await stage.press("j", "space", "space", "space")
    await stage.see("bounds", "LineString", "● 3")


def _track(number: int) -> str:
    points = [[10 + step / 50, 47 + (step * number % 17) / 60] for step in range(40)]
    return json.dumps({"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": points}})


def _format_scene(words: str) -> Act:
    async def act(stage: Stage) -> None:
        await stage.see("kind", words)

    return act


for _name, (_, _, _words) in GALLERY.items():
    SCENES[_name] = Scene(_format_scene(_words), 120, 32, f"data:gallery/{_name}/", Fault())


@scene(start="data:models/")
async def format_sqlite(stage: Stage) -> None:
    """The schema of a database."""
    await stage.see("SQLite", "CREATE")


def write_keys() -> None:
    """Put the key table of the command table into the page about keys."""
    readme = ROOT / "storage_tui" / "tui" / "README.md"
    text = readme.read_text("utf-8")
    marked = re.compile(r"(<!-- keys:[^\n]*-->\n).*?(<!-- /keys -->)", re.DOTALL)
    readme.write_text(marked.sub(lambda match: f"{match[1]}{markdown_table()}\n{match[2]}", text), "utf-8")


async def main(names: list[str]) -> None:
    """Play the scenes and write their pictures."""
    os.environ["COLORTERM"] = "truecolor"  # as most terminals have it
    if names == ["keys"]:
        write_keys()
        return
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    with demo_server() as (home, url, token_file):
        os.environ["HOME"] = str(home)
        for name in names or list(SCENES):
            try:
                svg = await play(SCENES[name], home, url, token_file)
            except AssertionError as exc:
                print(f"{name}: {exc}", file=sys.stderr)
                continue
            (folder / f"{name}.png").write_bytes(to_png(svg))
            print(name)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
