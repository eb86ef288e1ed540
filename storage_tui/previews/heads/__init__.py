"""Shared by the formats that are known by their heads: fields of bytes, tensors, members of a zip, protobuf.

| file | holds |
|---|---|
| cursor.py | fields of bytes read one after the other, and the first bytes of a blob as far as a header goes |
| described.py | a text with the facts that it tells above it |
| protobuf.py | the fields of a protobuf message that may be cut |
| sheets.py | spreadsheets in facts and rows, by the decoding process |
| symbols.py | a pickle as symbols: what a load would call and with what, and nothing is loaded |
| tensors.py | tensors of a model in facts and rows: names, types, shapes, sizes |
| zip_members.py | members of a zip by name: the directory from the last bytes, a member from the bytes that hold it |
"""
