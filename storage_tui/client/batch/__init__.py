"""Many blobs moved: the plan of a batch, and the one scheduler that carries it out.

| file | holds |
|---|---|
| scheduler.py | `Batch`: a fixed plan or a growing queue, a bounded number of items at once, groups in turn |
| plan.py | the items of a batch: their number, their bytes, and what exists already at their targets |
| folders.py | the keys for a local folder, and the local names for keys |
| name_rules.py, kept_names.py | the names that a file system keeps, and a note of the others beside the files |
| relocation.py, origins.py | blobs and folders moved or copied on the server, and the places that refuse it |
| crossing.py | one blob from one store into another: inside an engine that has both, else through this machine |
| turns.py | the waiting items, and which of them is next |
| mover.py | one item, moved to its end |
| packs.py, part_commits.py | small files: many in one request, several made durable at once |
| results.py | the results of the items, in the order of the plan |
| progress.py | the progress of a batch: bytes, files, rate, time left |
"""
