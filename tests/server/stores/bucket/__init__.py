"""The engine on somebody else's bucket: the conformance suite, and the traps of buckets.

| what buckets do | held by |
|---|---|
| more than 200 awkward names, written by boto3 and by rclone, read back by both | test_names.py, test_other_tools.py |
| archives are marked in lists, not read, asked back | test_objects.py, cli/places/test_bucket_extras.py |
| Content-Encoding gzip is read as the stored bytes | test_objects.py |
| a KMS key that may not be used is one line | test_access.py, REFUSALS |
| the ETag of an object in parts is no checksum | test_objects.py |
| stored checksums of the whole are compared | test_stored_checks.py |
| versions and delete markers are the trash | test_versions.py, types/test_mapped.py |
| the requester pays | test_access.py |
| another region: 301, 400, and the header of a HEAD | test_access.py |
| expired sign-ins and keys; a transfer waits for the next sign-in | test_access.py, cli/places/test_signing_in.py |
| clocks that are wrong | test_access.py |
| equal parts of a known size, growing parts of an unknown one, 5 TB | test_uploads.py, ../test_part_sizes.py |
| uploads that nobody finished | cli/places/test_bucket_extras.py, cli/places/test_types.py |
| lists that lie, go in circles or cannot be read | test_lists.py |
| empty pages that go on, 503 SlowDown amid a list, tokens that expire, names that are not encoded | test_lists.py |
| answers without a length, or without the place of their bytes | test_lists.py |
| a key that only the writer has (SSE-C) is one line | test_access.py, REFUSALS |
| public buckets without credentials | test_access.py, cli/places/test_credentials.py |
| credentials reach the endpoint alone | cli/places/test_credentials.py, test_proxies.py |
"""
