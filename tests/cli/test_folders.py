"""Folders on the command line: their names, what is said of them, and the way up and down again."""

import json
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.batch.kept_names import NAMES_FILE
from storage_tui.client.transfer.part_file import Purpose
from storage_tui.contract.keys import check_key
from tests.server.catalog.cataloguing import save_product, upload_image
from tests.server.running import running_server

AWKWARD = (
    "a:b.txt", "con.txt", "CON", "aux", "trailing ", "dot.", "A.txt", "a.txt", "100%.txt", "a%3Ab.txt", 'q"?*<>|.txt',
    "back\\slash", " lead", "e\u0301", "\u00e9", ".hidden", "x" * 240, "sub/nul/y", "sub/com1.txt", "ü[1].txt", "~",
    "-r",
)  # fmt: skip
UNKEPT = ("a", "a/b", "s//t", "/lead", "tail/", "tail/x", "l" * 300, "l" * 299 + "m", NAMES_FILE, f"d/{NAMES_FILE}")


@pytest.fixture
def tree(tmp_path):
    for name in ("a", "sub/b"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "tree"


@pytest.fixture(scope="module")
def storage(home):
    """The store that the commands use."""
    with Storage(data_dir=f"{home['STORAGE_TUI_HOME']}/data") as storage:
        yield storage


def lines(result):
    return result.stdout.decode().splitlines()


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("source", "target", "start"),
    [
        ("tree", "n1", "n1/tree/"), ("tree/", "n2", "n2/"), ("./tree", "n3/", "n3/tree/"), ("./tree/.", "n4/", "n4/"),
        (".", "n6", "n6/tree/"), ("tree/sub/..", "n7", "n7/"),
    ],
)  # fmt: skip
def test_a_folder_keeps_its_name_unless_a_slash_ends_it(run, storage, tree, source, target, start):
    told = lines(run("put", "-r", source, target))
    assert told == [f"uploaded 2 files (6 B) to data:{start}, every checksum compared"]
    assert storage.list(start) == [f"{start}a", f"{start}sub/b"]


@pytest.mark.parametrize(
    ("source", "target", "start"),
    [("tree", "n1", "n1/tree/"), ("tree/", "n2", "n2/"), ("tree/sub", ".", "sub/"), ("tree", ".", "tree/")],
)
def test_a_folder_keeps_its_name_on_the_way_down_and_across(run, storage, tree, tmp_path, source, target, start):
    run("put", "-r", "tree", "data:")
    (tmp_path / "down").mkdir()
    names = {"a": b"a", "sub/b": b"sub/b"} if "sub" not in source else {"b": b"sub/b"}
    run("get", "-r", f"data:{source}", f"down/{target}")
    run("cp", "-r", f"data:{source}", f"result:{start}across/{'' if target == '.' else target}")
    for name, content in names.items():
        assert (tmp_path / "down" / start / name).read_bytes() == content
        assert storage.get(f"{start}across/{start}{name}", "result") == content


def test_a_key_without_a_folder_moves_as_it_is(run, tmp_path):
    run("put", "-", "alone", stdin=b"1")
    run("get", "-r", "alone", "down/")
    assert (tmp_path / "down" / "alone").read_bytes() == b"1"
    assert lines(run("cp", "-r", "alone", "tmp:x/")) == ["tmp:x/alone"]


def test_many_files_have_one_line_and_each_a_line_when_asked(run, tmp_path):
    (tmp_path / "many").mkdir()
    for number in range(300):
        (tmp_path / "many" / f"{number:03}").write_bytes(b"x")
    assert lines(run("put", "-r", "many", "tmp:")) == [
        "uploaded 300 files (300 B) to tmp:many/, every checksum compared"
    ]
    assert len(lines(run("put", "-r", "many", "tmp:", "--verbose"))) == 301
    quiet = run("put", "-r", "many", "tmp:", "--quiet")
    assert quiet.stdout == quiet.stderr == b""
    [told] = lines(run("get", "-r", "tmp:many", "down"))
    assert told == "downloaded 300 files (300 B) to down/many, every checksum compared"
    assert run("get", "-r", "tmp:many", "quiet", "-q").stdout == b""
    assert len(lines(run("get", "-r", "tmp:many", "loud", "-v"))) == 301
    assert lines(run("rm", "-r", "--yes", "tmp:many")) == [
        "deleted 300 blobs (300 B): tmp:many; to bring back within 24 hours: storage-tui undelete -r tmp:many"
    ]
    assert run("rm", "-r", "--yes", "tmp:many", code=3).stdout == b""


@pytest.mark.some(every=3, turn=1)
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("get", "tmp:f"), 3, "tmp:f is a folder; give -r to download all of it"),
        (("get", "tmp:f/"), 2, "tmp:f/ is a folder; give -r"),
        (("get", "tmp:f", "-"), 3, "tmp:f is a folder; name a folder as TARGET, and give -r"),
        (("get", "tmp:"), 2, "tmp: is a whole storage type; give -r"),
        (("rm", "tmp:f"), 3, "tmp:f is a folder; give -r to delete all of it"),
        (("rm", "tmp:f/"), 3, "tmp:f/ is a folder; give -r to delete all of it"),
        (("rm", "tmp:"), 2, "tmp: is a whole storage type; give -r"),
        (("cp", "tmp:f", "data:g"), 3, "tmp:f is a folder; give -r to copy all of it"),
        (("cat", "tmp:f"), 3, "tmp:f is a folder; storage-tui ls tmp:f lists it"),
        (("put", "dir", "tmp:x"), 1, "'dir' is a folder; give -r to upload all of it"),
        (("cp", "-r", "tmp:f", "tmp:f/g"), 2, "cannot be copied into itself"),
        (("cp", "-r", "tmp:f/", "tmp:f"), 2, "cannot be copied into itself"),
        (("mv", "tmp:f", "data:g"), 3, "tmp:f is a folder; give -r to move all of it"),
        (("mv", "-r", "tmp:f", "tmp:f/g"), 2, "cannot be moved into itself"),
        (("mv", "-r", "tmp:f/", "tmp:f/g/"), 2, "cannot be moved into itself"),
        (("mv", "-r", "tmp:f/", "tmp:f"), 2, "it is there already"),
        (("mv", "-r", "tmp:f", "tmp:"), 2, "it is there already"),
        (("mv", "-r", "tmp:", "tmp:all/"), 2, "cannot be moved into itself"),
        (("mv", "-r", "tmp:none", "data:"), 3, "no blob 'none' in tmp"),
        (("mv", "-r", "tmp:none/", "data:"), 3, "nothing is stored in the folder tmp:none/"),
        (("mv", "tmp:none", "data:"), 3, "no blob 'none' in tmp"),
        (("mv", "tmp:", "data:"), 2, "tmp: is a whole storage type; give -r for all of it"),
        (("mv", "tmp:f/", "data:"), 2, "tmp:f/ is a folder; give -r for all of it"),
        (("mv", "tmp:f/x", "tmp:f/y", "data:z"), 2, "several sources need a folder to go to; write it as data:z/"),
        (("mv", "tmp:f/x"), 2, "Missing argument"),
        (("mv", "tmp:f/x", "tmp:g", "-f", "-n"), 2, "contradict each other"),
        (("mv", "tmp:f/x", "tmp:a/../b"), 2, "segment"),
        (("mv", "-r", "tmp:f", "tmp:f/x", "data:"), 2, "tmp:f/x is in tmp:f/, which is moved too"),
        (("mv", "-f", "tmp:f/x", "data:a/", "data:b/"), 2, "data:a/ is a folder; give -r"),
        (("put", "a.txt"), 2, "Missing argument 'LOCATION': where does 'a.txt' go?"),
        (("put", "../a.txt"), 2, "Missing argument 'LOCATION': where does '../a.txt' go?"),
        (("put", "-r", "dir"), 2, "Missing argument 'LOCATION': where does 'dir' go?"),
        (("put", "tmp:f/"), 2, "Missing argument 'SOURCES': what goes to tmp:f/?"),
        (("put",), 2, "Missing argument"),
    ],
)
def test_what_is_missing_is_named(run, storage, tmp_path, words, code, told):
    storage.set("f/x", b"1", "tmp")
    (tmp_path / "dir").mkdir()
    (tmp_path / "f").mkdir()
    (tmp_path / "a.txt").write_bytes(b"1")
    done = run(*words, code=code)
    assert told in " ".join(done.stderr.decode().split())
    assert storage.get("f/x", "tmp") == b"1"


def test_names_that_this_file_system_takes_are_kept(run, storage, tmp_path):
    for key in AWKWARD:
        storage.set(f"kept/{key}", key)
    done = run("get", "-r", "data:kept", "down")
    found = {
        str(path.relative_to(tmp_path / "down" / "kept")) for path in (tmp_path / "down").rglob("*") if path.is_file()
    }
    assert found == set(AWKWARD)
    assert done.stderr == b"" and b"other names" not in done.stdout
    run("put", "-r", "down/kept", "result:")
    assert set(storage.iter_list("kept/", "result")) == {f"kept/{key}" for key in AWKWARD}
    for key in ("a:b.txt", "con.txt", "trailing "):
        run("get", f"data:kept/{key}", "one/")
        assert (tmp_path / "one" / key).read_text() == key


def test_names_that_cannot_be_kept_are_told_and_come_back(run, storage, tmp_path):
    for key in UNKEPT:
        storage.set(f"un/{check_key(key)}", key)
    done = run("get", "-r", "data:un", "down")
    assert b"becomes" in done.stderr and b"under other names, which put -r restores" in done.stdout
    contents = sorted(
        path.read_text() for path in (tmp_path / "down").rglob("*") if path.is_file() and path.name != NAMES_FILE
    )
    assert contents == sorted(UNKEPT)
    run("put", "-r", "down/un", "result:")
    assert {key: storage.get(key, "result").decode() for key in storage.iter_list("un/", "result")} == {
        f"un/{key}": key for key in UNKEPT
    }
    (tmp_path / "down" / "un" / "new").write_text("new")
    run("put", "-r", "down/un/", "logs:")
    assert set(storage.iter_list(storage_type="logs")) == {*UNKEPT, "new"}


def test_a_note_of_an_earlier_download_does_not_rename_the_files_of_a_later_one(run, storage, tmp_path):
    storage.set("first/d//x", b"1")
    storage.set("second/d/%/x", b"2")
    storage.set("third/d//y", b"3")
    run("get", "-r", "data:first/", "notes")
    assert (tmp_path / "notes" / "d" / NAMES_FILE).exists()
    run("get", "-r", "-f", "data:second/", "notes")
    run("put", "-r", "notes/", "result:notes")
    assert storage.list("notes/", "result") == ["notes/d/%/x"] and storage.get("notes/d/%/x", "result") == b"2"
    run("get", "-r", "data:third/", "notes/third")
    run("put", "-r", "notes/third/", "result:third")
    assert storage.list("third/", "result") == ["third/d//y"]


def test_unfinished_downloads_are_not_uploaded(run, storage, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    part = Purpose("a.tif", "http://server", "data", "a.tif")
    name = part.part_name(part.digest())
    for file in (name, f"{name}.json", "a.tif", ".hidden", "x.0123456789ab.part"):
        (folder / file).write_text(file)
    told = run("put", "-r", "parts", "result:").stderr.decode()
    assert f"parts/{name}' is an unfinished download" in told
    assert storage.list("parts/", "result") == ["parts/.hidden", "parts/a.tif", "parts/x.0123456789ab.part"]


@pytest.mark.skipif(not Path("/proc/sys/fs/inotify").is_dir(), reason="this system has no /proc/sys/fs/inotify")
def test_a_file_with_a_false_size_goes_up_whole(run, tmp_path):
    content = Path("/proc/version").read_bytes()
    run("put", "/proc/version", "tmp:proc/v")
    run("put", "-r", "/proc/sys/fs/inotify", "tmp:proc/")
    run("put", "-", "tmp:proc/stdin", stdin=content)
    assert run("cat", "tmp:proc/v").stdout == content
    for name in ("max_user_watches", "max_queued_events"):
        assert run("cat", f"tmp:proc/inotify/{name}").stdout == Path(f"/proc/sys/fs/inotify/{name}").read_bytes()


def test_a_blob_of_products_goes_after_a_yes(run, home, tmp_path):
    run("put", "-", "products:foo", stdin=b"12")
    run("put", "-", "products:dir/x", stdin=b"123")
    assert "1 blob of no image (2 B) would be deleted" in run("rm", "products:foo", code=2).stderr.decode()
    [told] = lines(run("rm", "--yes", "products:foo"))
    assert told.startswith("deleted 1 blob of no image (2 B): products:foo; to bring back within 24 hours: ")
    run("cat", "products:foo", code=3)
    assert "is a folder; give -r" in run("rm", "products:dir", code=3).stderr.decode()
    [row] = map(json.loads, lines(run("rm", "-r", "--yes", "--json", "products:dir")))
    assert (row["key"], row["error"]) == ("dir/x", None)
    assert lines(run("ls", "products:")) == []


def test_a_file_of_an_image_goes_with_the_whole_image(run, tmp_path):
    with running_server(tmp_path / "served") as server:
        (tmp_path / "token").touch(mode=0o600)
        (tmp_path / "token").write_text(server.token("ann"))
        access = ("--url", server.url, "--token-file", "token")
        with server.client("ann") as client:
            save_product(client, "org:p")
            upload_image(client, "org:p:one", ["a.tif", "b.tif"])
            upload_image(client, "org:p:two", ["c.tif"])
        run("put", "-", "products:org:p/one/stray", *access, stdin=b"1")
        asked = run("rm", "products:org:p/one/a.tif", *access, code=2).stderr.decode()
        assert "1 image with 2 files (10 B) would be deleted; give --yes" in asked
        told = lines(run("rm", "--yes", "products:org:p/one/a.tif", *access))
        assert told == ["deleted 1 image with 2 files (10 B): products:org:p/one/a.tif"]
        assert lines(run("ls", "-r", "products:", *access)) == ["org:p/one/stray", "org:p/two/c.tif"]
        told = lines(run("rm", "-r", "--yes", "products:org:p", *access))
        assert told == ["deleted 1 image with 1 file (5 B) and 1 blob of no image (1 B): products:org:p"]
        assert lines(run("ls", "products:", *access)) == []
