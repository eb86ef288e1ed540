"""The rows of a table of any size, by position: read, matched, put in order and measured, block by block.

| file | holds |
|---|---|
| base.py | the promises of a table, its columns, and one block of its rows |
| arrow.py | Arrow files and Feather version 2: a block is a batch |
| blocks.py | which block has a row, and how many rows are known |
| databases.py | SQLite: a block is some rows after a row id, found by reading forward |
| datasets.py | HDF5 and NetCDF-4: a block is some rows of a dataset |
| held.py | the pages of a blob that are read again and again |
| lines.py | CSV, TSV and JSON Lines: a block is a page of bytes, found by reading forward |
| opening.py | the choice of the table that a blob holds |
| ordering.py | the order of the rows by one column, in bounded memory |
| measuring.py | the statistics of one column |
| records.py | NumPy arrays and the attributes of Shapefiles: a block is some records of one size |
| parquet.py | Parquet: a block is a row group, of which only the columns asked for are read |
| scanning.py | the rows for which a query is true |
"""
