"""What a bucket remembers beside its blobs, so that neither sums nor the sweep list everything.

The sums of a user's blobs in a storage type are kept by rows: each row is a range of names, of about a thousand blobs,
with what a list of that range found. A change makes its row stale, and the next usage lists the stale rows again and no
others. So a sum is always that of a list, however often a change is noted, and whichever server notes it.

    sums/NAMESPACE/TYPE/root                 the branches: where the rows are, and the sum of each branch
    sums/NAMESPACE/TYPE/leaf-ID              the rows of one branch, never changed, replaced by another leaf
    touched/NAMESPACE/TYPE/MILLIS-ID         names that one server changed, which make rows stale
    due/DAY/TIME-ID                          names of blobs that one server wrote, which have expired at this time

| file | holds |
|---|---|
| due.py | the lists of what expires, by day, and the removal of what has expired |
| journal.py | the changes of one server, on their way to `touched/` and `due/` |
| ledger.py | the ledger of one server: its journal, its sums, its lists of what expires, its scan |
| pairs.py | a user's share of one storage type, by the names of its objects |
| relisting.py | ranges of names listed again, as rows |
| rows.py | rows, branches and the root, and their content in the bucket |
| scan.py | the scan in the background, which finds what a killed server did not note |
| sums.py | the sums: stale rows found, listed again and stored, by any server |
| touched.py | the notes of changes in the bucket |
| usage.py | the usage of a prefix out of rows |
"""
