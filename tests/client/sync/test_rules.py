"""The rules that leave files out, as rclone reads them."""

import pytest

from storage_tui.client.sync.rules import RULES_AT_MOST, Rules, read_lines, read_patterns
from storage_tui.errors import BadRequestError, LocalFileError

PATHS = (
    "a",
    "a/b",
    "a/b/c.tif",
    "b.tif",
    "x/a/b",
    ".hid",
    "x/.hid/y",
    "a.tmp",
    "deep/er/a.tmp",
    "[x]",
    "é/ü.tif",
    "a*b",
)


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("*.tif", {"a/b/c.tif", "b.tif", "é/ü.tif"}),
        ("/*.tif", {"b.tif"}),
        ("/a/**", {"a/b", "a/b/c.tif"}),
        ("a/**", {"a/b", "a/b/c.tif", "x/a/b"}),
        ("a/*", {"a/b", "x/a/b"}),
        ("a", {"a"}),
        ("/a/b", {"a/b"}),
        ("?.tif", {"a/b/c.tif", "b.tif", "é/ü.tif"}),
        ("[ab].t*", {"b.tif", "a.tmp", "deep/er/a.tmp"}),
        ("[^a].tif", {"a/b/c.tif", "b.tif", "é/ü.tif"}),
        ("*.{tif,tmp}", {"a/b/c.tif", "b.tif", "a.tmp", "deep/er/a.tmp", "é/ü.tif"}),
        (r"\[x\]", {"[x]"}),
        (r"a\*b", {"a*b"}),
        ("**", set(PATHS)),
        (".hid", {".hid"}),
        ("**/a.tmp", {"deep/er/a.tmp"}),
    ],
)
def test_a_pattern_matches_what_rclone_matches(pattern, matched):
    assert {path for path in PATHS if not Rules.of(exclude=[pattern]).includes(path)} == matched
    assert {path for path in PATHS if Rules.of(include=[pattern]).includes(path)} == matched


def test_a_folder_is_left_out_with_all_that_is_in_it():
    rules = Rules.of(exclude=["a/"])
    assert [path for path in PATHS if not rules.includes(path)] == ["a/b", "a/b/c.tif", "x/a/b"]
    assert rules.leaves_out("a/")
    assert rules.leaves_out("x/a/")
    assert not rules.leaves_out("x/")


def test_the_first_rule_that_matches_decides():
    rules = Rules.of(lines=["# a comment", "", "+ /keep/*.tmp", "- *.tmp", "+ *.tif", "- *"])
    kept = [path for path in ("keep/a.tmp", "a.tmp", "a.tif", "other") if rules.includes(path)]
    assert kept == ["keep/a.tmp", "a.tif"]
    assert Rules.of(lines=["- *", "!"]).includes("a")


def test_includes_come_before_excludes_and_leave_all_else_out():
    rules = Rules.of(include=["keep/**"], exclude=["*.tmp"])
    assert [path for path in ("keep/x.tmp", "y.tmp", "z") if rules.includes(path)] == ["keep/x.tmp"]


def test_a_folder_is_looked_into_when_an_earlier_rule_may_take_something_in_it():
    rules = Rules.of(lines=["+ /a/b/keep", "- /a/", "+ /c/**", "- *"])
    assert not rules.leaves_out("a/")
    assert not rules.leaves_out("a/b/")
    assert rules.leaves_out("a/x/")
    assert not rules.leaves_out("c/")
    assert rules.leaves_out("d/")


@pytest.mark.parametrize(
    "pattern", ["", "[", "a]", "{a", "a}", "{a{b}}", "***", "a\\", "{{[a-z]+}}", "[[:alpha:]]", "[z-a]", "[]"]
)
def test_a_pattern_that_cannot_be_read_is_refused_with_the_reason(pattern):
    with pytest.raises(BadRequestError, match=r"pattern .* cannot be read"):
        Rules.of(exclude=[pattern])


def test_a_folder_to_include_is_refused_because_it_names_no_file():
    with pytest.raises(BadRequestError, match=r"write 'maps/\*\*'"):
        Rules.of(include=["maps/"])
    assert Rules.of(lines=["+ maps/", "- *"]).includes("maps/a") is False  # of a folder only, as in rclone


@pytest.mark.parametrize("line", ["*.tif", "+*.tif", "+ ", "? a", "include a"])
def test_a_line_that_is_no_rule_is_refused(line):
    with pytest.raises(BadRequestError, match="is not a filter rule"):
        Rules.of(lines=[line])


def test_rules_come_from_files(tmp_path):
    file = tmp_path / "rules"
    file.write_bytes("\ufeff# mine\r\n*.tif\n\n; old\né*\n".encode())
    assert read_patterns(file) == ["*.tif", "é*"]
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadRequestError, match="not UTF-8"):
        read_lines(file)
    with pytest.raises(LocalFileError, match="cannot read the filter rules"):
        read_lines(tmp_path)


def test_too_many_rules_are_refused():
    with pytest.raises(BadRequestError, match="filter rules are more than"):
        Rules.of(exclude=["a"] * (RULES_AT_MOST + 1))
