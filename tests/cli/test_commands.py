"""Every command on real blobs: what it prints, what it refuses, and with which exit code."""

import json

import pytest

from storage_tui.contract.models import CHILDREN_AT_MOST
from storage_tui.server.stores.local.seed import seed
from tests.benchmarks.seed import LOCAL_NAMESPACE, make_blobs


def lines(result):
    return result.stdout.decode().splitlines()


def test_a_blob_goes_in_and_out_through_a_pipe(run):
    run("put", "-", "pipe/in", stdin=b"\x00\xffbytes")
    assert run("cat", "pipe/in").stdout == b"\x00\xffbytes"
    assert run("get", "pipe/in", "-").stdout == b"\x00\xffbytes"


def test_a_file_goes_up_and_down_verified(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n")
    assert lines(run("put", "a.csv", "files/")) == ["data:files/a.csv  verified"]
    assert lines(run("get", "files/a.csv", "b.csv")) == ["data:files/a.csv  verified"] or (tmp_path / "b.csv").exists()
    assert (tmp_path / "b.csv").read_bytes() == b"x,y\n1,2\n"


def test_an_upload_has_the_content_type_that_its_name_tells(run, tmp_path):
    (tmp_path / "typed").mkdir()
    for name in ("a.geojson", "b.csv", "c.html"):
        (tmp_path / "typed" / name).write_bytes(b"{}")
    run("put", "-r", "typed/", "typed/")
    run("put", "typed/b.csv", "typed/no-suffix")
    run("put", "-", "typed/d.json", stdin=b"{}")
    rows = [json.loads(line) for line in lines(run("ls", "--json", "typed/"))]
    assert {row["key"][6:]: row["content_type"] for row in rows} == {
        "a.geojson": "application/geo+json",
        "b.csv": "text/csv",
        "c.html": None,
        "d.json": "application/json",
        "no-suffix": "text/csv",
    }


def test_an_existing_file_is_kept_without_force(run, tmp_path):
    run("put", "-", "keep/a", stdin=b"new")
    (tmp_path / "a").write_bytes(b"old")
    refusal = run("get", "keep/a", code=4)
    assert b"--force" in refusal.stderr
    assert (tmp_path / "a").read_bytes() == b"old"
    run("get", "keep/a", "--force")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_folder_goes_up_and_down(run, tmp_path):
    for name in ("x", "sub/y", "sub/deep/z"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    run("put", "-r", "tree/", "tmp:trees/one/")
    assert lines(run("ls", "-r", "tmp:trees/one")) == ["trees/one/sub/deep/z", "trees/one/sub/y", "trees/one/x"]
    run("get", "-r", "tmp:trees/one/", "back")
    for name in ("x", "sub/y", "sub/deep/z"):
        assert (tmp_path / "back" / name).read_bytes() == name.encode()


def test_a_folder_without_files_is_told(run, tmp_path):
    (tmp_path / "empty" / "too").mkdir(parents=True)
    done = run("put", "-r", "empty", "tmp:nowhere/")
    assert done.stderr == b"storage-tui: 'empty' holds no files; nothing was uploaded\n"
    assert done.stdout == b""


def test_one_failure_among_several_is_a_partial_failure(run, tmp_path):
    run("put", "-", "several/a", stdin=b"1")
    run("put", "-", "several/b", stdin=b"2")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"old")
    refusal = run("get", "-r", "several/", "out", code=6)
    assert b"1 failed" in refusal.stderr
    assert (tmp_path / "out" / "a").read_bytes() == b"old"
    assert (tmp_path / "out" / "b").read_bytes() == b"2"


def test_a_list_shows_folders_and_keys_and_json(run):
    for key in ("list/a", "list/b/c", "list/b/d"):
        run("put", "-", key, stdin=b"123")
    assert lines(run("ls", "list")) == ["a", "b/"]
    assert lines(run("ls", "list/")) == ["a", "b/"]
    assert "3 B" in lines(run("ls", "-l", "list/a"))[0]
    rows = [json.loads(line) for line in lines(run("ls", "--json", "list"))]
    assert rows[0]["key"] == "list/a"
    assert rows[0]["size"] == 3
    assert rows[1] == {"prefix": "list/b/"}


@pytest.mark.parametrize("verb", ["ls", "du"])
@pytest.mark.parametrize("place", ["tmp:there/gone/deep/", "tmp:there/gone/deep"])
def test_a_folder_that_holds_nothing_is_told_from_one_that_does(run, verb, place):
    run("put", "-", "tmp:there/it is", stdin=b"1")
    refusal = run(verb, place, code=3)
    assert refusal.stdout == b""
    told = refusal.stderr.decode()
    assert "nothing is stored below tmp:there/gone/deep/; 'storage-tui ls tmp:there/' lists what exists there" in told
    assert "'storage-tui ls tmp:'" in run(verb, "tmp:nosuch/", code=3).stderr.decode()


def test_an_empty_storage_type_is_no_error(run):
    assert run("ls", "logs:").stdout == b""
    assert lines(run("du", "logs:"))[-1].split()[-1] == "logs:"


def test_usage_of_more_folders_than_are_told_says_so(run, tmp_path):
    seed(tmp_path / "data", make_blobs(LOCAL_NAMESPACE, (f"{n:05}/x" for n in range(CHILDREN_AT_MOST + 1)), "data"))
    done = run("du", "--data-dir", str(tmp_path / "data"))
    assert len(lines(done)) == CHILDREN_AT_MOST + 1
    assert b"there may be more folders than the first 10,000; the last line counts them too" in done.stderr


def test_usage_is_summed_by_folder(run):
    for key in ("usage/a", "usage/b/c", "usage/b/d"):
        run("put", "-", key, stdin=b"1234")
    total = json.loads(run("du", "--json", "usage").stdout)
    assert (total["count"], total["size"]) == (3, 12)
    assert [(row["prefix"], row["count"]) for row in total["children"]] == [("usage/b/", 2)]
    assert lines(run("du", "usage"))[-1].split()[-1] == "data:usage/"
    assert lines(run("du", "usage/a")) == ["       4 B          1  data:usage/a"]


def test_a_copy_keeps_a_tmp_blob_in_data(run):
    run("put", "-", "tmp:copy/a", stdin=b"keep me")
    assert lines(run("cp", "tmp:copy/a", "data:kept/")) == ["data:kept/a"]
    assert run("cat", "data:kept/a").stdout == b"keep me"
    assert b"exists" in run("cp", "tmp:copy/a", "data:kept/a", code=4).stderr
    run("cp", "--force", "tmp:copy/a", "data:kept/a")


def test_removing_takes_a_folder_and_not_its_namesake(run):
    for key in ("rm/2024/a", "rm/2024/b", "rm/2024-old/c"):
        run("put", "-", key, stdin=b"1")
    assert b"--yes" in run("rm", "-r", "rm/2024", code=2).stderr
    run("rm", "-r", "--yes", "rm/2024")
    assert lines(run("ls", "-r", "rm")) == ["rm/2024-old/c"]
    run("rm", "rm/2024-old/c")
    run("ls", "rm", code=3)


def test_a_product_is_neither_overwritten_nor_deleted_without_a_yes(run):
    run("put", "-", "products:p/image.tif", stdin=b"1")
    assert b"1 blob of no image (1 B) would be deleted; give --yes" in run("rm", "products:p/image.tif", code=2).stderr
    assert b"products" in run("put", "-", "products:p/image.tif", stdin=b"2", code=4).stderr
    assert run("cat", "products:p/image.tif").stdout == b"1"


@pytest.mark.some(every=3)
@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("cat", "no/such"), 3, b"no/such"),
        (("get", "no/such"), 3, b"no/such"),
        (("rm", "no/such"), 3, b"no/such"),
        (("rm", "no/such", "no/other"), 6, b"deleted 0 of 2, 2 failed"),
        (("get", "-r", "no/such/"), 3, b"no/such"),
        (("cat", "a/../b"), 2, b"segment '..'"),
        (("ls", "a\x1b[2J"), 2, b"U+001B"),
        (("put", "missing.txt", "a"), 1, b"missing.txt"),
        (("put", ".", "a"), 1, b"give -r"),
        (("url", "a", "--expires", "soon"), 2, b"write it as 90s"),
        (("url", "a"), 1, b"storage-tui serve"),
        (("ls", "--url", "http://127.0.0.1:9/storage/v1", "--token-file", "t"), None, b"t"),
        (("browse",), 2, b"needs a terminal"),
        ((), 2, b"needs a terminal"),
        (("--no-such-flag",), 2, b"no-such-flag"),
    ],
)
def test_bad_input_is_one_line_with_the_way_out(run, args, code, words):
    if code is None:
        code = 4
    result = run(*args, code=code)
    assert words in result.stderr
    assert b"\x1b" not in result.stderr


def test_a_server_that_is_not_there_is_named(run, tmp_path):
    token = tmp_path / "token"
    token.write_text("a.b.c")
    token.chmod(0o600)
    result = run("ls", "--url", "http://127.0.0.1:9/storage/v1", "--token-file", str(token), code=5)
    assert b"127.0.0.1:9" in result.stderr
    assert b"a.b.c" not in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_a_wrong_settings_file_is_named(run, tmp_path):
    (tmp_path / "other" / "config").mkdir(parents=True)
    (tmp_path / "other" / "config" / "config.toml").write_text("urls = 'x'")
    assert b"unknown setting 'urls'" in run("ls", code=2, STORAGE_TUI_HOME=str(tmp_path / "other")).stderr
