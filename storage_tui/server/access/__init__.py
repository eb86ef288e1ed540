"""Who may do what: one layer in front of every route, and the records that the layer reads.

| file | holds |
|---|---|
| control.py | the one place that turns the credentials of a request into a Grant |
| issued.py | records of the tokens and logins that were made: make, find, list, revoke |
| judged.py | grants of our own tokens whose signature was checked before |
| jwks.py | the public keys of an identity provider |
| keyring.py | the signing keys of an engine: the record `keys`, with one current key for each purpose |
| logins.py | refresh tokens in exchange for fresh JWTs, as the published client's IAM endpoint does it |
| page_tokens.py | the position after which a list continues, signed for the list |
| revocations.py | revoked tokens and users |
| signing.py | signed download URLs: the bearer reads one blob until the URL expires, without a token |
| tokens.py | tokens: JWTs with a subject and an expiry, as the published client demands |
| upload_ids.py | upload ids on the wire, with the maker of the session sealed into them |
"""
