"""A decoding process with jobs of the tests: libraries that read through the preview's side, and children that lie."""

import contextlib
import importlib
import os
import signal
import struct
import time
import zipfile
import zlib
from typing import Any

from storage_tui.previews.decoding import __main__ as loop
from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.children import Reader, Told
from storage_tui.previews.decoding.ranged_file import PAGE_BYTES, RangedFile


def prepare() -> None:
    """Imports what needs files of this machine."""
    with contextlib.suppress(ImportError):
        importlib.import_module("h5py")


def broken() -> None:
    """As of a library that was built for another machine."""
    raise OSError("libhdf5.so: cannot open shared object file")


def whole(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    return {"crc": zlib.crc32(file.read())}, content


def front(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    return {"crc": zlib.crc32(b"".join(file.read(1000) for _ in range(1000)))}, b""


def zipped(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    with zipfile.ZipFile(file) as archive:
        return {"names": archive.namelist(), "last": archive.read(archive.namelist()[-1]).decode()}, b""


def hdf5(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    import h5py

    with h5py.File(file, "r") as opened:
        return {name: [*opened[name].shape, float(opened[name][-1])] for name in opened}, b""


def swallow(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """A library that puts its own words on every error."""
    try:
        file.read()
    except OSError as exc:
        raise ValueError("not a file of mine") from exc
    return {}, b""


def opens(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    with open(job["path"], "rb") as opened:  # noqa: PTH123
        return {"read": opened.read().decode()}, b""


def dies(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    file.read(1)
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}, b""


def hangs(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    file.read(1)
    while True:
        time.sleep(60)


def pipe_of(file: Any) -> Any:
    return file._ask.__self__


def asks(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """A child that asks for exactly this."""
    pipe = pipe_of(file)
    for need in job["needs"]:
        pipe.write(frames.pack(0, {"need": need}, b""))
    with contextlib.suppress(OSError):
        return {"got": len(pipe.ask(0, 1, 1))}, b""
    return {}, b""


def endless(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    while True:
        file._ask(0, 1, 1)


def says(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """A child that writes these bytes and no more."""
    pipe_of(file).write(content)
    os._exit(0)


def giant(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    pipe = pipe_of(file)
    pipe.write(struct.pack(">III", 0, 2, 1 << 31) + b"{}")
    while True:
        pipe.write(bytes(PAGE_BYTES))


if __name__ == "__main__":
    for job in (whole, front, zipped, hdf5, swallow, opens, dies, hangs, asks, endless, says, giant):
        loop.READERS[job.__name__] = Reader(job, prepare)
    loop.READERS["broken"] = Reader(whole, broken)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError, ValueError):
        loop.main()
