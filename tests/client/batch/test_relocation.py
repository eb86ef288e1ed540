"""The job that moves and copies blobs and folders on the server: conflicts, refusals, stopped and gone on with."""

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from storage_tui import Storage, TransferControl, errors
from storage_tui.client.batch.origins import Origin
from storage_tui.client.batch.relocation import Relocated, Relocation
from storage_tui.client.http import retry
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.keys import Location
from storage_tui.contract.models import FEATURES, Blob, ServiceInfo
from tests.client.published import PublishedServer
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer
from tests.server.stores.test_conformance import AWKWARD_KEYS

OLDER = ServiceInfo(features=frozenset(FEATURES) - {"move", "move-batch", "copy-batch", "usage"})
ANSWER_BYTES = 2500  # the results of ten moves are longer, those of ten refusals shorter
KINDS = ("ours", "older", "published")


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, server: RunningServer, token: str) -> Iterator[Storage]:
    """A client of every kind of server."""
    if request.param == "published":
        with PublishedServer(server.url) as running, Storage(running.url, token=token) as plain:
            yield plain
        return
    with Storage(server.url, token=token) as ours:
        if request.param == "older":
            ours.engine.service.description = OLDER
        yield ours


def folder(key: str, storage_type: str = "data", *, base: str | None = None) -> Origin:
    return Origin(storage_type, key, is_folder=True, base=key if base is None else base)


def blob(key: str, storage_type: str = "data", *, base: str | None = None) -> Origin:
    return Origin(storage_type, key, base=key if base is None else base)


def job(client: Storage, origins: Sequence[Origin], to: str, **options: Any) -> Relocation:
    return Relocation(client.engine, origins, Location.parse(to), **options)


def contents(storage: Storage, storage_type: str = "data") -> dict[str, bytes]:
    return {key: storage.get(key, storage_type) for key in storage.iter_list("", storage_type)}


def fill(storage: Storage, keys: Sequence[str], storage_type: str = "data") -> None:
    for key in keys:
        storage.set(key, key.encode(), storage_type)


def test_folders_and_blobs_move_on_every_kind_of_server(client: Storage, storage: Storage) -> None:
    fill(storage, ["f/a", "f/g/b", "f2/c", "one"])
    fill(storage, ["t"], "tmp")
    told: list[Relocated] = []
    run = job(
        client, [folder("f/", base=""), blob("one", base=""), blob("t", "tmp", base="")], "result:to/",
        on_results=told.extend,
    )  # fmt: skip
    plan = run.plan()
    assert plan.count in (4, None) and plan.conflicts == 0
    summary = run.run()
    assert (summary.done, summary.skipped, summary.failed, summary.is_cancelled) == (4, 0, 0, False)
    assert len(told) == 4 and all(row.state == "done" and row.result.blob is not None for row in told)
    assert run.progress().files_done == 4
    assert contents(storage, "result") == {"to/f/a": b"f/a", "to/f/g/b": b"f/g/b", "to/one": b"one", "to/t": b"t"}
    assert (storage.list(), storage.list(storage_type="tmp")) == (["f2/c"], [])
    copied = job(client, [folder("to/", "result")], "data:", is_move=False).run()
    assert copied.done == 4 and len(storage.list(storage_type="result")) == 4
    assert storage.list() == ["f/a", "f/g/b", "f2/c", "one", "t"]


@pytest.mark.parametrize("conflict", list(Conflict))
def test_every_answer_to_a_conflict_on_every_kind_of_server(
    client: Storage, storage: Storage, conflict: Conflict
) -> None:
    wanted = {"f/free": b"free", "f/other": b"longer", "f/same": b"same", "f/size": b"abcd"}
    there = {"to/other": b"short", "to/same": b"same", "to/size": b"efgh"}
    for key, value in {**wanted, **there}.items():
        storage.set(key, value)
    run = job(client, [folder("f/")], "to/", conflict=conflict)
    plan = run.plan()
    assert plan.conflicts == 3 and plan.examples == ("to/other", "to/same", "to/size")
    summary = run.run()
    found = contents(storage)
    has_checksums = "set" in client.describe().features
    moved = {
        Conflict.SKIP: {"free"}, Conflict.REFUSE: {"free"}, Conflict.OVERWRITE: {"free", "other", "same", "size"},
        Conflict.RENAME: {"free", "other", "same", "size"}, Conflict.OTHER_SIZE: {"free", "other"},
        Conflict.DIFFERENT: {"free", "other", "size"} | (set() if has_checksums else {"same"}),
    }[conflict]  # fmt: skip
    assert {key for key in wanted if key not in found} == {f"f/{name}" for name in moved}
    for name in moved:
        key = f"to/{name} (2)" if conflict is Conflict.RENAME and f"to/{name}" in there else f"to/{name}"
        assert found[key] == wanted[f"f/{name}"]
    kept = {key: value for key, value in there.items() if key[3:] not in moved or conflict is Conflict.RENAME}
    assert kept.items() <= found.items()
    assert summary.done == len(moved) and summary.done + summary.skipped + summary.failed == 4
    assert summary.failed == (3 if conflict is Conflict.REFUSE else 0) == len(summary.failures)


def test_awkward_keys_move_as_they_are(client: Storage, storage: Storage) -> None:
    keys = [f"f/{key}" for key in AWKWARD_KEYS] + ["f/" + "x" * 1000]
    fill(storage, keys)
    summary = job(client, [folder("f/")], "tmp:g/").run()
    assert (summary.done, summary.failed) == (len(keys), 0)
    assert contents(storage, "tmp") == {f"g/{key[2:]}": key.encode() for key in keys}


def test_a_key_that_gets_too_long_or_empty_stays_and_is_told(client: Storage, storage: Storage) -> None:
    fill(storage, ["f/", "f/" + "x" * 1000, "f/ok"])
    summary = job(client, [folder("f/")], "data:" + "y" * 100 + "/").run()
    assert (summary.done, summary.failed) == (2, 1)
    assert summary.failures[0].result.error == "invalid_key"
    assert storage.list("f/") == ["f/" + "x" * 1000]
    fill(storage, ["m/", "m/k"])
    summary = job(client, [folder("m/")], "tmp:").run()
    assert (summary.done, summary.failed) == (1, 1) and storage.list("m/") == ["m/"]


@pytest.mark.parametrize(
    ("origins", "to", "error", "words"),
    [
        ([folder("f/")], "data:f/g/", errors.BadRequestError, "into itself"),
        ([folder("f/")], "data:f/", errors.BadRequestError, "it is there already"),
        ([folder("f/", base="")], "data:", errors.BadRequestError, "it is there already"),
        ([folder("")], "data:x/", errors.BadRequestError, "into itself"),
        ([folder("")], "data:", errors.BadRequestError, "it is there already"),
        ([folder("n/n/")], "data:n/", errors.ConflictError, "move data:n/n/n/ elsewhere first"),
        ([folder("f/"), folder("f/g/")], "tmp:", errors.BadRequestError, "is in data:f/, which is moved too"),
        ([folder("f/"), blob("f/a", base="f/")], "tmp:", errors.BadRequestError, "is in data:f/"),
        ([folder(""), blob("x/y", base="x/")], "tmp:", errors.BadRequestError, "is in data:"),
        ([blob("x/y", base="x/"), folder("f/", base="")], "data:f/", errors.BadRequestError, "into"),
        ([folder("x/"), folder("f/g/")], "data:f/", errors.BadRequestError, "would be moved into"),
        ([folder("f/", "products")], "data:x/", errors.TypeRuleError, "cannot move blobs: products is upload only"),
        ([blob("k", "products")], "data:x", errors.TypeRuleError, "cannot move 'k'"),
        ([folder("f/")], "data:../", errors.InvalidKeyError, "segment"),
        ([blob("a/../b")], "data:x", errors.InvalidKeyError, "segment"),
        ([folder("none/")], "data:x/", errors.NotFoundError, "nothing is stored in the folder data:none/"),
        ([], "data:x/", errors.NotFoundError, "nothing is named"),
        ([Origin("data", "k", base="other")], "data:x", errors.BadRequestError, "does not begin with"),
        ([blob("k", "nope")], "data:x", errors.UnknownStorageTypeError, "nope"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_before_anything_moves(
    storage: Storage, origins: list[Origin], to: str, error: type[Exception], words: str
) -> None:
    fill(storage, ["f/a", "f/g/b", "n/n/n/x", "n/n/y", "x/y"])
    fill(storage, ["f/p", "k"], "products")
    before = contents(storage)
    for attempt in ("plan", "run"):
        with pytest.raises(error, match=words):
            getattr(job(storage, origins, to), attempt)()
    assert contents(storage) == before


@pytest.mark.parametrize(
    ("origins", "to"),
    [([folder("a/"), folder("b/")], "to/"), ([blob("a/k", base="a/"), blob("b/k", base="b/")], "to/"),
     ([folder("a/", base="a/"), blob("b/k", base="b/")], "to/")],
)  # fmt: skip
def test_two_that_would_overwrite_each_other_are_refused_and_otherwise_one_stays(
    storage: Storage, origins: list[Origin], to: str
) -> None:
    fill(storage, ["a/k", "b/k"])
    with pytest.raises(errors.BadRequestError, match="overwrite each other"):
        job(storage, origins, to, conflict=Conflict.OVERWRITE).run()
    summary = job(storage, origins, to, conflict=Conflict.SKIP).run()
    assert (summary.done, summary.skipped) == (1, 1)
    assert sorted(contents(storage).values()) == [b"a/k", b"b/k"]


def test_a_folder_is_moved_up_and_down_and_beside_names_that_begin_alike(storage: Storage) -> None:
    fill(storage, ["a/b/1", "a/b/c/2", "a/bb", "a/b", "ab/3"])
    job(storage, [folder("a/b/")], "data:a/").run()
    assert storage.list() == ["a/1", "a/b", "a/bb", "a/c/2", "ab/3"]
    job(storage, [folder("a/", base="")], "data:z/y/").run()
    assert storage.list() == ["ab/3", "z/y/a/1", "z/y/a/b", "z/y/a/bb", "z/y/a/c/2"]
    job(storage, [folder("")], "tmp:all/").run()
    assert storage.list() == [] and len(storage.list(storage_type="tmp")) == 5
    job(storage, [folder("all/", "tmp"), folder("all/", "tmp")], "data:").run()  # named twice
    assert storage.list() == ["ab/3", "z/y/a/1", "z/y/a/b", "z/y/a/bb", "z/y/a/c/2"]


def test_only_the_version_that_was_listed_moves(storage: Storage) -> None:
    storage.set("k", b"first")
    listed = storage.list_page().blobs[0]
    storage.set("k", b"second")
    summary = job(storage, [Origin.of(listed, base="")], "tmp:", conflict=Conflict.SKIP).run()
    assert summary.failed == 1 and summary.failures[0].result.error == "precondition_failed"
    assert storage.get("k") == b"second"
    assert job(storage, [Origin.of(storage.stat("k"), base="")], "tmp:").run().done == 1
    assert isinstance(listed, Blob)


def test_a_move_onto_itself_is_skipped(storage: Storage) -> None:
    fill(storage, ["k", "l"])
    summary = job(storage, [blob("k", base=""), blob("l", base="")], "data:", conflict=Conflict.OVERWRITE).run()
    assert (summary.skipped, summary.done) == (2, 0) and contents(storage) == {"k": b"k", "l": b"l"}


def test_a_job_that_is_cancelled_anywhere_goes_on_and_loses_nothing(storage: Storage) -> None:
    keys = [f"f/{number:03}" for number in range(300)]
    fill(storage, keys)
    rounds = 0
    while True:
        rounds += 1
        control = TransferControl()
        run = job(
            storage, [folder("f/")], "tmp:g/", control=control, batch_moves=20,
            on_results=lambda _, control=control: control.cancel(),
        )  # fmt: skip
        try:
            summary = run.run()
        except errors.NotFoundError:
            break
        assert summary.done >= 20
        left, there = storage.list("f/"), storage.list("g/", "tmp")
        assert sorted(key[2:] for key in (*left, *there)) == [key[2:] for key in keys]
    assert rounds > 4 and contents(storage, "tmp") == {f"g/{key[2:]}": key.encode() for key in keys}


def test_a_paused_job_waits_and_goes_on(storage: Storage) -> None:
    fill(storage, [f"f/{number}" for number in range(40)])
    control = TransferControl()
    has_begun = threading.Event()

    def pause(_: object) -> None:
        if not has_begun.is_set():
            control.pause()
            has_begun.set()

    run = job(storage, [folder("f/")], "tmp:g/", control=control, batch_moves=4, on_results=pause)
    thread = threading.Thread(target=run.run)
    thread.start()
    assert has_begun.wait(30)
    assert run.summary.done < 40
    control.unpause()
    thread.join(30)
    assert run.summary.done == 40 and storage.list("f/") == []


@pytest.mark.parametrize("is_move", [True, False])
def test_a_move_whose_answer_is_lost_is_looked_for(
    behind: Storage, proxy: FaultProxy, storage: Storage, monkeypatch: pytest.MonkeyPatch, is_move: bool
) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.001)
    keys = [f"f/{number}" for number in range(30)]
    fill(storage, keys)
    behind.describe()
    proxy.cut_all()
    proxy.default = Fault(cut_down=ANSWER_BYTES)
    summary = job(behind, [folder("f/")], "tmp:g/", batch_moves=10, is_move=is_move).run()
    assert (summary.done, summary.failed) == (30, 0) and proxy.connections > 3
    assert len(storage.list("f/")) == (0 if is_move else 30)
    assert contents(storage, "tmp") == {f"g/{key[2:]}": key.encode() for key in keys}


def test_an_error_for_all_ends_the_job_and_what_moved_is_told(server: RunningServer, storage: Storage) -> None:
    fill(storage, [f"f/{number}" for number in range(10)])
    told: list[Relocated] = []
    with Storage(server.url, token="not.a.token", retries=0) as stranger, pytest.raises(errors.StorageError):
        job(stranger, [folder("f/")], "tmp:", on_results=told.extend).run()
    assert told == [] and len(storage.list("f/")) == 10


def test_a_callback_that_fails_ends_the_job_and_nothing_is_lost(storage: Storage) -> None:
    keys = [f"f/{number:03}" for number in range(100)]
    fill(storage, keys)

    def fail(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        job(storage, [folder("f/")], "tmp:g/", batch_moves=10, on_results=fail).run()
    assert sorted(key[2:] for key in (*storage.list("f/"), *storage.list("g/", "tmp"))) == [key[2:] for key in keys]


def test_random_trees_move_as_a_dict_would(storage: Storage) -> None:
    chance = random.Random(5)
    model: dict[str, bytes] = {}
    for number in range(40):
        key = "/".join(chance.choice(["a", "b", "ab", "c d", "ü", ""]) for _ in range(chance.randrange(1, 5)))
        if key.strip("/"):
            model[key] = b"%d" % number
            storage.set(key, model[key])
    for _ in range(25):
        prefixes = sorted({key[: key.rfind("/") + 1] for key in model} - {""})
        source, into = chance.choice(prefixes), chance.choice([*prefixes, "new/", "a/x/"])
        before = dict(model)
        try:
            summary = job(storage, [folder(source)], f"data:{into}", conflict=Conflict.OVERWRITE).run()
        except (errors.BadRequestError, errors.ConflictError, errors.NotFoundError):
            assert contents(storage) == before
            continue
        assert summary.failed == 0
        moved = {key: into + key[len(source) :] for key in before if key.startswith(source)}
        model = {key: value for key, value in before.items() if key not in moved}
        model |= {to: before[key] for key, to in moved.items()}
        assert contents(storage) == model
