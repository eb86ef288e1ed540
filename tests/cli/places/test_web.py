"""An index of links and a STAC catalog as the location of a command."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Context

from storage_tui import Storage, errors
from storage_tui.cli.search.listing import ls
from storage_tui.cli.words import location_words, source_words
from tests.cli.places.conftest import Call
from tests.server.stores.web.sites import Site, python_server, send


@pytest.fixture
def site(call: Call, tmp_path: Path) -> Iterator[str]:
    """The URL of a server over a folder, without the slash at its end."""
    root = tmp_path / "site"
    (root / "maps" / "2024").mkdir(parents=True)
    (root / "a.txt").write_text("some text\n")
    (root / "maps" / "a b%41.txt").write_text("height 7\n")
    (root / "maps" / "2024" / "x.bin").write_bytes(b"x" * 1000)
    links = [{"rel": "child", "href": "deep/catalog.json"}, {"rel": "item", "href": "https://far.example/i.json"}]
    (root / "catalog.json").write_text(json.dumps({"stac_version": "1.0.0", "type": "Catalog", "links": links}))
    (root / "deep").mkdir()
    asset = {"stac_version": "1.0.0", "type": "Feature", "links": [], "assets": {"t": {"href": "../a.txt"}}}
    (root / "deep" / "catalog.json").write_text(json.dumps(asset))
    with python_server(root) as url:
        yield url.removesuffix("/")


def test_commands_that_read_take_a_url(call: Call, site: str) -> None:
    assert call("ls", site).lines == ["a.txt", "catalog.json", "deep/", "maps/"]
    assert call("ls", f"{site}/maps/").lines == call("ls", f"{site}/maps").lines == ["2024/", "a%20b%2541.txt"]
    assert call("cat", f"{site}/a.txt", f"{site}/maps/a%20b%2541.txt").out == "some text\nheight 7\n"
    assert call("find", f"{site}/maps/", "*.txt").lines == [f"{site}/maps/a%20b%2541.txt"]
    assert call("grep", "height", f"{site}/maps/").lines == [f"{site}/maps/a%20b%2541.txt:height 7"]
    said = call("du", f"{site}/maps/").lines
    assert [line.split() for line in said] == [
        ["1.0", "kB", "1", f"{site}/maps/2024/"], ["1.0", "kB", "2", f"{site}/maps/"],
    ]  # fmt: skip
    assert call("tree", f"{site}/maps/").lines[0] == f"{site}/maps/  2 blobs, 1.0 kB"
    assert call("show", f"{site}/a.txt").lines[-1] == "some text"


def test_a_url_comes_down_by_get_and_sync_and_goes_into_a_store(call: Call, site: str, tmp_path: Path) -> None:
    assert call("get", "-q", f"{site}/a.txt", "copy.txt").code == 0
    assert (tmp_path / "here" / "copy.txt").read_text() == "some text\n"
    assert call("sync", f"{site}/maps/", "twin").code == 0
    assert (tmp_path / "here" / "twin" / "2024" / "x.bin").read_bytes() == b"x" * 1000
    assert call("check", "--size-only", f"{site}/maps/", "twin").code == 0
    assert call("sync", f"{site}/maps/", "data:kept").code == 0
    assert call("ls", "-r", "data:kept/").lines == ["kept/2024/x.bin", "kept/a%20b%2541.txt"]


def test_a_catalog_is_a_folder_for_commands_of_folders_and_a_file_for_others(call: Call, site: str) -> None:
    said = call("ls", "-r", f"{site}/catalog.json")
    assert said.lines == ["catalog.json", "deep/a.txt", "deep/catalog.json"]
    assert said.err == (
        "storage-tui: 1 link left out for leading to another host, which was not typed: 'https://far.example/i.json'\n"
    )
    assert json.loads(call("cat", f"{site}/catalog.json").out)["type"] == "Catalog"
    assert call("cat", f"{site}/catalog.json/deep/a.txt").out == "some text\n"


@pytest.mark.parametrize(
    "words",
    [
        ("rm", "-r", "-y", "URL/"), ("cp", "URL/a.txt", "URL/b.txt"), ("mv", "URL/a.txt", "URL/b"),
        ("put", "copy", "URL/"), ("edit", "URL/a.txt"), ("touch", "URL/x"), ("sync", ".", "URL/here/"),
    ],
)  # fmt: skip
def test_a_command_that_changes_says_that_the_web_is_read_only(
    call: Call, site: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "here" / "copy").write_text("x")
    said = call(*(word.replace("URL", site) for word in words))
    assert said.code == 4
    assert said.err.count("\n") == 1
    assert "is open read only, as all of the web" in said.err


@pytest.mark.some(every=3)
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ls", "--write", "URL/"), "the web is opened read only"),
        (("ls", "URL/", "--url", "http://localhost"), "leave out --url"),
        (("diff", "URL/a.txt", "data:x"), "are in two stores"),
        (("cat", "URL/a.txt", "s3://bucket/a"), "these words name the web and another place"),
        (("cat", "URL/a.txt", "http://other.example/a"), "a command works on one host"),
        (("cat", "URL/maps"), "is a folder"),
        (("cat", "URL/a.txt?x=1"), "has a query or fragment"),
        (("cat", "http://ada:secret@127.0.0.1/x"), "without user name and password"),
        (("cat", "URL/maps/%2e%2e/a.txt"), "has a segment of dots"),
        (("ls", "URL/nothing/"), "has no such index (404)"),
        (("ls", "http://127.0.0.1:1/"), "cannot be reached"),
    ],
)
def test_what_cannot_be_is_refused_in_words(call: Call, site: str, words: tuple[str, ...], told: str) -> None:
    said = call(*(word.replace("URL", site) for word in words))
    assert said.code != 0
    assert told in said.err
    assert "secret" not in said.err


def test_the_client_opens_a_url_and_refuses_changes_before_it_sends_them(call: Call, site: str) -> None:
    with Storage(f"{site}/maps/") as storage:
        assert storage.get("a%20b%2541.txt") == b"height 7\n"
        assert storage.stat("2024/x.bin").size_bytes == 1000
        place = storage.describe().place
        assert place is not None
        assert (place.kind, place.title, place.is_writable) == ("web", f"{site}/maps/", False)
        with pytest.raises(errors.ConflictError, match="is open read only"):
            storage.set("b", "x")
    with Storage(f"web+{site}") as storage:
        assert storage.get("a.txt") == b"some text\n"
    with pytest.raises(errors.BadRequestError, match="takes no token"):
        Storage(f"{site}/maps/", token="a.b.c")


def test_a_profile_names_a_url(call: Call, site: str, tmp_path: Path) -> None:
    settings = tmp_path / "own" / "config" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[profiles.maps]\nurl = "{site}/maps/"\n')
    assert call("--profile", "maps", "ls").lines == ["2024/", "a%20b%2541.txt"]


def test_completion_asks_no_web_server(call: Call) -> None:
    with Site(lambda handler: send(handler, b"")) as asked:
        context, parameter = Context(ls), ls.params[0]
        context.params.update({"url": None})
        assert location_words(context, parameter, asked.url) == []
        assert source_words(context, parameter, asked.url) == []
        assert asked.asked == []


def test_hostile_names_and_answers_do_not_reach_the_terminal(call: Call) -> None:
    page = b'<a href="%1B%5D0;x%07">x</a> <a href="a%0Ab">x</a> <a href="%E2%80%AEtxt">x</a>'
    with Site(lambda handler: send(handler, page if handler.path == "/" else b"\x1b[31m", 200)) as site:
        said = call("ls", site.url)
        assert said.code == 0
        assert said.lines == ["\x1b]0;x\x07", "a", "b", "\u202etxt"], "a pipe gets them exactly"
        assert "\x1b" not in call("cat", f"{site.url}%1B%5Bm/").err
