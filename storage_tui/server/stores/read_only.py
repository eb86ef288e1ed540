"""What a store refuses that is read only for good."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from storage_tui.contract.errors import ConflictError
from storage_tui.contract.models import Blob, DeleteResult
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import ANY, Address, Precondition, UploadPart, UploadSession, UploadWriter


class ReadOnly:
    """The calls of a Store that change something; each raises ConflictError with the text `why`."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def put(
        self, address: Address, content: bytes, *, content_type: str | None = None, crc32c: str | None = None,
        md5: str | None = None, precondition: Precondition = ANY,
    ) -> Blob:  # fmt: skip
        raise self._refusal(address.key)

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        raise self._refusal(address.key)

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        raise self._refusal(address.key)

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        raise self._refusal()

    async def copy(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY,
        content_type: str | None = None,
    ) -> Blob:  # fmt: skip
        raise self._refusal(target.key)

    async def move(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY
    ) -> Blob:
        raise self._refusal(source.key)

    async def move_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        raise self._refusal()

    async def copy_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        raise self._refusal()

    async def create_upload(
        self, address: Address, *, size_bytes: int | None = None, content_type: str | None = None,
        crc32c: str | None = None, promised: Mapping[str, bytes] | None = None, precondition: Precondition = ANY,
        repeat_key: str | None = None,
    ) -> UploadSession:  # fmt: skip
        raise self._refusal(address.key)

    async def find_upload(self, upload_id: str) -> UploadSession:
        raise self._refusal()

    def write_upload(self, upload_id: str, *, restart: bool = False) -> AbstractAsyncContextManager[UploadWriter]:
        raise self._refusal()

    async def cancel_upload(self, upload_id: str) -> None:
        raise self._refusal()

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        raise self._refusal()

    def write_part(self, upload_id: str, span: Span) -> AbstractAsyncContextManager[UploadWriter]:
        raise self._refusal()

    async def drop_parts(self, upload_id: str) -> None:
        raise self._refusal()

    async def sweep(self) -> int:
        return 0

    def _refusal(self, key: str | None = None) -> ConflictError:
        return ConflictError(self._why, key=key)
