"""Dry run: the list of a delete as a file of JSON lines that scripts and people can read."""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from storage_tui.contract.models import Blob
from storage_tui.machine.private_files import open_private


def write_list(blobs: Iterable[Blob], folder: Path) -> Path:
    """Write one line for each blob to a new file in `folder`, for its owner only; return the file. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"storage-tui-delete-{datetime.now():%Y%m%d-%H%M%S-%f}.jsonl"
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            for blob in blobs:
                file.write(json.dumps({"storage_type": blob.storage_type, **blob.to_json()}) + "\n")
    except BaseException:
        path.unlink(missing_ok=True)  # a partial list looks like a whole one
        raise
    return path
