"""The Storage API as a file system of fsspec, for pandas, dask, xarray, zarr and many other libraries.

    import pandas
    pandas.read_csv("dlstorage://tmp/tables/rain.csv")

    import fsspec
    fs = fsspec.filesystem("dlstorage")             # the store of this machine, or the server your environment names
    fs = fsspec.filesystem("dlstorage", url="https://host/storage/v1", token_file="~/ada.token")

A path is `TYPE/KEY`: `dlstorage://tmp/maps/dem.tif` is the blob `maps/dem.tif` in `tmp`. The form of the command
line, `dlstorage://tmp:maps/dem.tif`, works too. A slash at the start is nothing: `/tmp/maps/dem.tif` is the same blob.
This needs `pip install 'storage-tui[fsspec]'`.

| file | holds |
|---|---|
| filesystem.py | StorageFileSystem: whole values and files, copy, remove |
| tree.py | listing and describing: ls, info, find, du |
| expansion.py | which paths a call means: names before patterns |
| removal.py | many blobs removed by few requests |
| file.py | an open file: reads by ranges with a cache, writes as a stream |
| moves.py | moves of many blobs by few requests |
| names.py | paths to storage type and key, and back |
| failures.py | the OSError for each StorageError |
"""

from storage_tui.fs.filesystem import StorageFileSystem

__all__ = ["StorageFileSystem"]
