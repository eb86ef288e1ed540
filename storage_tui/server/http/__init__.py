"""HTTP for the handlers: requests, strictly parsed and with deadlines, and responses.

| file | holds |
|---|---|
| addresses.py | absolute URLs for clients: under the public URL where one is set |
| body.py | the body of a request, read piece by piece under an idle deadline |
| deadlines.py | a deadline for work that mostly ends without waiting |
| delivery.py | sending an answer: an idle deadline around every piece, and an end when nobody reads any more |
| grants.py | what the bearer of a token, a signed URL or an upload URL may do |
| hashing.py | hashes of bytes as they arrive, and their comparison with those that were promised |
| naming.py | every way in which a request names keys, as functions that rows of the route table carry |
| promises.py | the hashes that a request promises, of its body and of the whole blob |
| repeats.py | calls that a client repeats because the answer was lost: the repeat gets the first outcome |
| request.py | a request for the handlers: strictly parsed, bounded, with the deadlines inside its body |
| request_summary.py | a summary of one request for logs and metrics: method, route, status, sizes and duration |
| responses.py | answers: plain data that the application sends, and the forms of errors |
| routes.py | the route table as data, and the search for the row of a raw path |
| streams.py | blobs being sent: the size of their pieces, and the memory that each costs |
| targets.py | what a request is about: the namespace of its token, the storage type and key of its path |
"""
