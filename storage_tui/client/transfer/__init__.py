"""One blob moved: the source of its bytes, their target, and the record of a transfer that was cut off.

| file | holds |
|---|---|
| blob_stream.py | the bytes of a blob in order, continued after cuts |
| conflict.py | the choices for a file or key that exists already |
| content_types.py | the content type for the name of a file |
| downloads.py | the download of a blob into a file, which appears only when it is whole, or into a file object |
| early_sync.py | the sync of a large download to the disk while it is received |
| engine.py | `TransferEngine`, used by both clients, the mover and the batch: one method for each transfer |
| file_upload.py | the upload of a file by name, which a later process can continue |
| journal.py | the records of large transfers that have begun and not ended |
| local_tree.py | folders below a chosen root, never through a symbolic link |
| part_file.py | the file in which a download grows, beside its target and under another name |
| queue_file.py | the transfers that have not begun, kept for a later process |
| record_files.py | small files of this user that other processes read, opened and locked |
| records.py | the one record of an unfinished transfer, and its form on disk |
| sources.py | the sources of an upload: a file, an open file object, bytes, a stream |
| unfinished.py | all unfinished transfers, begun or not, for the command line and the browser |
| uploads.py | the upload of a source, over an upload session that continues after cuts |
| streams/ | one blob over several streams: the rule for their number, ranges down, parts up |
"""
