"""Who may do what: one layer in front of every route, and the records it goes by.

| file | holds |
|---|---|
| control.py | the one place that turns what came with a request into a Grant |
| grants.py | verbs, restrictions, and what a bearer may do |
| naming.py | every way in which a request names keys, for restrictions to be held against |
| watched.py | a record that other processes change, read again every few seconds |
| issued.py | tokens and logins that were made: list, look up, mark as used up |
| revocations.py | tokens and users that count no more |
| upload_ids.py | upload ids on the wire, sealed with who began the session |
| logins.py | refresh tokens against fresh JWTs, as the published client's IAM endpoint |
| jwks.py | the public keys of an identity provider |
"""
