"""The objects of HDF5, NetCDF-4 and MATLAB 7.3, through h5py.

| file | holds |
|---|---|
| objects.py | the objects of an HDF5 file, through h5py |
| sides.py | the lengths of growing dimensions as NetCDF-4 counts them |
| types.py | types, shapes and storage of HDF5 in words |
"""
