"""How the Storage API is served: an ASGI application over a Store.

| file | holds |
|---|---|
| app.py, routes.py | the route table, the one layer of authentication, errors to answers |
| request.py, body.py, conditions.py, targets.py | what came, strictly parsed, with its deadlines |
| responses.py, delivery.py, streams.py, addresses.py | what goes out |
| blobs.py, listing.py, uploads.py, signing.py, description.py | one resource a file |
| upload_gate.py, upload_answers.py, repeats.py | one writer a session, Google's answers, repeated calls |
| access/, tokens.py, keyring.py, key_file.py, secret.py | who may |
| quotas/ | how much |
| serve.py, listener.py, embedded.py | the process: over TCP, and on the UNIX socket of the embedded server |
| stores/ | the engines that keep the blobs |
"""
