"""What an upload takes of a value: what `read()` would give from where it stands, or a refusal; never other bytes."""

# ruff: noqa: SIM115  (an exit stack closes the files)

import array
import bz2
import codecs
import contextlib
import ctypes
import gzip
import io
import lzma
import mmap
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage_tui import Storage
from storage_tui.contract.errors import LocalFileError

LINES = [f"line {number} é 世 {'x' * (number % 7)}\n" for number in range(2000)]  # more than a text file reads ahead
TEXT = "".join(LINES)
BYTES = bytes(range(256)) * 5000  # more than one request holds

READ = {  # how far a text file was read first
    "not at all": lambda file: None,
    "a line": lambda file: file.readline(),
    "one character": lambda file: file.read(1),
    "a piece": lambda file: file.read(1001),
    "a line, and back": lambda file: (file.readline(), file.seek(0)),
    "to a line and on from there": lambda file: (file.readline(), file.seek(file.tell()), file.readline()),
    "to the end": lambda file: file.read(),
    "an iteration": lambda file: next(file),
    "half of its iterations": lambda file: [next(file) for _ in range(1000)],
}


def taken(client: Any, value: Any) -> bytes:
    """What is stored of the value."""
    client.set_file("k", value)
    return client.get("k")


@pytest.mark.parametrize("how", READ, ids=str)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "utf-16-be", "utf-8-sig", "shift_jis"])
def test_a_text_file_gives_the_rest_of_its_bytes(storage: Storage, tmp_path: Path, how: str, encoding: str) -> None:
    text = TEXT if encoding not in ("latin-1", "shift_jis") else TEXT.replace("世", "").replace("é", "e")
    path = tmp_path / "text"
    path.write_text(text, encoding=encoding)
    with path.open(encoding=encoding) as file, path.open(encoding=encoding) as same:
        READ[how](file)
        READ[how](same)
        rest = same.read()
        stored = taken(storage, file)
        assert file.read() == ""
    assert stored.decode(encoding) == rest
    if how in ("not at all", "a line, and back"):
        assert stored == path.read_bytes()


@pytest.mark.parametrize("how", ["not at all", "a line", "a piece", "to the end"])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"], ids=repr)
@pytest.mark.parametrize("newline", [None, "", "\n", "\r\n"], ids=repr)
def test_the_line_ends_of_a_text_file_are_stored_as_they_are(
    storage: Storage, tmp_path: Path, how: str, end: str, newline: str | None
) -> None:
    path = tmp_path / "text"
    path.write_bytes(TEXT.replace("\n", end).encode())
    with path.open(encoding="utf-8", newline=newline) as file, path.open(encoding="utf-8", newline=newline) as same:
        READ[how](file)
        READ[how](same)
        rest = same.read()
        stored = taken(storage, file)
    assert path.read_bytes().endswith(stored)
    assert stored.decode().replace("\r\n", "\n").replace("\r", "\n") == rest.replace("\r\n", "\n").replace("\r", "\n")


def test_line_ends_of_several_kinds_are_stored_as_they_are_or_refused(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"one\r\ntwo\nthree\rfour\r\n" * 1000)
    with path.open(encoding="utf-8") as file:
        assert taken(storage, file) == path.read_bytes()
        storage.delete("k")
    with path.open(encoding="utf-8") as file:
        file.readline()
        with pytest.raises(LocalFileError, match="several kinds"):
            storage.set_file("k", file)
    assert not storage.exists("k")
    with path.open(encoding="utf-8", newline="") as file:  # as the csv module wants it
        next(file)
        assert taken(storage, file) == path.read_bytes()[5:]


def test_a_place_that_flush_pretends_to_know_is_not_believed(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"x\n" * 20_000)
    with path.open(encoding="utf-8") as file:
        next(file)
        file.flush()  # now `tell` works again, and names the end of what was read ahead
        assert taken(storage, file) == b"x\n" * 19_999


def test_text_in_memory_or_compressed_or_on_a_pipe_is_taken_from_where_it_stands(
    storage: Storage, tmp_path: Path
) -> None:
    packed = tmp_path / "text.gz"
    with gzip.open(packed, "wt", encoding="utf-8") as file:
        file.write(TEXT)
    rest = "".join(LINES[1:]).encode()
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        file.readline()
        assert taken(storage, file) == rest
    wrapped = io.TextIOWrapper(io.BytesIO(TEXT.encode()), encoding="utf-8")
    wrapped.readline()
    assert taken(storage, wrapped) == rest
    value = io.StringIO(TEXT)
    value.readline()
    assert taken(storage, value) == rest
    assert taken(storage, io.StringIO("a\r\nb\n", newline="")) == b"a\r\nb\n"
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as sink:
        sink.write("".join(LINES[:100]).encode())
    with os.fdopen(reading, encoding="utf-8") as file:
        file.readline()
        assert taken(storage, file) == "".join(LINES[1:100]).encode()


def test_a_file_of_codecs_gives_its_own_encoding(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("é one\r\né two\r\n".encode("latin-1"))
    with codecs.open(str(path), encoding="latin-1") as file:
        file.readline()
        assert taken(storage, file) == "é two\r\n".encode("latin-1")
    with path.open("rb") as file:
        recoded = codecs.EncodedFile(file, "utf-8", "latin-1")
        assert taken(storage, recoded) == "é one\r\né two\r\n".encode()
    with path.open("rb") as file, pytest.raises(LocalFileError, match="no known encoding"):
        storage.set("other", codecs.getreader("latin-1")(file))
    assert not storage.exists("other")


def test_text_that_was_damaged_on_reading_is_refused(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"one\n\xff\xfe two\n" * 3)
    with path.open(encoding="ascii", errors="replace") as file:
        next(file)
        with pytest.raises(LocalFileError, match="ascii"):
            storage.set("k", file)
    with path.open(encoding="ascii", errors="surrogateescape") as file:
        next(file)
        assert taken(storage, file) == path.read_bytes()[4:]
    with path.open(encoding="ascii", errors="replace") as file:
        assert taken(storage, file) == path.read_bytes()
    with pytest.raises(LocalFileError):
        storage.set("k", io.StringIO("half \ud800"))


def written_then_read(path: Path, mode: str, text: str, newline: str | None = None) -> Any:
    file = path.open(mode, encoding="utf-8", newline=newline)
    file.write(text)
    return file


def test_what_was_written_and_not_flushed_is_part_of_the_file(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("r+b") as file:
        file.write(b"ab")
        assert taken(storage, file) == b"23456789"
        file.seek(0)
        file.write(b"AB")
        file.seek(1)
        assert taken(storage, file) == b"B23456789"
    with written_then_read(path, "r+", "xy") as file:
        assert taken(storage, file) == b"23456789"
        file.seek(0)
        assert taken(storage, file) == b"xy23456789"
    with written_then_read(path, "w+", "one\ntwo\n", "\r\n") as file:
        assert taken(storage, file) == b""
        file.seek(0)
        assert taken(storage, file) == b"one\r\ntwo\r\n"


@pytest.mark.parametrize("mode", ["w+b", "w+"])
@pytest.mark.parametrize("make", [
    tempfile.TemporaryFile, tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile,
    partial(tempfile.SpooledTemporaryFile, 10),
], ids=["file", "named", "spooled", "spooled to the disk"])  # fmt: skip
def test_temporary_files_give_what_was_written(storage: Storage, make: Callable[..., Any], mode: str) -> None:
    with make(mode=mode, **({} if "b" in mode else {"encoding": "utf-16"})) as file:
        file.write(b"0123456789" * 9 if "b" in mode else TEXT)
        assert taken(storage, file) == b""
        file.seek(0)
        assert taken(storage, file) == (b"0123456789" * 9 if "b" in mode else TEXT.encode("utf-16"))
        file.seek(0)
        file.read(3) if "b" in mode else file.readline()
        rest = b"3456789" + b"0123456789" * 8 if "b" in mode else "".join(LINES[1:]).encode("utf-16")
        assert taken(storage, file) == rest


class Wrapped:
    """A file object that can only be read, in short pieces, as the body of an answer over a network."""

    def __init__(self, content: bytes, most: int = 7000) -> None:
        self.file, self.most = io.BytesIO(content), most

    def read(self, size_bytes: int) -> bytes:
        return self.file.read(min(size_bytes, self.most))


class Deciphered(io.BufferedReader):
    """A file that gives other bytes than lie below it."""

    def read(self, size_bytes: int | None = -1) -> bytes:
        return bytes(byte ^ 1 for byte in super().read(size_bytes))


class Shouted(io.FileIO):
    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer) or 0
        buffer[:count] = bytes(buffer[:count]).upper()
        return count


def binary_values(folder: Path, stack: contextlib.ExitStack) -> dict[str, tuple[Any, bytes]]:
    """File objects that stand at some place, and what `read()` would give there."""
    path = folder / "binary"
    path.write_bytes(BYTES)
    for name, module in (("gz", gzip), ("bz2", bz2), ("xz", lzma)):
        with module.open(folder / name, "wb") as packed:
            packed.write(BYTES)
    with zipfile.ZipFile(folder / "zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", BYTES)
    with tarfile.open(folder / "tar", "w") as archive:
        archive.add(path, "member")
    archives = stack.enter_context(zipfile.ZipFile(folder / "zip")), stack.enter_context(tarfile.open(folder / "tar"))
    opened: dict[str, Any] = {
        "buffered": stack.enter_context(path.open("rb")),
        "raw": stack.enter_context(path.open("rb", buffering=0)),
        "read and write": stack.enter_context(path.open("r+b")),
        "bytes": io.BytesIO(BYTES),
        "gzip": stack.enter_context(gzip.open(folder / "gz")),
        "bz2": stack.enter_context(bz2.open(folder / "bz2")),
        "lzma": stack.enter_context(lzma.open(folder / "xz")),
        "wrapped": Wrapped(BYTES),
        "zip member": stack.enter_context(archives[0].open("member")),
        "tar member": archives[1].extractfile("member"),
        "mapped": stack.enter_context(
            mmap.mmap(stack.enter_context(path.open("rb")).fileno(), 0, access=mmap.ACCESS_READ)
        ),
    }
    for file in opened.values():
        assert len(file.read(1000)) == 1000
    values = {name: (file, BYTES[1000:]) for name, file in opened.items()}
    ciphered = stack.enter_context(Deciphered(io.FileIO(path)))
    values["subclass"] = ciphered, bytes(byte ^ 1 for byte in BYTES)
    (folder / "quiet").write_bytes(b"quiet")
    values["over a subclass"] = stack.enter_context(io.BufferedReader(Shouted(folder / "quiet"))), b"QUIET"
    for name, file in (("past the end", path.open("rb")), ("bytes past the end", io.BytesIO(BYTES))):
        stack.callback(file.close)
        file.seek(len(BYTES) + 10)
        values[name] = file, b""
    return values


def test_binary_file_objects_give_the_rest_from_where_they_stand(both: Any, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        for name, (file, rest) in binary_values(tmp_path, stack).items():
            assert taken(both, file) == rest, name
            assert not file.read(10), name


def iterations() -> dict[str, tuple[Any, bytes]]:
    begun = (bytes([number]) * 300_000 for number in range(20))
    next(begun)
    wide = array.array("I", [7] * 400_000)
    return {
        "a generator that has begun": (begun, b"".join(bytes([number]) * 300_000 for number in range(1, 20))),
        "with empty pieces": ([b"a", b"", b"b", memoryview(b""), b"c"], b"abc"),
        "of buffers": ([bytearray(b"a"), memoryview(b"abcd")[::2], array.array("H", [1]).tobytes()], b"aac\1\0"),
        "of wide buffers": ([memoryview(wide), memoryview(wide)], wide.tobytes() * 2),
        "of a grid": ([memoryview(np.zeros((0, 3))), memoryview(np.ones((2, 2), "i2"))], np.ones(4, "i2").tobytes()),
    }  # fmt: skip


def test_iterables_give_all_their_pieces(both: Any) -> None:
    for name, (value, content) in iterations().items():
        assert taken(both, value) == content, name


BUFFERS = {
    "strided": memoryview(b"abcdef")[::2],
    "reversed": memoryview(b"abcdef")[::-1],
    "floats": array.array("d", [1.5, -2]),
    "characters": array.array("u", "né"),
    "big endian": np.arange(5, dtype=">f8"),
    "columns first": np.asfortranarray(np.arange(12, dtype="i4").reshape(3, 4)),
    "a window": np.arange(100, dtype="u2").reshape(10, 10)[2:7, ::3],
    "records": np.array([(1, 2.5), (3, 4.5)], dtype=[("Old", "<i4"), ("&X", ">f8")]),
    "empty grid": np.zeros((0, 3)),
    "one number": np.array(7.5),
    "complex": np.array([1 + 2j], "c16"),
    "truth": np.array([True, False]),
    "a structure": (ctypes.c_int32 * 3)(1, 2, 3),
    "read only": memoryview(b"abc").toreadonly(),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_buffers_of_every_form_give_their_bytes(storage: Storage, name: str) -> None:
    storage.set("k", BUFFERS[name])
    assert storage.get("k") == memoryview(BUFFERS[name]).tobytes()


async def _coroutine_read(size_bytes: int) -> bytes:
    return b"x"


class Waiting:
    read = staticmethod(_coroutine_read)


class Plain:
    def read(self) -> bytes:
        return b"x"


def unreadable(folder: Path, stack: contextlib.ExitStack) -> dict[str, Any]:
    """Values that give no bytes that anybody asked for."""
    (folder / "file").write_bytes(b"content")
    closed: dict[str, Any] = {f"closed {mode}": (folder / "file").open(mode) for mode in ("rb", "r", "r+b", "r+")}
    closed["closed raw"] = (folder / "file").open("rb", buffering=0)
    closed |= {
        "closed bytes": io.BytesIO(b"x"), "closed text": io.StringIO("x"), "closed map": mmap.mmap(-1, 10),
        "closed gzip": gzip.GzipFile(folder / "gz", "wb"),
        "closed named": stack.enter_context(tempfile.NamedTemporaryFile()),
        "closed spooled": stack.enter_context(tempfile.SpooledTemporaryFile()),
    }  # fmt: skip
    for file in closed.values():
        file.close()
    released = memoryview(b"x")
    released.release()
    detached = io.TextIOWrapper(io.BytesIO(b"x"))
    detached.detach()
    writing = {f"open {mode}": (folder / f"write{mode}").open(mode) for mode in ("wb", "w", "ab", "a", "xb")}
    writing["open raw"] = (folder / "raw").open("wb", buffering=0)
    writing["open gzip"] = gzip.GzipFile(folder / "gz", "wb")
    writing["open packed text"] = io.TextIOWrapper(gzip.GzipFile(folder / "gz2", "wb"))
    for file in writing.values():
        stack.callback(file.close)
    return closed | writing | {
        "released": released, "detached": detached, "text pieces": ["a", "b"], "numbers": [1, 2], "mixed": [b"a", "b"],
        "nothing": [None], "objects": np.array([{}, []], dtype=object), "times": np.array(["2026-01-01"], "M8[D]"),
        "fields with objects": np.array([(1, {})], dtype=[("a", "i4"), ("b", object)]),
        "pointers": ctypes.pointer(ctypes.c_int(1)), "a set of numbers": {1, 2}, "a number": 7,
        "a dictionary": {"a": b"b"}, "nothing between": [b"a", None, b"b"], "an event loop's file": Waiting(),
        "without a size": Plain(), "a range": range(3),
    }  # fmt: skip


def test_what_gives_no_bytes_is_refused_and_nothing_is_stored(both: Any, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        for name, value in unreadable(tmp_path, stack).items():
            for call in (both.set, both.set_file):
                with pytest.raises(LocalFileError) as caught:
                    call("k", value)
                    pytest.fail(name)
                assert caught.value.message and len(caught.value.message.splitlines()) == 1, name
            assert not both.exists("k"), name


def test_a_download_goes_where_a_text_file_stands(both: Any, tmp_path: Path) -> None:
    both.set("k", b"[blob]")
    path = tmp_path / "text"
    with path.open("w", encoding="utf-8") as file:
        file.write("head ")
        both.get_file("k", file)
        file.write(" tail")
    assert path.read_bytes() == b"head [blob] tail"
    path.write_text("one\ntwo\nthree\n")
    with path.open("r+", encoding="utf-8") as file:
        file.readline()
        file.seek(file.tell())
        both.get_file("k", file)
    assert path.read_bytes() == b"one\n[blob]ree\n"
    with path.open("r+", encoding="utf-8") as file:
        next(file)
        with pytest.raises(LocalFileError, match="'wb'"):
            both.get_file("k", file)
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as file:
        file.write("head ")
        both.get_file("k", file)
        file.seek(0)
        assert file.read() == "head [blob]"
