"""Resumable uploads: their sessions, parts and answers.

| file | holds |
|---|---|
| answers.py | the answers on an upload URL, as Google Cloud Storage writes them |
| gate.py | one request at a time on an upload session; a stalled request never blocks its own retry |
| hashes.py | the hashes of upload sessions besides crc32c, held while the bytes arrive |
| parts.py | the parts of an upload: several requests of one session beside each other |
| uploads.py | uploads: new upload URLs, and the resumable protocol of Google Cloud Storage on them |
"""
