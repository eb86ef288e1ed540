"""Other people's libraries on `dlstorage://`, each reading back what it wrote: `python programs.py CASE`.

Runs in an environment of its own, with the server named by STORAGE_TUI_URL and STORAGE_TUI_TOKEN. Prints the version.
"""

import io
import os
import sys
from importlib.metadata import version

import fsspec

ROOT = "dlstorage://data/world"


def pandas() -> None:
    """CSV, gzip and JSON both ways, and a glob of blobs."""
    import pandas as pd

    frame = pd.DataFrame({"name": ["a", "b"], "rain": [1.5, 2.5]})
    frame.to_csv(f"{ROOT}/pandas/a.csv", index=False)
    frame.to_csv(f"{ROOT}/pandas/b.csv.gz", index=False)
    frame.to_json(f"{ROOT}/pandas/c.json", orient="records", lines=True)
    assert pd.read_csv(f"{ROOT}/pandas/a.csv").equals(frame)
    assert pd.read_csv(f"{ROOT}/pandas/b.csv.gz").equals(frame)
    assert pd.read_json(f"{ROOT}/pandas/c.json", lines=True).equals(frame)
    assert next(pd.read_csv(f"{ROOT}/pandas/a.csv", chunksize=1)).shape == (1, 2)


def pyarrow() -> None:
    """Parquet through pandas, and a partitioned dataset of which one partition is read."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds

    frame = pd.DataFrame({"year": [2023, 2024, 2024], "rain": [1.0, 2.0, 3.0]})
    frame.to_parquet(f"{ROOT}/one.parquet")
    assert pd.read_parquet(f"{ROOT}/one.parquet", columns=["rain"])["rain"].sum() == 6
    fs = fsspec.filesystem("dlstorage")
    table = pa.Table.from_pandas(frame)
    ds.write_dataset(table, "data/world/set", format="parquet", partitioning=["year"], filesystem=fs)
    found = ds.dataset("data/world/set", partitioning=["year"], filesystem=fs)
    assert found.to_table(filter=ds.field("year") == 2024).column("rain").to_pylist() == [2.0, 3.0]


def upath() -> None:
    """Paths that write, list, read, rename and remove."""
    from upath import UPath

    folder = UPath(f"{ROOT}/paths")
    (folder / "a.txt").write_text("one\n")
    (folder / "deep" / "b.bin").write_bytes(b"two")
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "deep"]
    assert (folder / "deep").is_dir()
    assert [path.name for path in folder.glob("**/*.bin")] == ["b.bin"]
    assert (folder / "a.txt").read_text() == "one\n"
    assert (folder / "a.txt").stat().st_size == 4
    (folder / "a.txt").unlink()
    assert not (folder / "a.txt").exists()
    assert str(folder) == f"{ROOT}/paths"


def dask() -> None:
    """Frames from many blobs and back, in threads and in processes, to which the file system travels by pickle."""
    import dask
    import dask.dataframe as dd
    import pandas as pd

    for month in range(1, 4):
        pd.DataFrame({"month": [month] * 10, "rain": range(10)}).to_csv(f"{ROOT}/dask/{month}.csv", index=False)
    for scheduler in ("threads", "processes"):
        with dask.config.set(scheduler=scheduler):
            frame = dd.read_csv(f"{ROOT}/dask/*.csv")
            assert frame["rain"].sum().compute() == 135
            frame.to_parquet(f"{ROOT}/dask-{scheduler}/")
            assert len(dd.read_parquet(f"{ROOT}/dask-{scheduler}/").compute()) == 30


def zarr() -> None:
    """A group of chunked arrays."""
    import numpy as np
    import zarr

    group = zarr.open_group(f"{ROOT}/z.zarr", mode="w")
    array = group.create_array("ndvi", shape=(100, 100), chunks=(25, 25), dtype="f4")
    array[:] = np.arange(10_000, dtype="f4").reshape(100, 100)
    again = zarr.open_group(f"{ROOT}/z.zarr", mode="r")["ndvi"]
    assert float(again[99, 99]) == 9999
    assert float(again[10:20, 10:20].mean()) == float(array[10:20, 10:20].mean())


def xarray() -> None:
    """A dataset as zarr, and as one NetCDF file read by ranges."""
    import numpy as np
    import xarray as xr

    made = xr.Dataset({"t": (("y", "x"), np.arange(12.0).reshape(3, 4))}, coords={"y": [1, 2, 3]})
    made.to_zarr(f"{ROOT}/x.zarr", mode="w", zarr_format=3, consolidated=False)
    assert xr.open_zarr(f"{ROOT}/x.zarr", consolidated=False).load().identical(made)
    with fsspec.open(f"{ROOT}/x.nc", "wb") as file:
        file.write(bytes(made.to_netcdf(engine="h5netcdf")))
    with fsspec.open(f"{ROOT}/x.nc") as file:
        assert float(xr.open_dataset(file, engine="h5netcdf")["t"].sum()) == 66


def rasterio() -> None:
    """A GeoTIFF written through a file object and read by windows through the opener."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin
    from rasterio.windows import Window

    fs = fsspec.filesystem("dlstorage")
    pixels = np.arange(512 * 512, dtype="uint32").reshape(512, 512)
    place = {"crs": "EPSG:32630", "transform": from_origin(500_000, 4_600_000, 10, 10)}
    form = {"driver": "GTiff", "width": 512, "height": 512, "count": 1, "dtype": "uint32", **place}
    tiles = {"tiled": True, "blockxsize": 128, "blockysize": 128}
    with fs.open("data/world/dem.tif", "wb") as file, rasterio.open(file, "w", **form, **tiles) as raster:
        raster.write(pixels, 1)
    with rasterio.open("data/world/dem.tif", opener=fs) as raster:
        assert raster.crs.to_epsg() == 32630
        assert (raster.read(1, window=Window(300, 200, 5, 5)) == pixels[200:205, 300:305]).all()


def geopandas() -> None:
    """Regions as GeoParquet and as GeoJSON."""
    import geopandas as gpd
    from shapely.geometry import box

    regions = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[box(0, 0, 1, 1), box(2, 2, 3, 4)], crs="EPSG:4326")
    with fsspec.open(f"{ROOT}/regions.parquet", "wb") as file:
        regions.to_parquet(file)
    assert gpd.read_parquet(f"{ROOT}/regions.parquet").geometry.area.tolist() == [1.0, 2.0]
    with fsspec.open(f"{ROOT}/regions.geojson", "wb") as file:
        file.write(regions.to_json().encode())
    with fsspec.open(f"{ROOT}/regions.geojson") as file:
        assert list(gpd.read_file(io.BytesIO(file.read()))["name"]) == ["a", "b"]


CASES = {row.__name__: row for row in (pandas, pyarrow, upath, dask, zarr, xarray, rasterio, geopandas)}
PACKAGES = {"upath": "universal_pathlib"}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
    print(version(PACKAGES.get(sys.argv[1], sys.argv[1])), flush=True)
    # Without the end of the interpreter, in which threads of pyarrow 26 abort one process of five, whatever file system
    # of fsspec they read, also its own in memory.
    os._exit(0)
