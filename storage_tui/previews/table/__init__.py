"""Shared by the table formats: dialects of text, columns, footers, and the first rows.

| file | holds |
|---|---|
| dtypes.py | the types of NumPy without numpy: their words, their sizes, and their values as text |
| arrow_schema.py | the schema of Arrow data in a file, a stream, or the metadata of a Parquet file |
| dialect.py | the dialect of a table of text: what separates its cells, quotes them, and begins its comments |
| first_rows.py | shared by Parquet and Arrow: the footer at the end, and the first rows |
| flatbuffer.py | the few parts of FlatBuffers that Arrow's schemas and footers need |
| grid.py | a table as lines of text: a bold head, a dim line under it, columns as wide as their values |
| parquet_rows.py | the first rows of a Parquet file with row groups of any size |
| rows.py | the rows of a table of text in a page of bytes, each with the range of its bytes |
| table.py | a table of text from its first bytes: what is above it, its heads, its columns, its first rows |
| thrift.py | the parts of Thrift's compact protocol that a Parquet footer needs |
| values.py | the type of the values of a column of text, by their form alone |
"""
