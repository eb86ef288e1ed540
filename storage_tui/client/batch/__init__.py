"""Many blobs moved: what a batch is to move, and the one scheduler that moves it.

| file | holds |
|---|---|
| scheduler.py | `Batch`, a fixed plan or a queue that grows: a bounded number at once, groups in turn, each steered |
| plan.py | the items of a batch: counted, with their room on disk, and what of them is there already |
| folders.py | which keys a local folder becomes, and which local names keys become |
| turns.py | the items that wait, and which is next |
| mover.py | one item moved to its end |
| packs.py, part_commits.py | small files: many in one request, made durable several at once |
| results.py | how items ended, in the order of the plan |
| progress.py | how far a batch is |
"""
