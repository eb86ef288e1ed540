"""The parsers of the wire, of keys and of answers' heads, for the fuzzers.

A check takes bytes that nobody vouches for. It returns for what is taken or properly refused, and lets an exception
out, also AssertionError, for a defect.
"""

from contextlib import suppress

import h11

from storage_tui.client.batch.folders import local_names
from storage_tui.client.http.heads import read_head
from storage_tui.contract import checksum, wire
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location, check_key, key_from_path, key_to_path
from storage_tui.contract.moments import format_http_date, parse_http_date
from storage_tui.contract.packs import Frame, PackError, PackReader, frame
from storage_tui.contract.visible import visible

SIZE_BYTES = 1000
WIRE_SEEDS = (
    b"bytes=0-9", b"bytes=5-", b"bytes=-5", b"bytes 0-9/10", b"bytes 0-9/*", b"bytes */10", b"bytes */*", b"bytes=0-41",
    b"crc32c=AAAAAA==,md5=1B2M2Y8AsgTpgAmY7PhCfg==", b'"one", W/"two", *', b"Mon, 23 Nov 2026 05:58:39 GMT", b"17",
)  # fmt: skip
KEY_SEEDS = (
    b"a/b/c", b"a//b/", b"/lead", b"%2F%2e", b"h%C3%A9", b"con.txt", b"tmp:maps/2024/", b"data:tmp:x", b"a%20b+c",
    "\u00e9/e\u0301/\u202e".encode(), b"k" * 1024, b"...", b"%00", b"a/./b",
)  # fmt: skip
HEAD_SEEDS = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "x"\r\nX-NEXT: a.b.c',
    b"HTTP/1.1 308 Resume Incomplete\r\nRange: bytes=0-5\r\ncontent-length: 0",
    b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 12\r\nX-Error-Code: not_found",
)


PACK_SEEDS = (
    frame({"key": "a/b", "crc32c": "AAAAAA==", "content_type": "text/csv"}, b"1,2") + frame({"key": "\u00e9"}, b""),
    frame({"key": "k", "error": "not_found", "message": "no blob"}) + frame({"key": "k" * 1024}, bytes(300)),
    b"\0\0\0\x02{}", b"\0\0\0\x0a{\"size\": 3}abc", b"\0\0\0\0", b"\0\0\x40\x00[",
)  # fmt: skip


def check_pack(content: bytes) -> None:
    """A pack: refused, or the same frames in whatever pieces it comes, which written again are read as the same."""
    found: list[list[Frame] | None] = []
    for step in (len(content) or 1, 3):
        reader, frames = PackReader(SIZE_BYTES), []
        try:
            for start in range(0, len(content), step):
                frames += reader.feed(content[start : start + step])
            reader.end()
        except PackError:
            found.append(None)
        else:
            found.append(frames)
    assert found[0] == found[1]
    if found[0]:
        with suppress(UnicodeEncodeError):  # half of a surrogate pair, which JSON can hold and nobody writes
            again = b"".join(frame(head, body) for head, body in found[0])
            sizes = [{**head, "size": len(body)} for head, body in found[0]]
            assert list(PackReader(SIZE_BYTES).feed(again)) == list(
                zip(sizes, [body for _, body in found[0]], strict=True)
            )


def check_wire(content: bytes) -> None:
    """Every form of the wire: what is read is written again as the same."""
    text = content.decode("latin-1")
    with suppress(StorageError):
        span = wire.parse_range(text, SIZE_BYTES)
        assert span is None or 0 <= span.start < span.stop <= SIZE_BYTES
    with suppress(StorageError):
        asked = wire.parse_upload_range(text)
        assert wire.parse_upload_range(wire.format_upload_range(asked.span, asked.total)) == asked
    with suppress(StorageError):
        span, total = wire.parse_content_range(text)
        assert 0 <= span.start < span.stop <= total
    with suppress(StorageError):
        offset = wire.parse_persisted(text)
        assert wire.parse_persisted(wire.format_persisted(offset)) == offset
    with suppress(StorageError):
        assert wire.parse_number(text, "it") >= 0
    with suppress(StorageError):
        crc32c = checksum.parse_hash_header(text)
        assert crc32c is None or checksum.encode(checksum.decode(crc32c)) == crc32c
    assert all(isinstance(tag, str) for tag in wire.parse_etags(text))
    moment = parse_http_date(text)
    if moment is not None:
        format_http_date(moment)


def check_keys(content: bytes) -> None:
    """A key out of a URL: back to a URL and to a file name, and on a screen."""
    text = content.decode("utf-8", "surrogateescape")
    visible(text).encode("utf-8")
    with suppress(StorageError):
        Location.parse(text)
    with suppress(StorageError):
        key = key_from_path(content)
        assert check_key(key) == key and key_from_path(key_to_path(key).encode()) == key
        [name] = local_names([key], "")
        assert not name.path.is_absolute() and ".." not in name.path.parts and name.path.parts


def check_head(content: bytes) -> None:
    """The head of an answer: what our reader takes, h11 reads as the same."""
    head = read_head(content + b"\r\n\r\n")
    if head is None:
        return
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.receive_data(content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    event = connection.next_event()
    assert isinstance(event, h11.Response), event
    assert event.status_code == head.status_code and list(event.headers) == head.headers
