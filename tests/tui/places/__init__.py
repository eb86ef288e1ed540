"""The browser on a place: a folder of this machine, and a bucket."""
