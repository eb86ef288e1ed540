"""The text of files that people write with an editor, which may have begun them with a byte-order mark.

Notepad saves "UTF-8 with BOM" and "UTF-16"; `>` of Windows PowerShell 5 writes UTF-16. Both begin with a mark (Unicode
Standard, section 23.8), which is no part of the text.
"""

import codecs

_MARKS = (  # the longer marks first: the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
MARK = "\ufeff"


def text_of(raw: bytes) -> str:
    """Return the text in the encoding that its mark names, or without a mark in UTF-8.

    Raise ValueError, with words for people, for bytes in another encoding.
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if raw.startswith(mark)), (b"", "utf-8"))
    try:
        text = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as exc:
        named = encoding.removesuffix("-le").removesuffix("-be").upper()
        raise ValueError(f"byte {len(mark) + exc.start} is not {named}; save the file as UTF-8") from exc
    if "\0" in text:  # UTF-16 without a mark is valid UTF-8, mostly
        raise ValueError("it holds NUL characters; save the file as UTF-8")
    return text.removeprefix(MARK)
