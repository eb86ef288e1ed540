"""Text in its encodings, and paging that neither loses nor repeats a byte."""

import codecs

import pytest

from storage_tui.previews import preview
from tests.previews.ranges import Ranges, plain, show

TEXT = "Grüße aus Ñandú\nzweite Zeile\n"


@pytest.mark.parametrize(
    "raw, encoding",
    [
        (TEXT.encode(), ""),
        (codecs.BOM_UTF8 + TEXT.encode(), ""),
        (TEXT.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-32"), "UTF-32"),
        (TEXT.encode("cp1252"), "read as cp1252, guessed"),
    ],
)
async def test_the_encoding_is_found(raw: bytes, encoding: str) -> None:
    shown = await show(raw)
    assert [line.plain for line in shown.lines] == ["Grüße aus Ñandú", "zweite Zeile"]
    assert dict(shown.facts).get("encoding", "") == encoding


@pytest.mark.parametrize("raw", [b"\x00\x01\x02\x03" * 50, bytes(range(256)), b"\x7fELX" + bytes(60), b"\x81\x8d" * 40])
async def test_bytes_that_are_no_text_are_shown_in_hex(raw: bytes) -> None:
    assert (await show(raw)).kind == "binary"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("line", ["kurze Zeile\n", "eine Zeile ohne Ende 🗺 "])
async def test_pages_join_to_the_whole_text(codec: str, line: str) -> None:
    text = line * 20_000
    mark = codecs.BOM_UTF16_LE if codec == "utf-16-le" else b""
    source = Ranges.of(mark + text.encode(codec)).source("a.txt")
    found, offset, pages = "", 0, 0
    while offset is not None:
        shown = await preview(source, offset=offset)
        assert shown.pages is not None
        joiner = "\n" if "\n" in line else ""
        found += "".join(row.plain + joiner for row in shown.lines)
        offset, pages = shown.pages.next, pages + 1
    assert found == text
    assert pages > 3


async def test_hex_pages_go_forward_and_back() -> None:
    content = bytes(range(256)) * 100
    source = Ranges.of(content).source()
    first = await preview(source, width=80, mode="hex")
    assert first.pages is not None and first.pages.next is not None and first.pages.previous is None
    second = await preview(source, width=80, mode="hex", offset=first.pages.next)
    assert second.pages is not None and second.pages.previous == 0
    assert second.lines[0].plain.startswith(f"{first.pages.next:06x}  ")


@pytest.mark.parametrize("line", ["short\n", "a line of some length, number {}\n", "x" * 3000 + "\n"])
async def test_text_pages_go_back_the_way_they_came(line: str) -> None:
    content = "".join(line.format(number) for number in range(400_000 // len(line))).encode()
    source = Ranges.of(content).source("a.txt")
    starts, offset = [], 0
    while len(starts) < 4:
        shown = await preview(source, offset=offset)
        assert shown.pages is not None and shown.pages.next is not None
        starts.append(shown.pages.start)
        offset = shown.pages.next
    shown = await preview(source, offset=starts[-1])
    for expected in reversed(starts[:-1]):
        assert shown.pages is not None and shown.pages.previous == expected
        shown = await preview(source, offset=expected)


@pytest.mark.parametrize(
    "raw, top",
    [
        (b'{"a": [1, 2], "b": "x, y"}', "object of 2"),
        (b"[]", "array of 0"),
        (b"[[1, 2], [3, 4], 5]", "array of 3"),
        (b"[" + b", ".join([b"123456"] * 70) + b"]", "array of 70"),
        (b"{" + b", ".join(b'"key%d": {"a": [1, {"b": 2}]}' % n for n in range(9)) + b"}", "object of 9"),
    ],
)
async def test_the_items_of_a_json_value_are_counted(raw: bytes, top: str) -> None:
    assert ("top", top) in (await show(raw)).facts


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tsconfig.json", '{\n  // how to compile\n  "strict": true,\n}\n'),
        ("settings.json", '{"a": [1, 2], /* why */ "b": 3}'),
        ("a.jsonc", '{"a": 1} // end'),
        ("a.json5", "{a: 1,}"),
    ],
)
async def test_json_with_comments_is_text_and_not_damaged(name: str, text: str) -> None:
    shown = await show(text.encode(), name)
    assert shown.kind == "text" and not shown.is_damaged
    assert [line.plain for line in shown.lines] == text.splitlines()


async def test_a_web_address_in_json_is_no_comment() -> None:
    assert (await show(b'{"a": "http://x/*y*/"}', "a.json")).kind == "JSON"
    assert (await show(b'{"a": x}', "a.json")).is_damaged


async def test_long_arrays_of_numbers_fill_their_lines() -> None:
    shown = await show(b"[" + b", ".join([b"12"] * 40) + b"]", width=30)
    assert len(shown.lines) < 10
    assert all(len(line.plain) <= 30 for line in shown.lines)


async def test_any_blob_can_be_seen_as_text_or_hex() -> None:
    source = Ranges.of(b'{"a": 1}').source("a.json")
    assert (await preview(source, mode="text")).lines[0].plain == '{"a": 1}'
    assert "7b 22 61" in plain(await preview(source, mode="hex"))
