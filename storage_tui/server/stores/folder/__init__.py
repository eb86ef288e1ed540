"""The engine over a folder of this machine, read only: files are blobs, and their paths are keys.

| file | holds |
|---|---|
| left_out.py | what the folder holds and the store does not show, with the reasons |
| names.py | the names in one folder, in order, a bounded number at a time |
| reader.py | one open file, whose change during the reading is noticed |
| store.py | the Store |
| tree.py | the walk through the folders in the byte order of keys; no symbolic link is followed |
"""
