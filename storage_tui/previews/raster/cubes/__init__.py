"""Arrays of any number of axes looked at through a window: one slice of a variable at a time.

| file | holds |
|---|---|
| axis_words.py | a coordinate in words: first and last value, step, times as dates |
| calendars.py | times of the CF conventions as dates |
| chunks.py | the places of the chunks of an HDF5 dataset, asked of the decoder |
| hdf5.py | the variables of HDF5 and NetCDF-4 |
| netcdf.py | the variables of classic NetCDF |
| npy.py | a NumPy array as a variable |
| placing.py | the place of a slice on the earth, from regular coordinates |
| rows.py | the places of the rows of an array that lies in one piece |
| slicing.py | a slice of a variable as a scene |
| variable.py | a variable: its axes, its type, the layout of its values |
"""
