"""The process that decodes pictures, `python -m storage_tui.previews.decoding`.

The first picture starts the process, and it stays warm. It imports Pillow once and forks a child for every job. The
child gets hard limits of memory, CPU time, files and wall time, so a hostile picture costs its own child and nothing
else. Nothing here but the preview's side, decoder.py, imports textual, rich or the client.

A job in JOBS decodes the bytes that came with it. A job in READERS lets a library read the blob itself: the child has a
file whose ranges go through the loop and the preview's side, which keeps the budget of requests and bytes.

| file | holds |
|---|---|
| __main__.py | the loop: a job in, a child, its result out |
| arrow_values.py | the values of Arrow arrays as text, through the C data interface |
| children.py | one child a job: its start, what it asks for and answers, and its end |
| compressions.py | the supported compressions of TIFF, by their numbers |
| decoder.py | the preview's side of the decoding process: starts it at the first picture, keeps it warm |
| frames.py | the frames of jobs and results on a pipe |
| limits.py | the limits of a child |
| moments.py | dates, times and durations of Arrow as text: of any year, to the nanosecond |
| pictures.py | PNG, JPEG, WebP, GIF, BMP, TIFF to RGB, through Pillow |
| ranged_file.py | the blob as a file for a library in the child |
| rasters.py | tiles of a GeoTIFF overview to RGB, without Pillow |
| tables.py | the first rows of a Parquet or Arrow file, through arro3 |
| unpacking.py | the unpacking of one compressed block of a TIFF, never past the size of the block |
"""
