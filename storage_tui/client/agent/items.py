"""A file to move, as JSON between two processes: the fields of a `BatchItem`."""

from pathlib import Path
from typing import Any

from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.records import UnfinishedTransfer, format_record, parse_record
from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.keys import check_key, check_name, key_refusal
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import find_storage_type

Fields = dict[str, Any]


def fields_of(item: BatchItem) -> Fields:
    """Return the fields of an item; a content type that follows from the names is left out."""
    fields: Fields = {
        "direction": item.direction, "type": item.storage_type, "key": item.key, "path": str(item.path.absolute()),
        "size": item.size_bytes, "conflict": (item.conflict or Conflict.OVERWRITE).value,
    }  # fmt: skip
    if item.root is not None:
        fields["root"] = str(item.root.absolute())
    if item.blob is not None and item.direction == "download":
        fields["blob"] = item.blob.to_json()
    if item.content_type is not None and item.content_type != guess_type(item.key, item.path.name):
        fields["content_type"] = item.content_type
    if not item.replaces:
        fields["replaces"] = False
    if key_refusal(item.key) is not None:
        fields["exact_name"] = True
    if item.left is not None:
        fields["left"] = format_record(item.left)
    return fields


def item_of(fields: Fields) -> BatchItem:
    """Return the item of these fields. Raise BadRequestError for anything else."""
    try:
        check = check_name if fields.get("exact_name") is True else check_key
        direction, key, path = fields["direction"], check(fields["key"]), Path(fields["path"])
        storage_type, size = find_storage_type(fields["type"]).name, fields.get("size")
        root = None if fields.get("root") is None else Path(fields["root"])
        if direction not in ("upload", "download") or not path.is_absolute() or not isinstance(size, int | None):
            raise ValueError(direction)
        content_type = fields.get("content_type")
        if content_type is None and direction == "upload":
            content_type = guess_type(key, path.name)
        return BatchItem(
            direction, storage_type, key, path, size, root,
            None if fields.get("blob") is None else Blob.from_json(fields["blob"], storage_type),
            content_type=content_type, conflict=Conflict(fields["conflict"]),
            replaces=fields.get("replaces", True) is True,
            left=None if fields.get("left") is None else parse_record(fields["left"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise BadRequestError(f"this is no file to move: {exc!a:.200}") from exc
    except StorageError as exc:
        raise BadRequestError(f"this is no file to move: {exc.message}") from exc


def record_of(item: BatchItem, account: str) -> UnfinishedTransfer:
    """Return the record of an item for the journal."""
    return UnfinishedTransfer(
        item.direction, account, item.storage_type, item.key, str(item.path), item.size_bytes,
        root=None if item.root is None else str(item.root), conflict=item.conflict or Conflict.OVERWRITE,
        content_type=item.content_type, replaces=item.replaces,
    )  # fmt: skip
