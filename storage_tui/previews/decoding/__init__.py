"""The process that decodes pictures, `python -m storage_tui.previews.decoding`: started at the first one, kept warm.

It imports Pillow once and forks a child for every job; the child gets hard limits of memory, CPU time, files and
wall time, so a hostile picture costs its own child and nothing else. Nothing here imports textual, rich or the client.

| file | holds |
|---|---|
| __main__.py | the loop: a job in, a child, its result out |
| compressions.py | the compressions of TIFF that are unpacked here, by their numbers |
| decoder.py | the preview's side of the decoding process: starts it at the first picture, keeps it warm |
| frames.py | how jobs and results travel over a pipe |
| limits.py | what a child may use |
| pictures.py | PNG, JPEG, WebP, GIF, BMP, TIFF to RGB, through Pillow |
| rasters.py | tiles of a GeoTIFF overview to RGB, without Pillow |
| tables.py | the first rows of a Parquet or Arrow file, through arro3 |
| unpacking.py | one compressed block of a TIFF to its bytes, never more than the block can hold |
"""
