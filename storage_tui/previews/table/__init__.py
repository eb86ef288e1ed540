"""What the table formats share: columns of text, footers, and the first rows.

| file | holds |
|---|---|
| first_rows.py | what Parquet and Arrow share: a footer at the end |
| flatbuffer.py | the few parts of FlatBuffers that the footer of an Arrow file needs (FlatBuffers, internals |
| grid.py | a table as lines of text: a bold head, a dim line under it, columns as wide as their values |
| parquet_rows.py | the first rows of a Parquet file whose row groups may have any size |
| thrift.py | thrift's compact protocol, as far as a Parquet footer needs it |
"""
