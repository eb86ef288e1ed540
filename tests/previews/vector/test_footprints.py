"""Footprints of rasters on the map: where each kind of file says that it lies."""

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import rasterio.warp
from PIL import Image

from storage_tui.contract.models import Blob
from storage_tui.previews.base import PreviewError, Source
from storage_tui.previews.projections import to_degrees
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.reading import read_layers
from tests.previews.raster.test_cubes import netcdf
from tests.previews.stores.trees import Tree


def picture(form: str, size: tuple[int, int] = (90, 60)) -> bytes:
    output = io.BytesIO()
    Image.new("L", size).save(output, form)
    return output.getvalue()


async def layer(name: str, blobs: dict[str, bytes]) -> Features:
    (found,) = await read_layers(Source(Tree(blobs), Blob(name, "data")))
    return found[1]


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF4"])
async def test_arrays_with_coordinates_lie_where_these_say(form: str) -> None:
    features = await layer("a.nc", {"a.nc": netcdf(form)[0]})
    assert features.count == 1 and not features.told.is_plane
    assert features.bounds == pytest.approx((4.875, 39.9375, 17.375, 44.9375), abs=1e-4)
    assert features.properties(0)["pixels"] == "50 × 40"


@pytest.mark.parametrize("name, world", [("a.png", "a.pgw"), ("A.JPG", "A.JGW"), ("b.jpeg", "b.wld")])
async def test_a_picture_lies_where_its_world_file_says(name: str, world: str) -> None:
    content = picture("PNG" if name.endswith("png") else "JPEG")
    numbers = b"10.0\n0.0\n0.0\n-10.0\n500005.0\n5100000.0\n"
    prj = b'PROJCS["WGS_1984_UTM_Zone_33N",GEOGCS["GCS_WGS_1984"]]'
    side = name.split(".")[0] + (".PRJ" if name.isupper() else ".prj")
    features = await layer(name, {name: content, world: numbers, side: prj})
    assert not features.told.is_plane and features.bounds is not None
    west, south = to_degrees(32633, 500_000, 5_100_005 - 600) or (0, 0)
    assert features.bounds[:2] == pytest.approx((west, south), abs=2e-6)  # the lower edge is a curve
    alone = await layer(name, {name: content, world: b"0.5 0 0 -0.5 10.25 49.75"})
    assert alone.bounds == pytest.approx((10, 20, 55, 50))


async def test_a_stac_item_is_its_geometry() -> None:
    item: dict[str, Any] = {
        "type": "Feature", "stac_version": "1.0.0", "id": "scene-7", "bbox": [10, 45, 11, 46], "links": [],
        "geometry": {"type": "Polygon", "coordinates": [[[10, 45], [11, 45], [11, 46], [10, 46], [10, 45]]]},
        "properties": {"datetime": "2024-05-01T00:00:00Z"}, "assets": {"B04": {"href": "b04.tif"}},
    }  # fmt: skip
    features = await layer("item.json", {"item.json": json.dumps(item).encode()})
    assert features.bounds == (10, 45, 11, 46) and features.label(0, None) == "scene-7"
    many = json.dumps({"type": "FeatureCollection", "features": [item, {**item, "id": "scene-8"}]})
    assert (await layer("items.json", {"items.json": many.encode()})).count == 2


async def test_a_raster_without_a_place_says_so() -> None:
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:
        opened["a"] = np.ones((20, 30))
    with pytest.raises(PreviewError, match="no place on the earth"):
        await layer("a.h5", {"a.h5": file.getvalue()})
    with pytest.raises(PreviewError, match="no world file"):
        await layer("a.png", {"a.png": picture("PNG")})
    for lies in (b"1 2 3", b"1 0 0 -1 nan 5", b"\xff" * 50, b"1 0 0 -1 1e300 5"):
        with pytest.raises(PreviewError, match="six numbers"):
            await layer("a.png", {"a.png": picture("PNG"), "a.pgw": lies})


@pytest.mark.parametrize("driver, epsg", [("JP2OpenJPEG", 32633), ("GRIB", 4326), ("HFA", 3035), ("VRT", 32633)])
async def test_rasters_of_gdal_lie_where_it_says(tmp_path: Path, driver: str, epsg: int) -> None:
    across, west, north = (0.1, 10.0, 50.0) if epsg == 4326 else (100.0, 4_500_000.0 if epsg == 3035 else 5e5, 5.4e6)
    if epsg == 3035:
        north = 3_000_000.0
    transform = rasterio.Affine(across, 0, west, 0, -across, north)
    values = (np.arange(64 * 80).reshape(1, 64, 80) % 251).astype("u1" if driver == "JP2OpenJPEG" else "f4")
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=80, height=64, count=1, dtype=values.dtype, crs=f"EPSG:{epsg}",
        transform=transform,
    ) as opened:  # fmt: skip
        opened.write(values)
    other = tmp_path / "a.jp2"  # a suffix by which GDAL writes boxes, and not the codestream alone
    rasterio.shutil.copy(path, other, driver=driver)
    with rasterio.open(path) as opened:
        expected = rasterio.warp.transform_bounds(opened.crs, "EPSG:4326", *opened.bounds, densify_pts=41)
    features = await layer("a.other", {"a.other": other.read_bytes()})
    assert features.count == 1 and features.properties(0)["pixels"] == "80 × 64" and not features.told.is_plane
    assert features.bounds == pytest.approx(expected, abs=0.06 if driver == "GRIB" else 2e-4)


async def test_virtual_rasters_and_damage_end_in_a_line() -> None:
    plain = b'<VRTDataset rasterXSize="10" rasterYSize="5">%s</VRTDataset>'
    ours = b"<SRS>EPSG:4326</SRS><GeoTransform> 10, 0.5, 0, 50, 0, -0.5</GeoTransform>"
    assert (await layer("a.vrt", {"a.vrt": plain % ours})).bounds == (10, 47.5, 15, 50)
    for lies in (b"", b"<GeoTransform>1,2</GeoTransform>", ours.replace(b"10,", b"1e300,")):
        with pytest.raises(PreviewError, match="place"):
            await layer("a.vrt", {"a.vrt": plain % lies})
    for head in (
        b"GRIB\0\0\0\2" + bytes(500),
        b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(90),
        b"NITF02.10" + bytes(900),
    ):
        with pytest.raises(PreviewError) as raised:
            await layer("a.bin", {"a.bin": head})
        assert "\n" not in str(raised.value)
