"""What a sync does: both ways and between places, what it refuses, what it never deletes, what it tells."""

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from storage_tui import Storage, errors
from storage_tui.client.batch.kept_names import NAMES_FILE
from storage_tui.client.control import TransferControl
from storage_tui.client.sync.checksums import FILE
from storage_tui.client.sync.plan import make_plan
from storage_tui.client.sync.run import SyncRun
from storage_tui.client.sync.sides import LocalSide, StoreSide
from storage_tui.machine import directories
from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import Restriction
from storage_tui.server.quotas.limits import change_limits
from storage_tui.sync import Rules, check, sync
from tests.client.sync.trees import read, write
from tests.faults.proxy import Fault

MIB = 1024 * 1024
DAY_S = 86_400


class Watch:
    """The files that this process opens, by their names."""

    def __init__(self):
        self.names: list[str] = []
        self._is_on = False
        sys.addaudithook(self._note)  # for the life of the process: a hook cannot be removed

    def __enter__(self):
        self._is_on = True
        return self

    def __exit__(self, *_):
        self._is_on = False

    def _note(self, event, arguments):
        if self._is_on and event == "open":
            self.names.append(str(arguments[0]))

    def opened_in(self, root):
        names = {path.name for path in root.rglob("*") if path.is_file()}
        return [name for name in self.names if name in names or name.startswith(f"{root}/")]


@pytest.fixture
def local(tmp_path):
    """A folder of old files, whose checksums may be kept."""

    def make(files, name="local"):
        write(tmp_path / name, files)
        for folder, _, names in os.walk(tmp_path / name):
            for file in names:
                os.utime(Path(folder, file), (1e9, 1e9))
        return tmp_path / name

    return make


def fill(storage, files, prefix="p/", storage_type="data"):
    for name, content in files.items():
        storage.set(prefix + name, content, storage_type)


def blobs(storage, prefix="p/", storage_type="data"):
    return {key[len(prefix) :]: storage.get(key, storage_type) for key in storage.iter_list(prefix, storage_type)}


def planned(storage, *sides, **options):
    rows = []
    sync(*sides, storage=storage, dry_run=True, on_action=rows.append, **options)
    return [(row.action, row.relative, row.reason) for row in rows]


def test_a_plan_has_an_action_and_a_reason_for_each_key_and_changes_nothing(storage, local):
    root = local({"same": b"1", "size": b"22", "bytes": b"x", "new": b"n"})
    fill(storage, {"same": b"1", "size": b"1", "bytes": b"y", "extra": b"e"})
    assert planned(storage, root, "data:p/", delete=True) == [
        ("upload", "bytes", "same size, other bytes"),
        ("delete", "extra", "not in the source"),
        ("upload", "new", "new"),
        ("same", "same", "same checksum"),
        ("upload", "size", "other size"),
    ]
    assert [row[0] for row in planned(storage, "data:p/", root)] == ["download", "download", "same", "download"]
    assert blobs(storage) == {"same": b"1", "size": b"1", "bytes": b"y", "extra": b"e"}
    assert read(root) == {"same": b"1", "size": b"22", "bytes": b"x", "new": b"n"}


def test_an_unchanged_file_is_not_read_again(storage, local):
    files = {f"file-{number}": b"content" for number in range(20)}
    root = local(files)
    fill(storage, files)
    assert sync(root, "data:p/", storage=storage).done == {"same": 20}
    os.utime(root / "file-7", (2e9, 1e9))
    (root / "file-8").chmod(0o600)
    with Watch() as watch:
        assert not list(check(root, "data:p/", storage=storage))
    assert sorted(watch.opened_in(root)) == ["file-7", "file-8"]  # a change of anything is a change, as in git
    with Watch() as watch:
        assert not list(check(root, "data:p/", storage=storage, by="read"))
    assert len(watch.opened_in(root)) == 20


def test_the_checksum_of_a_file_that_was_uploaded_is_kept(storage, local):
    root = local({f"file-{number}": b"content" for number in range(20)})
    sync(root, "data:p/", storage=storage)
    with Watch() as watch:
        assert sync(root, "data:p/", storage=storage).done == {"same": 20}
    assert not watch.opened_in(root)


@pytest.mark.parametrize("by", ["checksum", "read"])
def test_a_file_that_was_written_again_with_its_old_size_and_time_is_found(storage, local, by):
    root = local({"a": b"1111"})
    sync(root, "data:p/", storage=storage)
    sync(root, "data:p/", storage=storage)
    (root / "a").write_bytes(b"2222")
    os.utime(root / "a", (1e9, 1e9))
    assert planned(storage, root, "data:p/", by=by) == [("upload", "a", "same size, other bytes")]
    assert planned(storage, root, "data:p/", by="size") == [("same", "a", "same size")]


@pytest.mark.parametrize("damage", [b"", b"no database" * 1000, None], ids=["empty", "rubbish", "folder"])
def test_a_damaged_file_of_checksums_costs_time_only(storage, local, damage):
    root = local({"a": b"1"})
    sync(root, "data:p/", storage=storage)
    file = directories.state_dir() / FILE
    file.unlink(missing_ok=True)
    file.mkdir() if damage is None else file.write_bytes(damage)
    for _ in range(3):
        assert sync(root, "data:p/", storage=storage).done == {"same": 1}


def test_two_syncs_at_once_use_one_file_of_checksums(storage, local):
    roots = [local({f"{number}": b"x" for number in range(200)}, f"local{one}") for one in range(2)]
    results = []

    def run(root):
        results.append(sync(root, f"data:{root.name}/", storage=storage))

    threads = [threading.Thread(target=run, args=(root,)) for root in roots for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(result.is_complete for result in results)
    assert all(sync(root, f"data:{root.name}/", storage=storage).done == {"same": 200} for root in roots)


def test_a_download_has_the_time_of_its_blob(storage, tmp_path):
    fill(storage, {"a/b": b"1"})
    sync("data:p/", tmp_path / "to", storage=storage)
    [blob] = storage.list_page("p/", delimiter="").blobs  # a list has milliseconds, the headers of a blob seconds
    modified = blob.modified
    assert abs((tmp_path / "to/a/b").stat().st_mtime - modified.timestamp()) < 0.002


def test_nothing_is_deleted_when_a_move_failed(storage, local):
    root = local({"new": b"1", "bad\x01name": b"2"})
    fill(storage, {"extra": b"e"})
    result = sync(root, "data:p/", storage=storage, delete=True)
    assert (result.done["upload"], result.left_out, result.kept) == (1, 1, 1)
    assert blobs(storage) == {"new": b"1", "extra": b"e"}


def test_what_the_rules_leave_out_is_never_deleted(storage, local):
    root = local({"a.tif": b"1", "mine.tmp": b"2", "old/x": b"3"})
    fill(storage, {"b.tif": b"1", "theirs.tmp": b"2", "old/y": b"3"})
    rules = Rules.of(exclude=["*.tmp", "/old/"])
    sync(root, "data:p/", storage=storage, delete=True, rules=rules)
    assert blobs(storage).keys() == {"a.tif", "theirs.tmp", "old/y"}
    (root / "a.tif").unlink()
    sync("data:p/", root, storage=storage, delete=True, rules=rules)
    assert read(root).keys() == {"a.tif", "mine.tmp", "old/x"}


@pytest.mark.parametrize("direction", ["up", "down", "across"])
def test_an_empty_source_deletes_nothing_unless_a_number_is_given(storage, tmp_path, direction):
    write(tmp_path / "full", {"a": b"1", "b/c": b"2"})
    (tmp_path / "empty").mkdir()
    fill(storage, {"a": b"1", "b/c": b"2"})
    source = tmp_path / "empty" if direction == "up" else "data:none/"
    target = tmp_path / "full" if direction == "down" else "data:p/"
    with pytest.raises(errors.ConflictError, match="is empty, and all 2"):
        sync(source, target, storage=storage, delete=True)
    with pytest.raises(errors.ConflictError, match="more than the 1 allowed"):
        sync(source, target, storage=storage, delete=True, max_delete=1)
    assert len(blobs(storage)) == len(read(tmp_path / "full")) == 2
    assert sync(source, target, storage=storage, delete=True, max_delete=2).done == {"same": 0, "delete": 2}
    assert not (blobs(storage) if direction != "down" else [*(tmp_path / "full").iterdir()])


@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("data:p/", "data:p", errors.ConflictError),
        ("data:p/", "data:p/q", errors.ConflictError),
        ("data:p/q", "data:p", errors.ConflictError),
        ("data:p", "data:", errors.ConflictError),
        ("data:none", "nowhere", errors.NotFoundError),
        ("none", "data:p", errors.LocalFileError),
        ("file", "data:p", errors.LocalFileError),
        ("data:p", "file", errors.LocalFileError),
        ("here", "there", errors.BadRequestError),
        ("", "data:p", errors.BadRequestError),
        ("data:p", " ", errors.BadRequestError),
        ("data:../x", "here", errors.InvalidKeyError),
    ],
)
def test_sides_that_cannot_be_synced_are_refused_before_anything_changes(
    storage, tmp_path, monkeypatch, source, target, error
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "here", {"a": b"1"})
    (tmp_path / "file").write_bytes(b"1")
    fill(storage, {"a": b"1", "q/b": b"2"})
    with pytest.raises(error):
        sync(source, target, storage=storage, delete=True)
    assert blobs(storage) == {"a": b"1", "q/b": b"2"}


def test_products_takes_no_deletes_and_keeps_what_it_has(storage, local):
    root = local({"a": b"1", "b": b"2"})
    fill(storage, {"a": b"0", "c": b"3"}, storage_type="products")
    with pytest.raises(errors.TypeRuleError, match="leave out --delete"):
        sync(root, "products:p/", storage=storage, delete=True)
    result = sync(root, "products:p/", storage=storage)
    assert (result.done["upload"], result.left_out) == (1, 1)
    assert blobs(storage, storage_type="products") == {"a": b"0", "b": b"2", "c": b"3"}


def test_links_and_special_files_are_left_out_and_never_followed(storage, local, tmp_path):
    root = local({"a": b"1"})
    (root / "link").symlink_to("a")
    (root / "folder-link").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    result = sync(root, "data:p/", storage=storage, delete=True)
    assert result.is_complete
    assert blobs(storage) == {"a": b"1"}
    (root / "link").unlink()
    (root / "link").symlink_to(tmp_path / "outside")
    fill(storage, {"link": b"2", "folder-link/x": b"3"})
    result = sync("data:p/", root, storage=storage)
    assert result.failed == 2
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "x").exists()


def test_a_key_and_a_folder_of_its_name_are_both_kept(storage, tmp_path):
    both = {"a": b"1", "a/b": b"2", "a/b/c": b"3", "a//d": b"4", "e/": b"5", "": b"6"}
    fill(storage, both)
    for _ in range(2):
        result = sync("data:p/", tmp_path / "to", storage=storage, delete=True)
        assert result.is_complete
    assert result.done == {"same": 6}
    assert sync(tmp_path / "to", "data:q/", storage=storage).done["upload"] == 6
    assert blobs(storage, "q/") == both


def test_keys_that_differ_in_case_or_form_only_each_have_a_file(storage, tmp_path):
    names = ["A", "a", "a/B", "A/b", "\u00c4", "A\u0308", "a\u0308", "dir/x", "DIR/X", "con", "x:y", "l" * 240,
             "l" * 300, "..a", "a.", "a ", "%41", "q?", "Q?", "%~2", "a%~2", "A%~2", NAMES_FILE]  # fmt: skip
    fill(storage, {name: name.encode() for name in names})
    for _ in range(2):
        result = sync("data:p/", tmp_path / "to", storage=storage, delete=True)
        assert result.is_complete
    assert result.done == {"same": len(names)}
    assert sync(tmp_path / "to", "data:q/", storage=storage).is_complete
    assert blobs(storage, "q/") == {name: name.encode() for name in names}


def test_a_name_that_stood_for_another_key_before_stands_for_its_own_again(storage, tmp_path):
    fill(storage, {"a": b"1", "a/b": b"2"})
    sync("data:p/", tmp_path / "to", storage=storage)
    shutil.rmtree(tmp_path / "to" / "a%~2")
    storage.delete("p/a/b")
    fill(storage, {"a%~2/c": b"3"})
    for _ in range(2):
        result = sync("data:p/", tmp_path / "to", storage=storage, delete=True)
    assert result.done == {"same": 2}
    sync(tmp_path / "to", "data:q/", storage=storage)
    assert blobs(storage, "q/") == {"a": b"1", "a%~2/c": b"3"}


@pytest.mark.parametrize("is_file", [True, False])
def test_what_is_deleted_makes_room_for_what_comes(storage, local, is_file):
    ours, theirs = {"a": b"1", "z": b"2"}, {"a/b": b"3", "a/c/d": b"4", "z": b"2"}
    there, here = (theirs, ours) if is_file else (ours, theirs)
    root = local(here)
    fill(storage, there)
    result = sync("data:p/", root, storage=storage, delete=True)
    assert result.is_complete
    assert {name: body for name, body in read(root).items() if name != NAMES_FILE} == there
    assert NAMES_FILE not in read(root)


@pytest.mark.parametrize("is_file", [True, False])
def test_without_delete_both_a_file_and_a_folder_of_its_name_stay(storage, local, is_file):
    ours, theirs = {"a": b"1"}, {"a/b": b"3"}
    there, here = (theirs, ours) if is_file else (ours, theirs)
    root = local(here)
    fill(storage, there)
    sync("data:p/", root, storage=storage)
    sync(root, "data:q/", storage=storage)
    assert blobs(storage, "q/") == {**ours, **theirs}
    assert sync("data:p/", root, storage=storage).done == {"same": 1}


def test_a_file_that_changes_between_comparing_and_deleting_is_kept(storage, local):
    root = local({"extra": b"1", "a": b"2"})
    fill(storage, {"a": b"2"})
    sides = StoreSide(storage.engine, "data", "p/"), LocalSide(root)
    with make_plan(*sides, rules=Rules(), delete=True) as plan:
        (root / "extra").write_bytes(b"changed")
        result = SyncRun(plan).run()
    assert result.failed == 1
    assert (root / "extra").read_bytes() == b"changed"


def test_a_blob_that_changes_between_comparing_and_deleting_is_kept(storage, local):
    root = local({"a": b"2"})
    fill(storage, {"a": b"2", "extra": b"1"})
    sides = LocalSide(root), StoreSide(storage.engine, "data", "p/")
    with make_plan(*sides, rules=Rules(), delete=True) as plan:
        storage.set("p/extra", b"changed")
        outcomes = []
        result = SyncRun(plan, tell=outcomes.append).run()
    assert result.failed == 1
    assert storage.get("p/extra") == b"changed"
    assert outcomes[0].error is not None


def test_a_file_that_goes_or_changes_before_it_is_sent_is_told(storage, local):
    root = local({"gone": b"1", "grown": b"2"})
    with make_plan(LocalSide(root), StoreSide(storage.engine, "data", "p/"), rules=Rules()) as plan:
        (root / "gone").unlink()
        (root / "grown").write_bytes(b"2 and more")
        result = SyncRun(plan).run()
    assert result.failed == 1
    assert blobs(storage) == {"grown": b"2 and more"}


def test_a_sync_that_is_cancelled_stops_and_the_next_one_does_the_rest(storage, local):
    root = local({f"{number:03}": b"x" for number in range(300)})
    control = TransferControl()
    with pytest.raises(errors.CancelledError):
        sync(root, "data:p/", storage=storage, control=control, on_outcome=lambda outcome: control.cancel())
    assert sync(root, "data:p/", storage=storage).is_complete
    assert len(blobs(storage)) == 300


def test_a_token_without_the_right_to_delete_is_told_before_anything_moves(server, local):
    restriction = Restriction(verbs=("list", "read", "write"))
    token = create_token(server.records(), "half", restriction=restriction)
    root = local({"a": b"1"})
    with Storage(server.url, token=token) as storage:
        fill(storage, {"b": b"2"})
        with pytest.raises(errors.ForbiddenError, match="no right to delete"):
            sync(root, "data:p/", storage=storage, delete=True)
        assert blobs(storage) == {"b": b"2"}
        assert sync(root, "data:p/", storage=storage).done["upload"] == 1


def test_a_sync_with_a_published_server_asks_for_sizes_and_says_what_it_could_not_compare(
    published, token, local, tmp_path
):
    root = local({"same": b"1", "size": b"22", "new": b"3"})
    with Storage(published.url, token=token) as storage:
        fill(storage, {"same": b"1", "size": b"1", "extra": b"4"})
        result = sync(root, "data:p/", storage=storage, delete=True)
        assert result.done == {"same": 1, "upload": 2, "delete": 1}
        assert result.unchecked == 1
        assert blobs(storage) == read(root)
        assert sync("data:p/", tmp_path / "back", storage=storage).is_complete
        assert sync("data:p/", "data:q/", storage=storage).done["copy"] == 3
        assert blobs(storage, "q/") == read(root)


def test_between_two_servers_the_bytes_go_through_this_machine(storage, server, local):
    with Storage(server.url, token=server.token("somebody-else")) as other:
        fill(storage, {"a": b"1", "b/c": b"x" * MIB})
        for _ in range(2):
            result = sync("data:p/", "tmp:q/", storage=storage, target_storage=other)
            assert result.is_complete
        assert result.done == {"same": 2}
        assert blobs(other, "q/", "tmp") == {"a": b"1", "b/c": b"x" * MIB}


def test_names_that_cannot_be_keys_are_told_and_deleted_only_as_extras(storage, local):
    root = local({"good": b"1", "bad\x01": b"2"})
    os.close(os.open(os.fsencode(root) + b"/\xff", os.O_CREAT | os.O_WRONLY))
    result = sync(root, "data:p/", storage=storage)
    assert (result.done["upload"], result.left_out) == (1, 2)
    result = sync("data:p/", root, storage=storage, delete=True)
    assert result.done == {"same": 1, "delete": 2}
    assert [path.name for path in root.iterdir()] == ["good"]


def test_the_parts_of_unfinished_downloads_are_no_files_of_the_folder(storage, local):
    part = ".a.0123456789ab.part"
    root = local({"a": b"1", part: b"half", ".b.0123456789ab.part": b"h", ".b.0123456789ab.part.json": b"{}"})
    sync(root, "data:p/", storage=storage, delete=True)
    assert blobs(storage) == {"a": b"1"}
    sync("data:p/", root, storage=storage, delete=True)
    assert read(root).keys() == {"a", ".b.0123456789ab.part", ".b.0123456789ab.part.json"}  # these can be continued


def test_the_kept_names_are_removed_with_the_last_file(storage, local):
    fill(storage, {"x/a?": b"1", "y": b"2", "x/" + "long" * 60: b"3"})
    root = local({})
    sync("data:p/", root, storage=storage)
    (root / "x" / NAMES_FILE).write_text(json.dumps({"a": "b"}))
    storage.delete("p/x/a?")
    storage.delete("p/x/" + "long" * 60)
    sync("data:p/", root, storage=storage, delete=True)
    assert [path.name for path in root.iterdir()] == ["y"]


def test_the_data_directory_of_the_store_is_neither_uploaded_nor_overwritten(tmp_path, runtime_base, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0")
    write(tmp_path / "home", {"a": b"1"})
    with Storage(data_dir=tmp_path / "home" / "deep" / "store") as storage:
        with pytest.raises(errors.ConflictError, match="--exclude /deep/store/"):
            sync(tmp_path / "home", "data:", storage=storage)
        with pytest.raises(errors.ConflictError, match="within the data directory"):
            sync("data:", tmp_path / "home" / "deep" / "store" / "blobs", storage=storage)
        rules = Rules.of(exclude=["/deep/store/"])
        assert sync(tmp_path / "home", "data:", storage=storage, rules=rules).done["upload"] == 1


def test_a_server_that_goes_away_in_the_middle_is_waited_for(storage, proxy, token, local, hasty):
    root = local({f"{number}": bytes([number]) * 50_000 for number in range(40)})
    with Storage(proxy.url, token=token, patience_s=60) as behind:
        behind.describe()
        proxy.faults.extend([Fault(cut_up=200_000), Fault(cut_up=10_000), Fault(refuse=True), Fault(cut_down=10)])
        proxy.cut_all()
        result = sync(root, "data:p/", storage=behind)
    assert result.done["upload"] == 40
    assert blobs(storage) == read(root)


def test_a_list_that_breaks_off_ends_the_sync_before_anything_is_deleted(storage, proxy, token, local):
    root = local({"a": b"1"})
    fill(storage, {f"extra-{number}": b"x" for number in range(5)})
    with Storage(proxy.url, token=token, retries=0) as behind:
        behind.describe()
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        with pytest.raises((errors.ConnectError, errors.TransferInterruptedError)):  # the cut is seen before or after
            sync(root, "data:p/", storage=behind, delete=True)
    assert len(blobs(storage)) == 5


def test_a_quota_that_fills_up_in_the_middle_keeps_the_deletes_back(server, local):
    change_limits(server.records(), "bounded", {("types", "data", "bytes"): 100_000})
    quotas = ()
    while not quotas:  # until the running server has noticed
        with Storage(server.url, token=server.token("bounded")) as storage:
            quotas = storage.describe().user.quotas
    root = local({f"{number}": bytes([number]) * 30_000 for number in range(6)})
    with Storage(server.url, token=server.token("bounded")) as storage:
        storage.set("p/extra", b"x" * 10)
        result = sync(root, "data:p/", storage=storage, delete=True)
        assert result.failed >= 3
        assert result.kept == 1
        assert storage.get("p/extra") == b"x" * 10
