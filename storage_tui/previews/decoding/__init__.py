"""The process that decodes pictures, `python -m storage_tui.previews.decoding`.

The first picture starts the process, and it stays warm. It imports Pillow once and forks a child for every job. The
child gets hard limits of memory, CPU time, files and wall time, so a hostile picture costs its own child and nothing
else. Nothing here imports textual, rich or the client.

| file | holds |
|---|---|
| __main__.py | the loop: a job in, a child, its result out |
| compressions.py | the supported compressions of TIFF, by their numbers |
| decoder.py | the preview's side of the decoding process: starts it at the first picture, keeps it warm |
| frames.py | the frames of jobs and results on a pipe |
| limits.py | the limits of a child |
| moments.py | dates, times and durations of Arrow as text: of any year, to the nanosecond |
| pictures.py | PNG, JPEG, WebP, GIF, BMP, TIFF to RGB, through Pillow |
| rasters.py | tiles of a GeoTIFF overview to RGB, without Pillow |
| tables.py | the first rows of a Parquet or Arrow file, through arro3 |
| unpacking.py | the unpacking of one compressed block of a TIFF, never past the size of the block |
"""
