"""All buckets of a person as one place, `s3://`.

| file | holds |
|---|---|
| names.py | the names of the buckets: those of the engine, and those that were opened before |
| store.py | the Store: a bucket is a folder, opened when somebody looks into it; read only |
"""
