"""Chunks of Zarr arrays: unpacked by their codecs, and the values that are drawn taken out of them.

| file | holds |
|---|---|
| codecs.py | one codec each, undone; what is packed by blosc or lz4 by numcodecs, which the extra `preview` installs |
| values.py | the job: chunks in, the values at some places out |
"""
