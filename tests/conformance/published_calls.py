"""Runs inside the published client's own environment (Python 3.9 or 3.10): its calls, unchanged, against our server.

Takes the name of one case; fails with a traceback. Settings come from the environment, as its users give them.
"""

# ruff: noqa: PTH123  its users write open(name)

import hashlib
import io
import sys
import urllib.request

from descarteslabs.client.exceptions import ConflictError, NotFoundError
from descarteslabs.client.services.storage import Storage

WRITABLE = ("data", "tmp", "result", "logs")
storage = Storage()


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as exc:
        return exc
    raise AssertionError(f"{error.__name__} was not raised")


def values():
    for kind in WRITABLE:
        for key, value, expected in (
            ("v/str", "Hello Storage é 世界", "Hello Storage é 世界".encode()),
            ("v/bytes", b"\x00\xff" * 1000, b"\x00\xff" * 1000),
            ("v/file", io.BytesIO(b"file" * 100_000), b"file" * 100_000),
            ("v/generator", (b"piece" for _ in range(1000)), b"piece" * 1000),
            ("v/empty", b"", b""),
            ("v/empty str", "", b""),
            ("v/empty generator", iter(()), b""),
        ):
            storage.set(key, value, storage_type=kind)
            assert storage.get(key, storage_type=kind) == expected, (kind, key)
            assert storage.exists(key, storage_type=kind)
    assert storage.get("v/bytes") == b"\x00\xff" * 1000


def seeked_file():
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    storage.set("seeked", file)
    assert storage.get("seeked") == b"456789"


def keys():
    for key in (
        "a/b/c",
        "a//b",
        "/lead",
        "trail/",
        "a:b",
        "a+b",
        "a&b=c",
        "a b",
        "hé",
        "世界",
        'a"b',
        "a\\b",
        "[x]",
        "a%b",
        "list",
        "get/x",
        "~x",
    ):
        storage.set(key, key)
        assert storage.get(key).decode() == key
        assert storage.exists(key)
        assert key in storage.list(prefix=key)
        storage.delete(key)
        assert not storage.exists(key)


def question_mark():
    storage.set("q", "kept")
    for call in (storage.get, storage.delete, storage.get_signed_url):
        error = raises(Exception, call, "q?b")
        assert "%3F" in str(error), error
    raises(Exception, storage.set, "q?b", "overwrites")
    assert storage.get("q") == b"kept"


def files():
    content = hashlib.sha256(b"x").digest() * 300_000
    with open("source", "wb") as file:
        file.write(content)
    open("empty", "wb").close()
    for kind in WRITABLE:
        storage.set_file("f/name", "source", storage_type=kind)
        storage.get_file("f/name", "target", storage_type=kind)
        with open("target", "rb") as file:
            assert file.read() == content
        with open("source", "rb") as file:
            storage.set_file("f/object", file, storage_type=kind)
        target = io.BytesIO()
        storage.get_file("f/object", target, storage_type=kind)
        assert target.getvalue() == content
        storage.set_file("f/empty", "empty", storage_type=kind)
        assert storage.get("f/empty", storage_type=kind) == b""
    raises(NotFoundError, storage.get_file, "f/missing", "never")


def listing():
    names = [f"page/{number:04}" for number in range(1200)]
    for name in names:
        storage.set(name, "")
    assert storage.list(prefix="page/") == names[:1000]
    assert list(storage.iter_list(prefix="page/")) == names
    assert list(storage.iter_list(prefix="page/11")) == names[1100:1200]
    assert storage.list(prefix="none of these") == []
    assert len(storage.list()) == 1000
    assert "hé &=//+%" not in storage.list(prefix="hé &=//+%")


def deletes():
    storage.set("d", "x")
    assert storage.delete("d") is None
    assert not storage.exists("d")
    assert "no blob" in str(raises(NotFoundError, storage.get, "d"))
    raises(NotFoundError, storage.delete, "d")
    raises(NotFoundError, storage.get_signed_url, "d")


def signed():
    for kind in WRITABLE:
        storage.set("s/key é", "signed", storage_type=kind)
        url = storage.get_signed_url("s/key é", storage_type=kind)
        assert isinstance(url, str)
        assert urllib.request.urlopen(url).read() == b"signed"


def upload_url():
    import requests

    url = storage.get_upload_url("u", "tmp")
    with open("upload", "wb") as file:
        file.write(b"as Tables does")
    with open("upload", "rb") as file:
        assert requests.put(url, data=file).status_code == 200
    assert storage.get("u", storage_type="tmp") == b"as Tables does"


def products():
    storage.set("p", "image", storage_type="products")
    assert storage.get("p", storage_type="products") == b"image"
    assert "products" in str(raises(ConflictError, storage.set, "p", "again", storage_type="products"))
    assert "Image.delete()" in str(raises(ConflictError, storage.delete, "p", storage_type="products"))
    assert storage.list(storage_type="products") == ["p"]


CASES = {
    case.__name__: case
    for case in (
        values,
        seeked_file,
        keys,
        question_mark,
        files,
        listing,
        deletes,
        signed,
        upload_url,
        products,
    )
}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
