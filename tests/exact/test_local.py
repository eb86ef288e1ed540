"""Each name gets a local name within the chosen folder, without control characters, and comes back as itself."""

import os
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.batch.folders import local_names
from storage_tui.client.batch.kept_names import NAMES_FILE
from storage_tui.client.batch.name_rules import NameRules
from storage_tui.client.batch.plan import plan_download, plan_upload
from storage_tui.client.batch.scheduler import Batch
from storage_tui.contract.keys import key_refusal
from storage_tui.sync import sync
from tests.exact.awkward import NAMES, value_of


def files_below(folder: Path) -> list[Path]:
    found = [Path(top, name) for top, _, names in os.walk(folder) for name in names]
    for path in found:
        assert all(one.isprintable() or ord(one) > 0x9F for one in str(path)), f"{path!s:a}"
    return [path for path in found if path.name != NAMES_FILE]


@pytest.mark.parametrize("rules", [NameRules(), NameRules(True, True, True)], ids=["strict", "kept"])
def test_no_local_name_leaves_its_folder_or_holds_a_control_character(rules: NameRules) -> None:
    paths = [row.path for row in local_names(NAMES, "", rules)]
    assert len(set(paths)) == len(NAMES)
    for path in paths:
        assert not path.is_absolute() and ".." not in path.parts
        assert not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in str(path))


def test_a_folder_of_such_names_comes_down_and_goes_up_again(filled: Storage, tmp_path: Path) -> None:
    names = [name for name in NAMES if name.count("/") < 60]
    for name in set(NAMES) - set(names):
        filled.delete(name)  # no file system holds so many folders in one path
    target = tmp_path / "inner" / "target"
    plan = plan_download(filled.engine, "", "data", target)
    plan.keep_names()
    Batch(filled.engine, plan).run()
    found = files_below(tmp_path)
    assert len(found) == len(names) and all(target in path.parents for path in found)
    assert sorted(path.read_bytes() for path in found) == sorted(map(value_of, names))
    for name in names:
        filled.delete(name)
    Batch(filled.engine, plan_upload(target, "", "data", filled.engine.check_key)).run()
    assert list(filled.iter_list()) == names
    assert all(filled.get(name) == value_of(name) for name in names)


def test_sync_of_such_names_brings_them_once_and_deletes_only_them(filled: Storage, tmp_path: Path) -> None:
    names = [name for name in NAMES if name.count("/") < 60]
    for name in set(NAMES) - set(names):
        filled.delete(name)
    target = tmp_path / "inner" / "target"
    precious = tmp_path / "inner" / "a"
    precious.parent.mkdir()
    precious.write_bytes(b"outside")
    assert sync("data:", target, storage=filled).done.get("download") == len(names)
    assert sync("data:", target, storage=filled).done.get("download", 0) == 0
    filled.delete_many(names[::2])
    done = sync("data:", target, storage=filled, delete=True)
    assert done.is_complete and done.done.get("delete") == len(names[::2])
    assert sorted(path.read_bytes() for path in files_below(target)) == sorted(map(value_of, names[1::2]))
    assert precious.read_bytes() == b"outside"


def test_a_strict_name_needs_no_question() -> None:
    assert [name for name in ("a", "a/b", "a//b", "...") if key_refusal(name) is not None] == []
