"""The look that all screens share: the colours of the themes, and the sign and the colour of each kind of row.

| file | holds |
|---|---|
| kinds.py | the kinds of blobs by their names, each with a sign of one cell |
| tints.py | the shades of the columns: sizes by magnitude, ages that fade |
"""
