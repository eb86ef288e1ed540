"""The kinds of rows: each has a sign of one cell and a colour of its own in the list."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.style import Style

from storage_tui import Storage
from storage_tui.tui.look.kinds import FOLDER, KINDS, OTHER, has_signs, kind_of
from storage_tui.tui.look.tints import age_tint, size_tint
from storage_tui.tui.terminal.glyphs import is_single

NAMES = ("a.tif", "b.csv", "c.geojson", "d.md", "e.zip", "f.onnx", "g.log", "h")


def test_every_kind_has_a_sign_of_one_cell_that_no_other_has() -> None:
    assert all(is_single(kind.sign) and kind.ascii.isascii() and len(kind.ascii) == 1 for kind in KINDS)
    for signs in ([kind.sign for kind in KINDS], [kind.ascii for kind in KINDS]):
        assert len(set(signs)) == len(KINDS)
    endings = [ending for kind in KINDS for ending in kind.endings]
    assert len(set(endings)) == len(endings) and all(ending == ending.lower() for ending in endings)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a/B.TIF", "raster"), ("x.csv.gz", "table"), ("x.tar.gz", "archive"), ("x.gz", "archive"), ("a.b/c", "other"),
     (".csv", "table"), ("", "other"), ("x.geojson.zst", "region"), ("..", "other"), ("x.tar", "archive")],
)  # fmt: skip
def test_the_end_of_a_name_says_its_kind(name: str, kind: str) -> None:
    assert kind_of(name).name == kind


def test_a_blob_without_an_end_is_a_log_among_logs() -> None:
    assert (kind_of("a/b", "logs").name, kind_of("a/b.csv", "logs").name, kind_of("a/b").name) == (
        "log", "table", OTHER.name,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({}, True), ({"LANG": "C"}, False), ({"LANG": "C.UTF-8"}, True),
     ({"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, False),
     ({"LC_ALL": "", "LANG": "C"}, False), ({"LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, True)],
)  # fmt: skip
def test_a_locale_of_ascii_has_signs_of_ascii(environ: dict[str, str], wanted: bool) -> None:
    assert has_signs(environ) is wanted


def test_sizes_are_tinted_by_magnitude_and_ages_fade() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert [size_tint(size) for size in (None, 0, 999_999, 1_000_000, 10**9)] == [
        "line--dim", "line--dim", "line--dim", "keys--large", "keys--huge",
    ]  # fmt: skip
    ages = [timedelta(0), timedelta(days=89), timedelta(days=90), timedelta(days=-1)]
    assert [age_tint(now - age, now) for age in ages] == ["line--dim", "line--dim", "keys--old", "line--dim"]


async def test_the_list_shows_sign_and_colour_and_the_mark_takes_the_place_of_the_sign(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*NAMES, "z/x"):
        store.set(name, "x")
    async with browse() as browser:
        await browser.shows("z/")
        await browser.until(lambda: browser.names == ["z/", *NAMES])
        for name, kind in zip(["z/", *NAMES], [FOLDER, *map(kind_of, NAMES)], strict=True):
            assert f"{kind.sign} {name} " in browser.text
        keys = browser.main.keys
        inks = {style_of(keys.render_line(row), "►■≡◊¶□∆»·") for row in range(1, 10)}
        assert len(inks) == 8  # text and others have that of the theme
        await browser.press("j", "space")
        await browser.shows("● a.tif")
    monkeypatch.setitem(os.environ, "LC_ALL", "C")
    async with browse() as browser:
        await browser.shows("# a.tif")
        await browser.shows("> z/")


def style_of(strip: Any, signs: str) -> Any:
    """The colour of the first sign in a row."""
    style: Style = next(segment.style for segment in strip if set(segment.text) & set(signs))
    return style.color
