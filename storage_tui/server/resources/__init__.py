"""The resources of the wire, one a file: handlers that read a request, call the store, and return a response.

| file | holds |
|---|---|
| batches.py | many small blobs in one request: a pack of blobs to store, or to send |
| blobs.py | single blobs: reading, HEAD, storing a small one, deleting one or many |
| buckets.py | what only a bucket has: facts of objects, archives, unfinished uploads |
| compressing.py | lists in gzip, which are faster over a slow link |
| conditions.py | conditional requests (RFC 9110 section 13): the ETags that a change or a read requires |
| damage.py | blobs found damaged while they were sent: clients that resume one get the reason |
| description.py | the answer of `GET /storage/v1`: version, features, limits and the rules of the storage types |
| health.py | the health of the server: `/healthz` for load balancers, `/metrics` for monitoring |
| listing.py | lists and usage |
| metrics.py | counters in the text form that Prometheus reads (exposition format 0.0.4) |
| moves.py | moves and copies, one or many in a request |
| redirects.py | downloads directly from the storage engine |
| trash.py | deleted and overwritten blobs: lists of them, brought back, removed for good |
| upload/ | resumable uploads |
"""
