"""The look that all screens share: the colours of the themes, and the sign and the colour of each kind of row.

| file | holds |
|---|---|
| archives.py | archived blobs of a bucket, and their sign in a list |
| beside.py | a list with the preview of its row beside it |
| gauges.py | gauges of one line: the use of a quota, the time until the first blob expires |
| kinds.py | the kinds of blobs by their names, each with a sign of one cell |
| picture_toll.py | what a picture costs on the link to the terminal |
| row_keys.py | the keys for the row under the cursor, which the footer names first |
| tints.py | the shades of the columns: sizes by magnitude, ages that fade |
| two_columns.py | blocks of lines in two columns |
| type_tabs.py | the storage types as one line, with as many figures as there is room for |
"""
