"""Names of a file system that folds or refuses some of them: kept apart, told, and restored on the way back."""

from pathlib import Path

import pytest

from storage_tui.client.batch import plan
from storage_tui.client.batch.folders import find_files, local_names
from storage_tui.client.batch.kept_names import NAMES_FILE, keep_names, read_names
from storage_tui.client.batch.name_rules import STRICT, NameRules, probe, rules_at

KEEPING = NameRules(keeps_names=True, keeps_case=True, keeps_forms=True)
KEYS = (
    "a:b", "a%3Ab", "con", "CON", "dot.", "blank ", "A", "a", "a/b", "\u00e9", "e\u0301", "s//t", "/x", "t/", "t/x",
    "100%", "%", NAMES_FILE, "l" * 300, "x" * 230, 'q"?*<>|', "b\\c", "f:d/con/x", "F:D/y",
)  # fmt: skip


@pytest.mark.parametrize("keeps_names", [True, False])
@pytest.mark.parametrize("keeps_case", [True, False])
@pytest.mark.parametrize("keeps_forms", [True, False])
def test_every_key_comes_back_whatever_the_file_system_keeps(
    tmp_path: Path, keeps_names: bool, keeps_case: bool, keeps_forms: bool
) -> None:
    rules = NameRules(keeps_names, keeps_case, keeps_forms)
    names = list(local_names(KEYS, "", rules))
    assert len({rules.folded(str(name.path)) for name in names}) == len(KEYS)
    for name in names:
        path = tmp_path / name.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name.key)
        assert bool(name.note) == (str(name.path) != name.key)
        if not keeps_names:
            assert not set('<>:"|?*\\') & set(str(name.path))
    keep_names(tmp_path, (row for name in names for row in name.renamings))
    assert {file.key: file.path.read_text() for file in find_files(tmp_path, "")} == {key: key for key in KEYS}


def test_a_later_download_keeps_what_an_earlier_one_noted(tmp_path: Path) -> None:
    for key in ("a:b", "c:d"):
        [name] = local_names([key], "")
        (tmp_path / name.path).write_text(key)
        keep_names(tmp_path, name.renamings)
    assert read_names(tmp_path) == {"a%3Ab": "a:b", "c%3Ad": "c:d"}
    (tmp_path / "a:b").write_text("made since")
    assert [file.key for file in find_files(tmp_path, "")] == ["a%3Ab", "a:b", "c:d"]
    (tmp_path / "c:d").write_text("made since")
    assert {file.key for file in find_files(tmp_path, "")} == {"a%3Ab", "a:b", "c%3Ad", "c:d"}


def test_the_file_system_is_asked_only_about_unusual_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules_at(tmp_path, ["a.tif", "maps", "ü"]) == STRICT
    asked: list[Path] = []
    monkeypatch.setattr("storage_tui.client.batch.name_rules.probe", lambda folder: asked.append(folder) or KEEPING)
    for segments in (["a:b"], ["A", "a"], ["con"], ["x "], ["\u00e9", "e\u0301"]):
        assert rules_at(tmp_path, segments) == KEEPING
    assert len(asked) == 5


def test_the_probe_leaves_nothing_and_sees_what_the_folder_keeps(tmp_path: Path) -> None:
    found = probe(tmp_path / "not" / "there")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x:y ").touch()
    (tmp_path / "case").touch()
    assert found.keeps_case == (not (tmp_path / "CASE").exists())
    assert found.keeps_names == ("x:y " in [path.name for path in tmp_path.iterdir()])


def test_a_link_is_neither_read_nor_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text('{"a": "b"}')
    (tmp_path / "down").mkdir()
    (tmp_path / "down" / NAMES_FILE).symlink_to(tmp_path / "outside")
    assert read_names(tmp_path / "down") == {}
    [name] = local_names(["a:b"], "")
    keep_names(tmp_path / "down", name.renamings)
    assert (tmp_path / "outside").read_text() == '{"a": "b"}'
    assert not (tmp_path / "down" / NAMES_FILE).is_symlink()


def test_a_plan_on_a_file_system_that_keeps_nothing_notes_every_name(
    storage: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "rules_at", lambda folder, segments: STRICT)
    for key in ("n/a:b", "n/c"):
        storage.set(key, key)  # type: ignore[attr-defined]
    made = plan.plan_download(storage.engine, "n/", "data", tmp_path / "down")  # type: ignore[attr-defined]
    assert [item.path.name for item in made.items] == ["a%3Ab", "c"] and len(made.notes) == 1
    made.keep_names()
    assert read_names(tmp_path / "down") == {"a%3Ab": "a:b"}


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"a": "../x"}', b'{"a": 1}', b'{"a": "x/y"}', b""])
def test_a_file_of_that_name_that_is_none_of_ours_is_a_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / NAMES_FILE).write_bytes(content)
    assert {file.key for file in find_files(tmp_path, "")} == {"a", NAMES_FILE}
