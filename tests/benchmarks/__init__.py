"""Benchmarks: `python -m tests.benchmarks [NAME …]` measures side by side with peers in one run and prints a table.

| file | measures |
|---|---|
| start.py | from the command to the first painted list, and --help |
| listing.py | a prefix of 100,000 keys: first page, cursor, memory |
| terminal.py | bytes written a key, key to paint and start, beside mc, ranger, nnn and lf |
| transfer.py | 2.1 GB each way over loopback |
| moving.py | a million keys moved, renamed and copied on the server |
| bucket.py | a million objects of a foreign bucket, and one of 2 GiB, beside s5cmd and rclone |
| usage.py | requests of a usage and a sweep on a bucket, of 20,000 blobs to ten million |
| crowd.py | short calls and shares of users on a server with 500 uploads at once, on a disk and on a bucket |
| many_keys.py | ten million keys of a local store beside one million: start, pages, sweep, backup, verification |
| storm.py | mixed load of 200 clients while servers and storage nodes are killed: what was acknowledged is read back |
| small.py | a thousand blobs of 10 kB each way |
| calls.py | the processor time of one small call, of client and server, on a disk and on a bucket |
| previews.py | the first preview of every format, of blobs of gigabytes, near and far; the cursor held down |
| raster.py | the raster viewer on a COG of 14.5 GB: first picture and steps, near and far; keys while tiles arrive |
| seed.py | nothing; it fills a store for the others |

Figures are medians of interleaved runs. Machines are noisy: ratios inside one run mean something, seconds hardly do.
"""
