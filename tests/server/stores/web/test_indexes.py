"""Indexes of links: those of real servers over a folder, and the forms that other servers send."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage_tui.contract.errors import ConflictError, NotFoundError
from storage_tui.contract.places import name_of, path_of
from storage_tui.server.stores.web.index import HTML_BYTES, html_entries, json_entries
from storage_tui.server.stores.web.notes import Notes
from tests.server.stores.web.conftest import Opening, at, listed, read
from tests.server.stores.web.sites import Site, links, nginx, python_server, send, send_file

NAMES = (
    "a b.txt", "a.txt", "a/x", "a-b/y", "b/c/d/e.bin", "b/ü.txt", "b/日本.tif", "q?#&+=;:@.txt", "%41", "%2F", "a%20b",
    "[x]", "'\"<>.txt", "~t", "dots..", "x...", "new\nline", "esc\x1b[31m", "{x}|^`", "back\\slash",
)  # fmt: skip
PAGE = "http://host/dir/"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    for number, name in enumerate(NAMES):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode() * number)
    (root / "empty").mkdir()
    (root / "large").write_bytes(bytes(range(256)) * 80_000)
    return root


@pytest.fixture(scope="module", params=["nginx", "nginx json", "nginx rounded", "python"])
def site(root: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the folder on a real server."""
    if request.param == "python":
        with python_server(root) as url:
            yield url
        return
    with nginx(root, tmp_path_factory.mktemp("work") / "nginx") as url:
        yield url + {"nginx": "", "nginx json": "json/", "nginx rounded": "rounded/"}[request.param]


def expected(prefix: str, delimiter: str) -> list[str]:
    keys = {shown(name) for name in (*NAMES, "large")}
    found = {"empty/"} if delimiter and not prefix else set()
    for key in keys:
        if key.startswith(prefix):
            cut = key.find("/", len(prefix)) if delimiter else -1
            found.add(key[: cut + 1] if cut >= 0 else key)
    return sorted(found, key=str.encode)


def shown(name: str) -> str:
    """The key of a file: its name, or an escaped form where the name has the form of an escape or of a step."""
    return {
        "%41": "%2541", "%2F": "%252F", "a%20b": "a%2520b",
    }.get(name, name)  # fmt: skip


@pytest.mark.parametrize("limit", [1, 1000])
async def test_the_lists_of_a_real_server_are_those_of_its_folder(site: str, opened: Opening, limit: int) -> None:
    store = opened(site)
    for prefix in ("", "a", "a/", "b/", "b/c", "b/c/", "zz", "nothing/"):
        for delimiter in ("/", ""):
            assert await listed(store, prefix, delimiter, limit=limit) == expected(prefix, delimiter)
    assert await store.place_notes() == []


async def test_every_name_is_read_back_with_its_size(site: str, opened: Opening) -> None:
    store = opened(site)
    for number, name in enumerate(NAMES):
        assert (await store.stat(at(shown(name)))).size_bytes == len(name.encode()) * number
        assert await read(store, shown(name)) == name.encode() * number
    page = await store.list_page("a" * 40, "data", limit=1000)
    told = {blob.key: blob.size_bytes for blob in page.blobs if blob.size_bytes is not None}
    for number, name in enumerate(NAMES):
        assert told.get(shown(name), len(name.encode()) * number) == len(name.encode()) * number
    assert told.get("large") in (None, 256 * 80_000)
    times = [blob.modified for blob in page.blobs]
    assert all(times) if site.endswith("json/") else not any(times)
    for key in ("a", "empty", "nothing", "b/../a.txt", "b//x", "a/"):
        with pytest.raises(NotFoundError):
            await store.stat(at(key))


async def test_a_part_is_read_by_range_and_without_ranges_only_from_the_start(site: str, opened: Opening) -> None:
    store = opened(site)
    large = bytes(range(256)) * 80_000
    assert await read(store, "large") == large
    assert await read(store, "large", 1000, 300_000) == large[1000:300_000]
    if (await store.place_rules()) == ["read only"]:
        assert await read(store, "large", len(large) - 7) == large[-7:]
        return
    assert await store.place_rules() == ["read only", "no ranges"]
    with pytest.raises(ConflictError, match=r"sends whole files only: 'large' \(20.5 MB\)"):
        await read(store, "large", len(large) - 7)


HTML = {
    "apache": b'<pre><img src="/i"> <a href="?C=N;O=D">Name</a> <hr><img> <a href="/">Parent</a>   -\n'
    b'<img> <a href="sub/">sub/</a>    2024-05-01 10:00    -   \n<a href="a.txt">a.txt</a>  2024-05-01 10:00  123   \n'
    b'<a href="big.tif">big.tif</a>  2024-05-01 10:00  1.2G  \n</pre>',
    "apache, fancy": b'<table><tr><td><a href="/">Parent</a></td><td>&nbsp;</td><td align="right">  - </td></tr>'
    b'<tr><td><a href="sub/">sub/</a></td><td align="right">2024-05-01 10:00  </td><td align="right">  - </td></tr>'
    b'<tr><td><a href="a.txt"><img></a></td><td><a href="a.txt">a.txt</a></td><td>2024-05-01 10:00  </td><td>123 </td>'
    b'<td>&nbsp;</td></tr><tr><td><a href="big.tif">b</a></td><td>2024-05-01 10:00</td><td>1.2G</td></tr></table>',
    "lighttpd": b'<table><tbody><tr class="d"><td class="n"><a href="../">..</a>/</td><td class="m">&nbsp;</td></tr>'
    b'<tr class="d"><td class="n"><a href="sub/">sub</a>/</td><td class="m">2024-May-01 10:00:00</td>'
    b'<td class="s">- &nbsp;</td><td class="t">Directory</td></tr><tr><td class="n"><a href="a.txt">a.txt</a></td>'
    b'<td class="m">2024-May-01 10:00:00</td><td class="s">123</td><td class="t">text/plain</td></tr>'
    b'<tr><td class="n"><a href="big.tif">b</a></td><td>2024-May-01 10:00:00</td><td>1.2G</td></tr></tbody></table>',
    "nginx": b'<h1>Index of /dir/</h1><hr><pre><a href="../">../</a>\n<a href="sub/">sub/</a>  01-May-2024 10:00   -\n'
    b'<a href="a.txt">a.txt</a>      01-May-2024 10:00                 123\n'
    b'<a href="big.tif">big.tif</a>  01-May-2024 10:00                  1G\n</pre>',
    "absolute": b'<base href="http://HOST/"><A HREF=/dir/sub/>s</A><a href="http://host/dir/a.txt">x</a> 2024-05-01 '
    b"10:00 123<a href=//host/dir/big.tif#x>",
}


@pytest.mark.parametrize("form", HTML)
def test_the_pages_of_servers_are_read_alike(form: str) -> None:
    entries = html_entries([HTML[form]], PAGE, Notes())
    assert [(entry.name, entry.size_bytes) for entry in entries] == [
        ("a.txt", 123), ("big.tif", None), ("sub/", None),
    ]  # fmt: skip


def test_the_json_of_caddy_is_read() -> None:
    rows = b"""[{"name": "sub/", "size": 4096, "url": "./sub/", "mod_time": "2024-05-01T10:00:00Z", "is_dir": true},
        {"name": "a.txt", "size": 123, "url": "./a.txt", "mod_time": "2024-05-01T10:00:00.5Z", "is_dir": false}]"""
    a, sub = json_entries(rows, PAGE, Notes())
    assert (a.name, a.size_bytes, a.modified) == ("a.txt", 123, datetime(2024, 5, 1, 10, 0, 0, 500_000, UTC))
    assert (sub.name, sub.size_bytes) == ("sub/", None)


def test_links_that_lead_elsewhere_are_no_entries() -> None:
    page = links(
        "", "#top", "?C=M", "a?x=1", "../up", "/", "/o/x", "http://else/dir/a", "https://host/dir/a", "mailto:a@b",
        "http://host:8080/dir/a", "javascript:x()", "http://[::bad", ".", "./", "%2e%2e/", "..%2f", "x/%2E%2e/y",
        "a%00", "//u:p@host/dir/a", "deep/er.txt", "ok%20name", "x" * 5000, "ok/",
    )  # fmt: skip
    notes = Notes()
    assert [entry.name for entry in html_entries([page], PAGE, notes)] == ["ok name", "ok/"]
    assert notes.sentences() == ["2 links left out for leading deeper than the index: 'x/../y' and more"]


@pytest.mark.parametrize(
    "segment",
    ["a", "a%20b", "%C3%BC", "%E9", "a%2Fb", "%2541", "100%25", "%25zz", "%0A%1B", "a+b", "%F0%9F%8C%8D", "%5C"],
)
def test_a_name_leads_back_to_its_url(segment: str) -> None:
    name = name_of(segment)
    assert name is not None
    assert "/" not in name
    assert path_of(name) == segment.replace("+", "%2B")


@pytest.mark.parametrize("name", ["", ".", "..", "%2E%2E", "%2e%2e%2fetc", "..%5c..", "a%00", "a/../b", "a//b"])
def test_a_name_that_leads_elsewhere_is_no_name(name: str) -> None:
    with pytest.raises(NotFoundError):
        path_of(name)


BAD = {
    "a tag without end": b"<a " + b"x" * 400_000,
    "a comment without end": b"<!--" + b"-" * 400_000,
    "a script without end": b"<script>" + b"</scrip" * 60_000,
    "more than fits": b"x" * (HTML_BYTES + 1),
    "too many names": b"".join(b"<a href=%d>" % number for number in range(100_002)),
    "json": b"[" * 100_000,
    "json of something else": b'{"a": [1]}',
    "json without names": b'[{"name": 7}]',
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_page_that_is_no_index_ends_with_one_line(kind: str, opened: Opening) -> None:
    content_type = "application/json" if kind.startswith("json") else "text/html"
    with Site(lambda handler: send(handler, BAD[kind], content_type=content_type)) as site:
        with pytest.raises(ConflictError) as caught:
            await listed(opened(site.url))
        assert "\n" not in caught.value.message


async def test_a_page_that_is_a_bucket_says_how_buckets_are_opened(opened: Opening) -> None:
    site = Site(lambda handler: send(handler, b"<ListBucketResult/>", content_type="application/xml"))
    with site, pytest.raises(ConflictError, match="is no index of links but 'application/xml'; a bucket is opened by"):
        await listed(opened(site.url))


async def test_folders_without_end_are_left_out_and_told(opened: Opening) -> None:
    with Site(lambda handler: send(handler, links("again/", "a.txt"))) as site:
        store = opened(site.url)
        assert await listed(store, delimiter="") == ["a.txt", "again/a.txt"]
        assert (await store.place_notes())[0].startswith("1 folder left out for seeming to hold folders without end")


async def test_a_tree_wider_than_the_bound_is_refused(opened: Opening) -> None:
    counted = iter(range(10_000))
    site = Site(lambda handler: send(handler, links(f"{next(counted)}/", f"{next(counted)}/")))
    with site, pytest.raises(ConflictError, match="more than 20 folders lie below"):
        await listed(opened(site.url, most_folders=20), delimiter="")


async def test_a_long_list_asks_once_for_its_page(opened: Opening) -> None:
    page = links(*(f"k{number:04d}" for number in range(500)))
    with Site(lambda handler: send(handler, page)) as site:
        assert len(await listed(opened(site.url), limit=10)) == 500
        assert site.asked == ["GET /"]


async def test_a_compressed_page_is_read_within_the_bound_and_a_compressed_file_is_refused(opened: Opening) -> None:
    import gzip

    def answer(handler: object) -> None:
        path = handler.path  # type: ignore[attr-defined]
        content = gzip.compress(links("a") if path == "/" else b"x" * (HTML_BYTES + 1), 9)
        send(handler, content, content_encoding="gzip")  # type: ignore[arg-type]

    with Site(answer) as site:
        store = opened(site.url)
        assert await listed(store) == ["a"]
        with pytest.raises(ConflictError, match="is larger than 16"):
            await listed(store, "bomb/")
        with pytest.raises(ConflictError, match="does not tell the size"):
            await store.stat(at("a"))


async def test_files_beside_a_folder_of_the_same_name_stay_apart(opened: Opening) -> None:
    def answer(handler: object) -> None:
        if handler.path.endswith("/"):  # type: ignore[attr-defined]
            send(handler, links("a", "a/") if handler.path == "/" else links("b"))  # type: ignore[arg-type, attr-defined]
        else:
            send_file(handler, b"file")  # type: ignore[arg-type]

    with Site(answer) as site:
        store = opened(site.url)
        assert await listed(store, delimiter="") == ["a", "a/b"]
        assert await read(store, "a") == b"file"
