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
| equal parts, more than 10,000 parts' worth of bytes | test_uploads.py |
| uploads that nobody finished | cli/places/test_bucket_extras.py, cli/places/test_types.py |
| lists that lie, go in circles or cannot be read | test_lists.py |
| public buckets without credentials | test_access.py, cli/places/test_credentials.py |
| credentials reach the endpoint alone | cli/places/test_credentials.py, test_proxies.py |
"""
