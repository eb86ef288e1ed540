"""Text in the encodings of older programs: shown as text, the guess named; bytes that are no text stay bytes."""

import codecs
import json
import math
import random
import struct
import subprocess
import sys

import pytest

from storage_tui.previews import modes_of, preview
from storage_tui.previews.text.encoding import find_encoding
from storage_tui.tui.viewer.documents.hex import HexDocument
from storage_tui.tui.viewer.documents.text import TextDocument
from storage_tui.tui.viewer.opening import open_document
from tests import wanted
from tests.previews.ranges import Ranges, plain, show

chardet = wanted.module("chardet")

TEXTS = {
    "Russian": "Привет мир, это русский текст в старой кодировке\nвторая строка с числами 12, 15\n",
    "German": "Grüße aus Köln, schöne Straße und Äpfel\nzweite Zeile mit Übung und Maß\n",
    "French": "L'été dernier, à côté de l'hôtel, où ça était très agréable\nune leçon de français\n",
    "Spanish": "El niño comió una piña en España, ¿qué pasó mañana?\n",
    "Japanese": "これは日本語のテキストです。\n二行目、ソ連と表示の能力\n",
    "Simplified": "这是一个简体中文的文本文件，用于测试编码检测。\n第二行文字\n",
    "Traditional": "這是一個繁體中文的文字檔案，用於測試編碼偵測。\n第二行文字\n",
    "Korean": "안녕하세요, 이것은 한국어 텍스트 파일입니다.\n둘째 줄\n",
    "Greek": "Καλημέρα κόσμε, αυτό είναι ελληνικό κείμενο\n",
    "Polish": "Zażółć gęślą jaźń, Łódź i Kraków są piękne\n",
    "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy\n",
    "Turkish": "Türkçe metin: şeker, çiğ, ığdır, İstanbul güzel\n",
    "Hebrew": "שלום עולם, זה טקסט בעברית\n",
    "Arabic": "مرحبا بالعالم هذا نص باللغة العربية\n",
    "Thai": "สวัสดีชาวโลก นี่คือข้อความภาษาไทย\n",
}
ENCODINGS = {
    "Russian": ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic"),
    "German": ("cp1252", "latin-1", "iso8859-15", "cp850", "mac-roman"), "French": ("cp1252", "latin-1"),
    "Spanish": ("cp1252", "latin-1"), "Japanese": ("cp932", "shift_jis", "euc-jp", "iso2022_jp"),
    "Simplified": ("gbk", "gb18030", "gb2312"), "Traditional": ("big5",), "Korean": ("euc-kr", "cp949"),
    "Greek": ("cp1253", "iso8859-7"), "Polish": ("cp1250", "iso8859-2"), "Czech": ("cp1250", "iso8859-2"),
    "Turkish": ("cp1254",), "Hebrew": ("cp1255",), "Arabic": ("cp1256",), "Thai": ("cp874",),
}  # fmt: skip
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
OLD = [(language, codec) for language, every in ENCODINGS.items() for codec in every]
ALL = [*OLD, *((language, codec) for language in TEXTS for codec in (*WIDE, "utf-16", "utf-32", "utf-8-sig"))]


@pytest.mark.parametrize(("language", "codec"), ALL)
async def test_a_text_is_shown_in_its_letters_whatever_its_encoding(language: str, codec: str) -> None:
    for text in (TEXTS[language], TEXTS[language] * 40):
        shown = await show(text.encode(codec), "a.txt", width=100)
        assert [line.plain for line in shown.lines[:2]] == text.splitlines()[:2]
        assert shown.kind == "text"


@pytest.mark.parametrize(("language", "codec"), OLD)
async def test_a_guess_is_named_as_a_guess(language: str, codec: str) -> None:
    facts = dict((await show(TEXTS[language].encode(codec), "a.txt")).facts)
    assert facts["encoding"].startswith("read as ") and facts["encoding"].endswith(", guessed")


async def test_the_names_are_those_that_people_know() -> None:
    names = {codec: (await show(TEXTS[language].encode(codec))).facts[0][1]
             for language, codec in (("Russian", "cp1251"), ("Japanese", "cp932"), ("Simplified", "gbk"))}  # fmt: skip
    assert names == {
        "cp1251": "read as cp1251, guessed",
        "cp932": "read as cp932 (Shift-JIS), guessed",
        "gbk": "read as gb18030 (GBK), guessed",
    }


SHORT = {
    "cp1252": (
        "½ cup\n", "é\n", "Köln\n", "Müller", "naïve café\n", "price: £100\n", "© 2020 Foo Inc.\n", "temp 50 °C\n",
        "“hello” she said – well…\n", "São Paulo;12\n", "año,mes\n1,2\n", "Ångström\n", "Ærø Øst\n", "Straße",
        "µm\n", "«bonjour»\n", "100 €\n", "it’s\n", "æøå ÆØÅ blåbærsyltetøy\n", "ação não são coração\n",
    ),
    "cp932": ("日本\n", "東京,大阪\n", "ファイル名,サイズ\nテスト,12\n"),
    "euc-jp": ("日本語\n",),
    "gbk": ("北京\n", "上海,12\n", "姓名,年龄\n张三,12\n"),
    "big5": ("臺北\n",),
    "cp949": ("서울\n",),
    "cp1251": ("имя;город\n", "Да\n"),
    "koi8-r": ("Москва",),
    "cp1253": ("Αθήνα\n",),
    "cp1255": ("שלום\n",),
    "cp1256": ("مرحبا\n",),
    "cp1250": ("Łódź\n",),
}  # fmt: skip


@pytest.mark.parametrize(("codec", "text"), [(codec, text) for codec, every in SHORT.items() for text in every])
async def test_a_few_letters_are_enough(codec: str, text: str) -> None:
    shown = await show(text.encode(codec), "a.txt", width=100)
    assert "\n".join(line.plain for line in shown.lines) == text.rstrip("\n")


def test_without_chardet_western_text_is_read_and_the_guess_is_named() -> None:
    code = (
        "import sys; sys.modules['chardet'] = None\n"
        "from storage_tui.previews.text.encoding import decode_head\n"
        "print(decode_head('Größe: Übung, Äpfel und öfter Süßes\\n'.encode('cp1252')))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == str(("Größe: Übung, Äpfel und öfter Süßes\n", "read as cp1252, guessed"))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.xml", '<?xml version="1.0" encoding="{}"?>\n<a>Škoda, Łódź</a>\n'),
        ("a.html", '<html><head><meta charset="{}"></head>\nŠkoda, Łódź</html>\n'),
        ("a.html", '<meta http-equiv="Content-Type" content="text/html; charset={}">\nŠkoda, Łódź\n'),
        ("a.py", "# -*- coding: {} -*-\nname = 'Škoda, Łódź'\n"),
    ],
)
@pytest.mark.parametrize("codec", ["iso8859-2", "cp1250", "cp852", "mac-latin2"])
async def test_an_encoding_that_the_text_names_is_taken(name: str, form: str, codec: str) -> None:
    text = form.format({"mac-latin2": "mac_latin2"}.get(codec, codec))
    shown = await show(text.encode(codec), name, width=100)
    assert [line.plain for line in shown.lines] == text.splitlines()
    assert dict(shown.facts)["encoding"] == f"{codec}, as the text says"


async def test_a_wrong_name_of_an_encoding_is_not_obeyed() -> None:
    for named in ("utf-8", "utf-16", "klingon", "base64", "idna"):
        text = f'<?xml version="1.0" encoding="{named}"?>\n<a>Größe, Übung</a>\n'
        shown = await show(text.encode("cp1252"), "a.xml", width=100)
        assert [line.plain for line in shown.lines] == text.splitlines()


@pytest.mark.parametrize("place", [100, 9_000, 60_000, 200_000])
async def test_a_letter_far_from_the_start_is_shown(place: int) -> None:
    content = b"plain line\n" * (place // 11) + "1,Müller, größer\n".encode("cp1252")
    document, _ = await open_document(
        Ranges.of(content).source("a.txt"), width=80, height=24, truecolor=True, mode="auto", offset=0
    )
    last = await document.go(None)
    assert document.rows[last].text.plain == "1,Müller, größer"
    assert "read as cp1252, guessed" in document.kind + document.status(last, last, is_short=False)


async def test_one_wrong_byte_leaves_the_rest_as_it_is_and_is_counted() -> None:
    content = ("Grüße aus Köln – ok\n" * 20).encode() + b"\xff bad\n"
    shown = await show(content, "a.log")
    assert shown.lines[0].plain == "Grüße aus Köln – ok" and shown.lines[20].plain == "� bad"
    assert dict(shown.facts)["encoding"] == "UTF-8, but for 1 byte, shown as �"


async def test_a_line_before_zero_bytes_is_text() -> None:
    assert (await show(b"line one\n" + bytes(60_000), "a.log")).lines[0].plain == "line one"


@pytest.mark.parametrize("zeros", [1, 50, 4096, 20_000, 60_000])
async def test_a_log_with_zero_bytes_is_text(zeros: int) -> None:
    lines = b"".join(b"2024-01-01 00:00:%02d host app: message\n" % number for number in range(60))
    shown = await show(lines + bytes(zeros) + lines, "crash.log")
    assert shown.lines[0].plain == "2024-01-01 00:00:00 host app: message" and shown.kind == "log"


def binaries() -> dict[str, bytes]:
    """Bytes that are no text, some of them close to one."""
    draw = random.Random(5)
    return {
        "any": draw.randbytes(5000),
        "high": bytes(draw.randrange(0x80, 256) for _ in range(5000)),
        "bright": bytes(draw.randrange(200, 251) for _ in range(5000)),
        "smooth": bytes(int(180 + 30 * math.sin(number / 50)) for number in range(5000)),
        "heights": struct.pack(">2000h", *(300 + draw.randrange(50) for _ in range(2000))),
        "heights, little": struct.pack("<2000h", *(300 + draw.randrange(50) for _ in range(2000))),
        "numbers": struct.pack("<2000i", *(300 + draw.randrange(50) for _ in range(2000))),
        "large numbers": struct.pack("<2000H", *(20_000 + draw.randrange(5000) for _ in range(2000))),
        "floats": struct.pack("<2000f", *(draw.random() for _ in range(2000))),
        "mask": bytes(draw.choice((0, 255)) for _ in range(4000)),
        "zeros": bytes(1000),
        "program": b"\x7fELX\x02\x01\x01"
        + bytes(9)
        + b"\x03\x00>\x00"
        + draw.randbytes(300)
        + b"libc.so.6\x00puts\x00" * 9,
    }


@pytest.mark.parametrize("name", binaries())
async def test_bytes_that_are_no_text_are_shown_as_bytes(name: str) -> None:
    content = binaries()[name]
    assert (await show(content)).kind == "binary"
    assert modes_of(content, "blob") == ("auto", "text")


async def test_any_bytes_can_be_seen_as_text_and_any_text_as_bytes() -> None:
    content = binaries()["program"]
    forced = await preview(Ranges.of(content).source(), mode="text")
    assert "libc.so.6" in plain(forced) and dict(forced.facts)["encoding"].startswith("no text: ")
    text = TEXTS["Russian"].encode("cp1251")
    for raw, mode, kind in (
        (content, "text", TextDocument),
        (content, "auto", HexDocument),
        (text, "hex", HexDocument),
    ):
        document, _ = await open_document(Ranges.of(raw).source(), width=80, height=24, truecolor=True, mode=mode)
        assert isinstance(document, kind)


@pytest.mark.parametrize("codec", ["cp932", "gb18030", "big5", "euc-jp", "cp949", "utf-8", "utf-16-le", "cp1251"])
@pytest.mark.parametrize("end", ["\n", ""])
async def test_pages_of_wide_characters_join_to_the_whole_text(codec: str, end: str) -> None:
    line = {"cp932": "表示ソ能、これは日本語 ", "euc-jp": "これは日本語の文 ", "big5": "這是一個繁體中文功能 ",
            "cp949": "이것은 한국어 파일 ", "cp1251": "русский текст "}.get(codec, "这是一个简体中文 ")  # fmt: skip
    line += end
    text = line * 9000
    content = text.encode(codec)
    source, found, offset, pages = Ranges.of(content).source("a.txt"), "", 0, 0
    while offset is not None:
        shown = await preview(source, offset=offset)
        assert shown.pages is not None
        found += "".join(row.plain + end for row in shown.lines)
        offset, pages = shown.pages.next, pages + 1
    assert found == text and pages > 1
    document, _ = await open_document(source, width=80, height=24, truecolor=True, mode="auto")
    for place in range(len(content) // 2, len(content) // 2 + 9):
        at = await document.go(place)
        row = document.rows[at]
        assert row.start <= place < row.stop and "\ufffd" not in row.text.plain
        assert all(each.text.plain.strip("这是一个简体中文" + line + " ") == "" for each in document.rows)


@pytest.mark.parametrize(
    ("codec", "language", "line"),
    [("cp932", "Japanese", "ソ表能\n"), ("gb18030", "Simplified", "乗亅丂\n"), ("big5", "Traditional", "功許蓋\n")],
)
async def test_a_search_finds_no_half_characters(codec: str, language: str, line: str) -> None:
    content = (TEXTS[language] * 9 + line * 40 + "a|b\\c\n").encode(codec)
    source = Ranges.of(content).source("a.txt")
    document, _ = await open_document(source, width=80, height=24, truecolor=True, mode="auto")
    for words in ("\\", "|"):
        found = [step.found async for step in document.find(words, 0, is_forward=True)][-1]
        assert found is not None
        at = await document.go(found)
        assert document.rows[at].text.plain == "a|b\\c"


@pytest.mark.parametrize("before", range(7))
async def test_a_search_finds_no_half_character_where_two_requests_meet(before: int) -> None:
    content = ("これは日本語のテキストです。\n" * 9 + "a" * before + "ソソソ " * 40_000).encode("cp932")
    source = Ranges.of(content).source("a.txt")
    document, _ = await open_document(source, width=80, height=24, truecolor=True, mode="auto")
    found = [step.found async for step in document.find("\\", 0, is_forward=True)]
    assert len(found) > 1 and not any(found)


@pytest.mark.parametrize("codec", ["cp1251", "utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
async def test_json_and_logs_are_read_in_other_encodings_too(codec: str) -> None:
    text = json.dumps({"имя": "Привет мир, это текст", "город": "Москва"}, ensure_ascii=False)
    shown = await show(text.encode(codec), "a.json", width=100)
    assert shown.kind == "JSON" and "Привет мир" in plain(shown) and not shown.is_damaged
    log = await show("2024-01-01 ОШИБКА: нет файла в папке\n".encode(codec) * 9, "a.log", width=100)
    assert log.kind == "log" and log.lines[0].plain == "2024-01-01 ОШИБКА: нет файла в папке"


async def test_lines_of_an_old_mac_are_lines() -> None:
    shown = await show(b"one\rtwo\rthree\r", "a.txt")
    assert [line.plain for line in shown.lines] == ["one", "two", "three"]


def test_a_mark_before_bytes_that_are_no_text_is_no_mark() -> None:
    assert find_encoding(codecs.BOM_UTF16_LE + random.Random(1).randbytes(4000)) is None
