"""Disks that record what is asked of them, run out of room, or fail, to hand to a LocalStore."""

import asyncio
import errno
from collections.abc import Sequence
from pathlib import Path

from storage_tui.server.stores.local.files import Disk


class RecordingDisk(Disk):
    """Notes the steps that durability depends on, in the order in which they are done."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.steps: list[str] = []

    def sync_file(self, descriptor: int) -> None:
        super().sync_file(descriptor)
        self.steps.append("sync file")

    def sync_dir(self, folder: Path) -> None:
        super().sync_dir(folder)
        self.steps.append(f"sync {folder.parent.name if len(folder.name) == 2 else folder.name}")

    def publish(self, blob_id: str) -> None:
        super().publish(blob_id)
        self.steps.append("publish")

    def unlink(self, path: Path) -> bool:
        self.steps.append(f"unlink {path.parent.parent.name}")
        return super().unlink(path)


class FailingDisk(Disk):
    """Fails the next call of the operation named in `fails`, once, with that error number."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.fails: dict[str, int] = {}

    def write(self, descriptor: int, chunks: Sequence[bytes], offset: int) -> None:
        self._fail("write")
        super().write(descriptor, chunks, offset)

    def sync_file(self, descriptor: int) -> None:
        self._fail("sync_file")
        super().sync_file(descriptor)

    def sync_dir(self, folder: Path) -> None:
        self._fail("sync_dir")
        super().sync_dir(folder)

    def publish(self, blob_id: str) -> None:
        self._fail("publish")
        super().publish(blob_id)

    def link_part(self, source_id: str, blob_id: str) -> None:
        if "link" in self.fails:
            del self.fails["link"]
            self._copy_part(source_id, blob_id)
        else:
            super().link_part(source_id, blob_id)

    def _fail(self, operation: str) -> None:
        number = self.fails.pop(operation, None)
        if number is not None:
            raise OSError(number, errno.errorcode[number])


class SmallDisk(Disk):
    """Has as much room as a test says."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.free = 1 << 30

    def free_bytes(self) -> int:
        return self.free


class OffLoopDisk(Disk):
    """Refuses to be used in a thread that runs an event loop, which every one of its operations would block."""

    def open_part(self, blob_id: str) -> int:
        _check_off_loop()
        return super().open_part(blob_id)

    def write(self, descriptor: int, chunks: Sequence[bytes], offset: int) -> None:
        _check_off_loop()
        super().write(descriptor, chunks, offset)

    def link_part(self, source_id: str, blob_id: str) -> None:
        _check_off_loop()
        super().link_part(source_id, blob_id)

    def publish(self, blob_id: str) -> None:
        _check_off_loop()
        super().publish(blob_id)

    def withdraw(self, blob_id: str) -> None:
        _check_off_loop()
        super().withdraw(blob_id)

    def sync_file(self, descriptor: int) -> None:
        _check_off_loop()
        super().sync_file(descriptor)

    def sync_dir(self, folder: Path) -> None:
        _check_off_loop()
        super().sync_dir(folder)

    def unlink(self, path: Path) -> bool:
        _check_off_loop()
        return super().unlink(path)

    def free_bytes(self) -> int:
        _check_off_loop()
        return super().free_bytes()


def _check_off_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise AssertionError("the disk is used on the event loop")
