"""Saved windows: rasterio reads the values, the place, nodata and the colours of the window from the file."""

import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.windows
from PIL import Image

from storage_tui.contract.errors import LocalFileError
from storage_tui.previews import PreviewError
from storage_tui.previews.raster.opening import open_raster
from storage_tui.previews.raster.saving.geotiff import Window
from storage_tui.previews.raster.saving.png import read_png
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View
from storage_tui.tui.viewer.raster.saving import write_tiff
from tests.previews.ranges import Ranges
from tests.previews.raster.test_cubes import netcdf, npy
from tests.previews.raster.test_windows import CASES, made, noise
from tests.previews.tiffs import grey, write

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning"),  # rasterio 1.4, affine 3.1
    pytest.mark.filterwarnings("ignore:Dataset has no geotransform"),
]
WINDOW = Window(21, 33, 90, 70)


async def saved(content: bytes, path: Path, window: Window = WINDOW) -> Path:
    """The window of these bytes as a file."""
    assert await write_tiff(await open_raster(Ranges.of(content).source()), window, path) == ""
    return path


async def test_a_saved_window_is_that_of_rasterio(tmp_path: Path) -> None:
    for at, (dtype, bands, options) in enumerate(CASES):
        pixels = noise(dtype, bands, 150, 170, most=1 if "nbits" in options else None)
        path = made(tmp_path / f"{at}.tif", pixels, **options)
        with (
            rasterio.open(await saved(path.read_bytes(), tmp_path / f"{at}.saved.tif")) as file,
            rasterio.open(path) as whole,
        ):
            window = rasterio.windows.Window(*WINDOW)
            assert (file.read() == whole.read(window=window)).all(), (dtype, options)
            assert file.transform == whole.window_transform(window) and file.crs == whole.crs
            assert file.dtypes == whole.dtypes and file.nodata == whole.nodata
            assert file.photometric == whole.photometric


async def test_a_saved_window_keeps_a_palette_and_a_system_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pixels = noise("uint8", 1, 150, 170)
    own = "+proj=laea +lat_0=12.5 +lon_0=33 +x_0=0 +y_0=0 +datum=WGS84 +units=m"
    made(path, pixels, crs=own)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {value: (value, 255 - value, 7, 255) for value in range(256)})
    with rasterio.open(await saved(path.read_bytes(), tmp_path / "b.tif")) as file:
        assert file.colormap(1)[9] == (9, 246, 7, 255)
        assert file.crs.to_dict()["proj"] == "laea" and file.crs.to_dict()["lat_0"] == 12.5


async def test_a_saved_slice_has_its_coordinates(tmp_path: Path) -> None:
    content, values = netcdf("NETCDF4")
    with rasterio.open(await saved(content, tmp_path / "a.tif", Window(10, 5, 20, 10))) as file:
        assert (file.read(1) == values[0, ::-1][5:15, 10:30]).all()
        assert file.crs.to_epsg() == 4326 and file.nodata == -99
        assert file.xy(0, 0) == pytest.approx((5 + 10 * 0.25, 44.875 - 5 * 0.125))
    plain = np.arange(3 * 60 * 50, dtype=">f8").reshape(60, 50, 3)
    with rasterio.open(await saved(npy(plain), tmp_path / "b.tif", Window(0, 0, 50, 60))) as file:
        assert (file.read().transpose(1, 2, 0) == plain).all() and file.dtypes[0] == "float64"


async def test_the_picture_is_saved_as_it_is_seen() -> None:
    pixels = np.arange(100 * 120, dtype="uint16").reshape(100, 120)
    reader = await open_raster(Ranges.of(npy(pixels)).source())
    style = Style((0,), "range", "grey", limits=((0.0, 11_999.0),))
    content = await read_png(reader, View(120, 100, 60, 30).fit(), style)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (120, 100) and picture.mode == "RGB"
        shown = np.asarray(picture)[:, :, 0].astype(float)
    assert abs(shown - pixels / 11_999 * 255).max() <= 4.5  # six bits a channel


async def test_what_cannot_be_saved_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "there.tif"
    path.write_bytes(b"mine")
    reader = await open_raster(Ranges.of(npy(np.zeros((50, 50)))).source())
    with pytest.raises(LocalFileError, match="a file already"):
        await write_tiff(reader, Window(0, 0, 9, 9), path)
    assert path.read_bytes() == b"mine"
    large = write(grey(1 << 20, 1 << 20, [(8, 1 << 40)]), is_big=True)
    with pytest.raises(PreviewError, match="zoom in"):
        await write_tiff(
            await open_raster(Ranges.of(large).source()), Window(0, 0, 1 << 20, 1 << 20), tmp_path / "a.tif"
        )
    damaged = write(grey(200, 100, [bytes(200 * 50), (1 << 30, 200 * 50)], t278=50))
    reader = await open_raster(Ranges.of(damaged).source())
    assert "1 block" in await write_tiff(reader, Window(0, 0, 200, 100), tmp_path / "b.tif")
    assert not (tmp_path / "a.tif").exists()
