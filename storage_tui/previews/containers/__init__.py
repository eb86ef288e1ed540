"""Shared by the formats with members: trees of members.

| file | holds |
|---|---|
"""Shared by the formats with members: trees of members, compressed streams, and the objects of HDF5.

| file | holds |
|---|---|
| hdf5_objects.py | the objects of an HDF5 file, read by ranges: groups, and datasets with type and shape |
| streams.py | compressed streams unpacked up to a limit: all members, streams and frames |
| tar_headers.py | the headers of a tar of any kind: members, links, sparse files, joined archives |
| tree.py | members of an archive as a tree of folders with sizes |
| zip_directory.py | the central directory of a zip, found from its last bytes |
"""
