"""How much each user may store and request.

| file | holds |
|---|---|
| limits.py | the record `limits`: quotas and limits by user and storage type |
| rates.py | requests per minute by class |
| accounts.py | blobs stored and on their way, for a user and storage type with a quota |
| counters.py | the same figures on an engine that does not count, as this server knows them |
| sums.py | the record of these figures, which all servers on such an engine share |
| open_uploads.py | the record of open uploads on such an engine, which all servers share too |
| entries.py | the room that a user's entries in the catalog take |
| quotas.py | the quotas and limits together, for the handlers and the auth layer |
"""
