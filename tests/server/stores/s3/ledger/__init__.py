"""The ledger of a bucket: sums by rows, and lists of what expires.

| file | holds |
|---|---|
| changing.py | rows of a few blobs, and changes at random |
| child.py | a process that makes such changes until it is killed |
| conftest.py | stores with rows of a few blobs, and the requests that they make |
| test_due.py | what expires: found by its day, written again, stored by an earlier version, swept by several servers |
| test_sums.py | usages equal to a list of everything, whatever is changed, by whichever server, killed or not |
| test_requests.py | the requests of usages and sweeps, which grow with changes and not with blobs |
"""
