"""HTTP as the handlers see it: what came, strictly parsed with its deadlines, and what goes out.

| file | holds |
|---|---|
| addresses.py | absolute URLs that clients are given: under the public URL where one is set |
| body.py | the body of a request, read piece by piece under an idle deadline |
| delivery.py | sending an answer: an idle deadline around every piece, and an end to it when nobody reads any more |
| grants.py | what the bearer of a token, a signed URL or an upload URL may do |
| naming.py | every way in which a request names keys, as functions that rows of the route table carry |
| repeats.py | calls that a client repeats because the answer was lost: the repeat gets the outcome of the first |
| request.py | a request as the handlers see it: strictly parsed, bounded, with the deadlines inside its body |
| request_summary.py | one request as those who run the server see it: what it was, how it ended, how long it took |
| responses.py | answers: plain data that app.py sends, and the forms that errors take |
| routes.py | the route table as data, and how a raw path finds its row |
| streams.py | blobs being sent, in what pieces, and what each of them costs |
| targets.py | what a request is about: the namespace of its token, the storage type and key of its path |
"""
