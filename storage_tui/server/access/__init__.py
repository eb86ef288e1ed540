"""Who may do what: one layer in front of every route, and the records it goes by.

| file | holds |
|---|---|
| control.py | the one place that turns what came with a request into a Grant |
| issued.py | tokens and logins that were made: list, look up, mark as used up |
| jwks.py | the public keys of an identity provider |
| keyring.py | the signing keys of an engine: its record `keys`, made on first use, one current key for each purpose |
| logins.py | refresh tokens against fresh JWTs, as the published client's IAM endpoint |
| revocations.py | tokens and users that count no more |
| signing.py | signed download URLs: whoever has one reads one blob until it expires, without a token |
| tokens.py | tokens: JWTs with a subject and an expiry, as the published client demands |
| upload_ids.py | upload ids on the wire, sealed with who began the session |
"""
