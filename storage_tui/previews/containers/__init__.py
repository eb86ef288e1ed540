"""Shared by the formats with members: trees of members, and the objects of HDF5.

| file | holds |
|---|---|
| hdf5_objects.py | the objects of an HDF5 file, read by ranges: groups, and datasets with type and shape |
| tree.py | members of an archive as a tree of folders with sizes |
"""
