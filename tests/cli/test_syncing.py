"""`storage-tui sync` and `check`: the plan, the lines, the summary, the exit codes."""

import json
import os

import pytest


@pytest.fixture
def maps(tmp_path):
    """A folder with three files, and a link."""
    for name in ("a", "sub/b", ".hidden"):
        path = tmp_path / "maps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "maps"


@pytest.fixture
def prefix(request):
    """A prefix of this test alone: the tests of a module share a store."""
    return f"data:{abs(hash(request.node.name)):x}"


def rows(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_dry_run_prints_a_plan_and_changes_nothing(run, maps, prefix):
    run("put", "-q", str(maps / "a"), f"{prefix}/extra")
    result = run("sync", "maps", prefix, "--delete", "--dry-run")
    lines = result.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["upload", "upload", "delete", "upload"]
    assert f"upload    {prefix}/a  (1 B, new)" in lines
    assert lines[-1].endswith("would upload 3 (13 B), delete 1, 0 the same; nothing was changed")
    plan = rows(run("sync", "maps", prefix, "--delete", "--dry-run", "--json"))
    assert [row["action"] for row in plan] == ["upload", "upload", "delete", "upload"]
    assert {"action", "key", "path", "size", "reason"} <= plan[0].keys()
    assert run("ls", "-r", prefix).stdout.decode().split() == [f"{prefix.partition(':')[2]}/extra"]


def test_a_sync_ends_in_one_summary_and_a_second_one_moves_nothing(run, maps, prefix):
    first = run("sync", "maps", prefix)
    assert first.stdout.decode().count("\n") == 1
    assert b"3 uploaded (13 B), 0 the same" in first.stdout
    assert run("sync", "maps", prefix, "-q").stdout == b""
    actions = rows(run("sync", "maps", prefix, "--json"))
    assert [row["action"] for row in actions[:-1]] == ["same"] * 3
    assert actions[-1]["summary"]["same"] == 3
    (maps / "a").write_text("longer")
    verbose = run("sync", "maps", prefix, "-v").stdout.decode().splitlines()
    assert verbose[0] == f"uploaded  {prefix}/a  (6 B, other size)"
    assert len(verbose) == 2


def test_back_down_and_across_types(run, maps, prefix, tmp_path):
    run("sync", "maps", prefix)
    run("sync", prefix, "back", "--delete")
    assert (tmp_path / "back" / "sub" / "b").read_text() == "sub/b"
    result = run("sync", prefix, f"tmp:{prefix.partition(':')[2]}", "--json")
    assert {row.get("action") for row in rows(result)} == {"copy", None}
    assert all(row["from"].startswith(prefix) for row in rows(result)[:-1])
    assert b"no difference, 3 the same" in run("check", "back", f"tmp:{prefix.partition(':')[2]}").stdout


def test_check_lists_what_is_missing_differs_or_is_extra_and_exits_with_1(run, maps, prefix):
    run("sync", "maps", prefix)
    (maps / "a").write_text("other")
    (maps / "new").write_text("n")
    (maps / "sub" / "b").unlink()
    result = run("check", "maps", prefix, code=1)
    lines = result.stdout.decode().splitlines()
    assert lines[:3] == ["* a  (other size)", "+ new  (not in the target)", "- sub/b  (not in the source)"]
    assert lines[3].endswith("1 missing, 1 differing, 1 extra, 1 the same")
    found = rows(run("check", "maps", prefix, "--json", code=1))
    assert [row["difference"] for row in found[:-1]] == ["differing", "missing", "extra"]
    assert found[-1]["summary"] == {"same": 1, "missing": 1, "differing": 1, "extra": 1, "unreadable": 0}
    assert run("check", "maps", prefix, "-q", code=1).stdout == b""
    assert run("check", "maps", prefix, "-q", "--exclude", "a", "--exclude=new", "--exclude", "/sub/").stdout == b""


def test_the_rules_come_from_options_and_files(run, maps, prefix, tmp_path):
    (tmp_path / "rules").write_text("- .*\n+ /sub/**\n- *\n")
    plan = rows(run("sync", "maps", prefix, "-n", "--json", "--filter-from", "rules"))
    assert [row["path"] for row in plan] == [str(maps / "sub" / "b")]
    plan = rows(run("sync", "maps", prefix, "-n", "--json", "--include", "a"))
    assert [row["path"] for row in plan] == [str(maps / "a")]
    (tmp_path / "patterns").write_text("# no hidden ones\n.*\n")
    plan = rows(run("sync", "maps", prefix, "-n", "--json", "--exclude-from", "patterns"))
    assert [row["path"] for row in plan] == [str(maps / "a"), str(maps / "sub" / "b")]


@pytest.mark.some(every=3)
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("maps", "back"), 2, b"both local folders"),
        (("", "data:x", "--delete"), 2, b"an empty text"),
        (("data:x", "", "--delete"), 2, b"an empty text"),
        (("nowhere", "data:x"), 1, b"does not exist"),
        (("data:nowhere", "x"), 3, b"nothing is stored"),
        (("maps/a", "data:x"), 1, b"is a file"),
        (("data:x", "data:x/"), 4, b"is both sides"),
        (("data:x", "data:x/y"), 4, b"within each other"),
        (("maps", "data:x", "--include", "maps/"), 2, b"write 'maps/**'"),
        (("maps", "data:x", "--exclude", "[a"), 2, b"cannot be read"),
        (("maps", "data:x", "--filter", "maps"), 2, b"is not a filter rule"),
        (("maps", "data:x", "--exclude-from", "none"), 1, b"cannot read the filter rules"),
        (("maps", "data:x", "--checksum", "--size-only"), 2, b"contradict"),
        (("maps", "data:x", "--max-delete", "-1"), 2, b"--max-delete"),
        (("data:x", "maps", "--to-profile", "p"), 2, b"--to-profile is the server of DST"),
        (("maps", "data:x", "--to-profile", "p"), 2, b"profile"),
        (("maps", "products:x", "--delete"), 4, b"leave out --delete"),
        (("maps", "data:\x01"), 2, b"control character"),
    ],
)  # fmt: skip
def test_what_cannot_be_synced_is_told_in_one_line_with_its_exit_code(run, maps, words, code, told):
    result = run("sync", *words, code=code)
    assert told in result.stderr
    assert result.stdout == b""


def test_a_file_that_cannot_be_a_key_makes_the_end_a_partial_one_and_keeps_the_deletes_back(run, maps, prefix):
    run("put", "-q", str(maps / "a"), f"{prefix}/extra")
    (maps / "bad\x1bname").write_text("")
    result = run("sync", "maps", prefix, "--delete", code=6)
    assert b"left out: the name of" in result.stderr
    assert b"\x1b" not in result.stderr
    assert b"3 uploaded (13 B), 0 the same, 1 left out, 1 kept back" in result.stderr
    assert run("cat", f"{prefix}/extra").stdout == b"a"


def test_an_empty_source_deletes_nothing_without_a_number(run, maps, prefix, tmp_path):
    run("sync", "maps", prefix)
    (tmp_path / "empty").mkdir()
    result = run("sync", "empty", prefix, "--delete", code=4)
    assert b"Give --max-delete 3 if that is meant" in result.stderr
    assert b"3 deleted" in run("sync", "empty", prefix, "--delete", "--max-delete", "3").stdout


def test_two_profiles_are_two_servers(run, maps, prefix, tmp_path, home):
    run("sync", "maps", prefix)
    config = tmp_path / "other"
    environ = {"STORAGE_TUI_HOME": str(config)}
    (config / "config").mkdir(parents=True)
    one, two = config / "one", config / "two"
    (config / "config" / "config.toml").write_text(
        f"[profiles.one]\ndata_dir = '{one}'\n[profiles.two]\ndata_dir = '{two}'\n"
    )
    run("sync", "maps", "data:m", "--profile", "one", **environ)
    result = run("sync", "data:m", "tmp:n", "--profile", "one", "--to-profile", "two", **environ)
    assert b"3 copied" in result.stdout
    assert run("cat", "tmp:n/a", "--profile", "two", **environ).stdout == b"a"
    assert b"no difference" in run("check", "maps", "tmp:n", "--profile", "two", **environ).stdout
    assert os.listdir(two)  # noqa: PTH208
