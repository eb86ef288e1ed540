"""What the wire offers, one resource a file: handlers that read a request, ask the store, and return a response.

| file | holds |
|---|---|
| batches.py | many small blobs in one request: a pack of them stored, or sent |
| blobs.py | single blobs: reading, HEAD, storing a small one, copying, deleting one or many |
| compressing.py | lists in gzip: over a slow link people wait for them |
| conditions.py | conditional requests (RFC 9110 section 13): which ETags a change or a read asks for |
| damage.py | blobs that were found damaged while they were sent: whoever goes on with one is told so |
| description.py | what `GET /storage/v1` tells: version, features, limits and the rules of the storage types |
| health.py | how the server does: `/healthz` for whoever balances load, `/metrics` for whoever keeps watch |
| listing.py | lists and usage |
| metrics.py | what the server counts, in the text form that Prometheus reads (exposition format 0.0.4) |
| redirects.py | downloads that the storage engine gives out itself |
| upload_answers.py | the answers on an upload URL, as Google Cloud Storage writes them: the finished object |
| upload_gate.py | one request at a time on an upload session, and never a stalled one in the way of its own retry |
| uploads.py | uploads: new upload URLs, and the resumable protocol of Google Cloud Storage on them |
"""
