"""The Storage API as a file system of fsspec: what pandas, dask, xarray, zarr and many others read and write through.

    import pandas
    pandas.read_csv("dlstorage://tmp/tables/rain.csv")

    import fsspec
    fs = fsspec.filesystem("dlstorage")                   # the store of this machine, or the one your environment names
    fs = fsspec.filesystem("dlstorage", url="https://host/storage/v1", token_file="~/ada.token")

A path is `TYPE/KEY`: `dlstorage://tmp/maps/dem.tif` is the blob `maps/dem.tif` in `tmp`; the way the command line
writes it, `dlstorage://tmp:maps/dem.tif`, is understood too. Needs `pip install 'storage-tui[fsspec]'`.

| file | holds |
|---|---|
| filesystem.py | StorageFileSystem: whole values and files, copy, remove |
| tree.py | what is there: list, info, find, du |
| file.py | an open file: reads by ranges with a cache, writes as a stream |
| names.py | a path into a storage type and a key, and back |
| failures.py | a StorageError as the OSError that callers expect |
"""

from storage_tui.fs.filesystem import StorageFileSystem

__all__ = ["StorageFileSystem"]
