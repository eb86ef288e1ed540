"""Places on the command line: folders of this machine, and buckets as they are."""
