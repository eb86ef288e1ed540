"""How much each user may have and ask for.

| file | holds |
|---|---|
| limits.py | the record `limits`: quotas and limits by user and storage type |
| rates.py | requests per minute by class |
| accounts.py | what is held and on its way, for a user and type with a quota |
| counters.py | the same on an engine that counts nothing, as this server knows it |
| sums.py | and as all servers on it know it: a record |
| open_uploads.py | the uploads that are open on such an engine: a record too |
| entries.py | what a user's entries in the catalog take |
| quotas.py | all of it, as the handlers and the auth layer ask |
"""
