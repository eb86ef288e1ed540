"""Shared by the table formats: columns of text, footers, and the first rows.

| file | holds |
|---|---|
| dtypes.py | the types of NumPy without numpy: their words, their sizes, and their values as text |
| arrow_schema.py | the schema of Arrow data in a file, a stream, or the metadata of a Parquet file |
| first_rows.py | shared by Parquet and Arrow: the footer at the end, and the first rows |
| flatbuffer.py | the few parts of FlatBuffers that Arrow's schemas and footers need |
| grid.py | a table as lines of text: a bold head, a dim line under it, columns as wide as their values |
| parquet_rows.py | the first rows of a Parquet file with row groups of any size |
| thrift.py | the parts of Thrift's compact protocol that a Parquet footer needs |
"""
