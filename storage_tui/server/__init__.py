"""How the Storage API is served: an ASGI application over a Store.

| file | holds |
|---|---|
| app.py, routes.py | the route table, the one layer of authentication, errors to answers |
| engine.py, s3_place.py, s3_opening.py | where blobs and records are kept: a directory, or a bucket |
| request.py, body.py, conditions.py, targets.py | what came, strictly parsed, with its deadlines |
| responses.py, compressing.py, delivery.py, streams.py, redirects.py, addresses.py | what goes out |
| blobs.py, batches.py, listing.py, uploads.py, signing.py, description.py | one resource a file |
| damage.py | which blobs were found damaged |
| upload_gate.py, upload_answers.py, repeats.py | one writer a session, Google's answers, repeated calls |
| access/, tokens.py, keyring.py, key_file.py, secret.py | who may |
| quotas/ | how much |
| limits/ | memory, threads and turns, shared fairly by user |
| catalog/ | the catalog in front of `products` |
| serve.py, listener.py, embedded.py | the process: over TCP, and on the UNIX socket of the embedded server |
| operating.py, logs.py, exchange.py, metrics.py, health.py | how it is run and watched |
| stores/ | the engines that keep the blobs |
| upkeep/ | a data directory verified, backed up and restored |
| migration.py | a local store moved into a bucket |
"""
