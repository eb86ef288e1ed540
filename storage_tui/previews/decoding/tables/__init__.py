"""The rows of Parquet and Arrow files, through arro3, and of lines of text.

| file | holds |
|---|---|
| arrow_values.py | the values of Arrow arrays as text, through the C data interface |
| avro.py | the first records of an Avro container file |
| blocks.py | blocks of rows for the table viewer: row groups, batches, bytes of lines |
| checkpoint.py | the actions in a checkpoint of a Delta table |
| blocks.py | blocks of rows for the table viewer: row groups, batches |
| columns.py | the columns of a batch of rows as values that compare, and as text |
| first_rows.py | the first rows of a Parquet or Arrow file, through arro3 |
| lines.py | rows of lines: CSV, JSON Lines |
| moments.py | dates, times and durations of Arrow as text: of any year, to the nanosecond |
| native_shapes.py | shapes of GeoParquet's native encodings as well-known binary |
| operations.py | cells, matches, order and measures of a block |
| records.py | records of one size as rows: NumPy arrays, attributes of a Shapefile |
| query.py | the query of a table, as typed, checked, and evaluated |
"""
