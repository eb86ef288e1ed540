"""The objects of HDF5, NetCDF-4 and MATLAB 7.3, through h5py.

| file | holds |
|---|---|
| datasets.py | the rows of one dataset as a table |
| arrays.py | the arrays: their layout, the coordinates of their axes, the places of their chunks |
| objects.py | the objects of an HDF5 file, through h5py |
| sides.py | the lengths of growing dimensions as NetCDF-4 counts them |
| types.py | types, shapes and storage of HDF5 in words |

What h5py reads of a file of 1 GB before all its objects are listed: 1 request of 66 kB for a NetCDF-4 file of 50
variables that were defined first, 4 of 262 kB for 500, 33 of 2.2 MB for 5,000, all but one. Where each variable was
written after it was defined, headers lie between the values: 13 to 26 requests of 0.9 to 1.7 MB for 50 objects; of 500
the budget of 64 requests and 4 MiB lists all names and a third to a half of the types; of 5,000 it lists some names in
HDF5, and none in NetCDF-4.
"""
