"""The upload of a file by name, with an entry in the journal so that a later process can continue it."""

from dataclasses import replace
from pathlib import Path

from storage_tui.client import calls
from storage_tui.client.calls import Service
from storage_tui.client.control import TransferControl
from storage_tui.client.http.session import Session
from storage_tui.client.transfer.journal import Journal, new_repeat_key
from storage_tui.client.transfer.records import UnfinishedTransfer, now_text
from storage_tui.client.transfer.sources import FileSource
from storage_tui.client.transfer.uploads import SupersededError, Upload, is_final
from storage_tui.contract.errors import CancelledError, StorageError
from storage_tui.contract.models import Blob

NO_RESUME = "the server cannot continue the upload of an earlier program, started over"
SUPERSEDED = "an earlier program had uploaded it, but it was overwritten or deleted since, started over"
CHANGED = "the file changed since, started over"
OTHERWISE = "the choice for an existing key differs from the earlier one, started over"


class FileUpload:
    """One upload of the file at `path`, which is open as `source`."""

    def __init__(
        self, session: Session, service: Service, key: str, storage_type: str, source: FileSource, path: Path, *,
        control: TransferControl, content_type: str | None, journal: Journal, replaces: bool = True,
        root: Path | None = None,
    ) -> None:  # fmt: skip
        self._session, self._service, self._source, self._control = session, service, source, control
        size_bytes, mtime_ns, inode = source.identity
        self._transfer = UnfinishedTransfer(
            "upload", session.server.display_url, storage_type, key, str(path.absolute()), size_bytes, now_text(),
            root=None if root is None else str(root.absolute()), mtime_ns=mtime_ns, inode=inode,
            repeat_key=new_repeat_key(), content_type=content_type, user=session.server.user(), replaces=replaces,
        )  # fmt: skip
        self._entry = journal.entry(self._transfer)

    def run(self) -> Blob:
        """Upload to the end, from where an earlier process stopped, if any; return the blob."""
        try:
            blob = self._upload()
        except CancelledError:
            is_kept = self._control.is_cancelled and self._control.keeps_part
            self._entry.close() if is_kept else self._entry.remove()
            raise
        except StorageError as exc:
            self._entry.remove() if is_final(exc) else self._entry.close()
            raise
        except BaseException:
            self._entry.close()
            raise
        self._entry.remove()
        return blob

    def _upload(self) -> Blob:
        transfer, earlier = self._transfer, self._entry.earlier
        is_resumed = False
        if earlier is not None:
            is_resumed = self._may_go_on(earlier)
            if is_resumed:
                transfer = replace(transfer, repeat_key=earlier.repeat_key, created=earlier.created)
        if not is_resumed:
            self._entry.note(transfer)
        try:
            return self._run(transfer, is_resumed=is_resumed)
        except SupersededError:
            self._control.note = SUPERSEDED
            self._entry.note(self._transfer)
            return self._run(self._transfer, is_resumed=False)

    def _run(self, transfer: UnfinishedTransfer, *, is_resumed: bool) -> Blob:
        return Upload(
            self._session, self._service, transfer.key, transfer.storage_type, self._source, control=self._control,
            content_type=transfer.content_type, repeat_key=transfer.repeat_key, is_resumed=is_resumed,
            replaces=transfer.replaces,
        ).run()  # fmt: skip

    def _may_go_on(self, earlier: UnfinishedTransfer) -> bool:
        if earlier.user not in (None, self._transfer.user):
            return False
        if self._ends_otherwise(earlier):
            self._control.note = OTHERWISE
            drop_upload(self._session, self._service, earlier)
            return False
        if "upload-resume" not in self._session.run(calls.describe(self._service)).features:
            self._control.note = NO_RESUME
            return False
        if (earlier.size_bytes, earlier.mtime_ns, earlier.inode) == self._source.identity:
            return earlier.content_type == self._transfer.content_type and earlier.repeat_key is not None
        self._control.note = CHANGED
        drop_upload(self._session, self._service, earlier)
        return False

    def _ends_otherwise(self, earlier: UnfinishedTransfer) -> bool:
        """Return whether the earlier session would overwrite a blob to keep now, or refuse a blob to overwrite now."""
        if earlier.replaces == self._transfer.replaces:
            return False
        return earlier.replaces or self._session.run(calls.exists(earlier.key, earlier.storage_type))


def drop_upload(session: Session, service: Service, transfer: UnfinishedTransfer) -> None:
    """Have the server drop the bytes of an upload; a server that cannot be reached now drops them after a week."""
    assert transfer.size_bytes is not None
    try:
        session.run(
            calls.cancel_upload(
                service, transfer.key, transfer.storage_type, size_bytes=transfer.size_bytes,
                repeat_key=transfer.repeat_key,
            )
        )  # fmt: skip
    except StorageError:
        return
