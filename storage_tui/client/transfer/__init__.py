"""One blob moved: where its bytes come from, where they go, and what is left of it when it is cut off.

| file | holds |
|---|---|
| blob_stream.py | the bytes of a blob in order, going on after cuts |
| conflict.py | what to do about a file or key that is there already |
| content_types.py | the content type that the name of a file tells |
| downloads.py | a blob into a file that appears only when it is whole, or into a file object |
| early_sync.py | syncs a large download to the disk beside its receiving |
| engine.py | `TransferEngine`, on which both clients, the mover and the batch stand: one method a transfer |
| file_upload.py | a file by name into a blob, which a later process can go on with |
| journal.py | the records of large transfers that were begun and have not ended |
| local_tree.py | folders below a chosen root, never through a symbolic link |
| part_file.py | the file that a download grows in, beside its target and under another name |
| queue_file.py | what was asked for and has not begun yet, kept so that another process can go on with it |
| record_files.py | small files of this user that other processes look at, opened and locked |
| records.py | the one record of a transfer that was cut off, and its form on disk |
| sources.py | what is uploaded: a file, an open file object, bytes, a stream |
| unfinished.py | both together: what the command line and the browser go on with |
| uploads.py | a source into a blob, over an upload session that goes on after cuts |
"""
