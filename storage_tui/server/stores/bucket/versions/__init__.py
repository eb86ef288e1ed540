"""The versions that a bucket keeps: what was deleted or overwritten can be listed, brought back, and removed for good.

| file | holds |
|---|---|
| calls.py | lists of versions, reads and deletes of one version |
| trash.py | the versions in the form of the trash |
"""
