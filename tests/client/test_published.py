"""Every call on a server that speaks the published calls only."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.errors import ConflictError, NotFoundError, PreconditionFailedError
from storage_tui.contract.wire import Span
from tests.client.published import PublishedServer
from tests.server.running import RunningServer

KEYS = ("a/1", "a/2", "a/3", "a/4", "a/5", "b", "c/1", "c/d/1", "e", "f/", "g")


@pytest.fixture
def plain(make: Callable[..., Any], published: PublishedServer, token: str) -> Any:
    return make(published.url, token=token)


def test_a_published_server_has_no_features(plain: Any) -> None:
    assert plain.describe().features == frozenset()


@pytest.mark.parametrize("size_bytes", [0, 1, 300_000, 5_000_001])
def test_values_and_files_go_both_ways(plain: Any, tmp_path: Path, size_bytes: int) -> None:
    content = bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256)
    plain.set("v", content)
    assert plain.get("v") == content
    plain.set_file("s", io.BytesIO(content))
    assert plain.get("s") == content
    (tmp_path / "a").write_bytes(content)
    assert plain.set_file("f", tmp_path / "a").size_bytes == size_bytes
    assert plain.get_file("f", tmp_path / "b").size_bytes == size_bytes
    assert (tmp_path / "b").read_bytes() == content


def test_lists_run_over_several_pages(plain: Any) -> None:
    for key in KEYS:
        plain.set(key, b"")
    assert list(plain.iter_list()) == sorted(KEYS)
    assert plain.list("c/") == ["c/1", "c/d/1"]


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_folders_are_folded_here_and_named_once(plain: Any, limit: int) -> None:
    for key in KEYS:
        plain.set(key, b"xy")
    keys, folders, token = [], [], None
    while True:
        page = plain.list_page(token=token, limit=limit)
        assert len(page.blobs) + len(page.prefixes) <= limit
        keys += [blob.key for blob in page.blobs]
        folders += page.prefixes
        token = page.next_token
        if token is None:
            break
    assert (keys, folders) == (["b", "e", "g"], ["a/", "c/", "f/"])
    assert plain.list_page("c/").prefixes == ("c/d/",)
    assert [blob.key for blob in plain.list_page("f/").blobs] == ["f/"]


def test_columns_are_made_here_and_tell_names(plain: Any) -> None:
    for key in KEYS:
        plain.set(key, b"xy")
    names, token = [], None
    while True:
        [page] = plain.list_columns(token=token)
        assert not any(page.sizes) and not any(page.modified)
        names += page.names
        token = page.next_token
        if token is None:
            break
    assert names == ["a/", "b", "c/", "e", "f/", "g"]


def test_usage_walks_the_list(plain: Any) -> None:
    for key in KEYS:
        plain.set(key, b"xy")
    usage = plain.usage(delimiter="/")
    assert (usage.count, usage.size_bytes) == (11, 22)
    assert [(child.prefix, child.count) for child in usage.children] == [("a/", 5), ("c/", 2), ("f/", 1)]


def test_copy_goes_through_this_machine(plain: Any) -> None:
    plain.set("k", b"x" * 5_000_000)
    assert plain.copy("k", "l", to_storage_type="tmp").size_bytes == 5_000_000
    assert plain.get("l", "tmp") == b"x" * 5_000_000
    with pytest.raises(ConflictError):
        plain.copy("k", "l", to_storage_type="tmp", overwrite=False)
    with pytest.raises(NotFoundError):
        plain.copy("missing", "l")


def test_delete_many_deletes_one_by_one(plain: Any) -> None:
    plain.set("k", b"")
    assert [result.error for result in plain.delete_many(["k", "missing"])] == [None, "not_found"]
    assert [result.error for result in plain.delete_many([("k", "etag")])] == ["not_found"]


def test_a_range_is_cut_out_of_the_whole(plain: Any) -> None:
    plain.set("k", bytes(range(200)))
    for start, stop, span in ((0, None, Span(0, 200)), (7, 9, Span(7, 9)), (-5, None, Span(195, 200))):
        read = plain.read_range("k", start=start, stop=stop)
        assert (read.data, read.span) == (bytes(range(200))[span.start : span.stop], span)
        assert read.blob.size_bytes == 200


def test_stat_tells_the_size(plain: Any) -> None:
    plain.set("k", b"12345")
    assert plain.stat("k").size_bytes == 5
    assert plain.exists("k")


def test_a_blob_of_another_etag_is_not_deleted_even_if_the_server_does_not_look(
    server: RunningServer, token: str
) -> None:
    with PublishedServer(server.url, keeps_tags=True) as published, Storage(published.url, token=token) as plain:
        plain.set("k", b"1")
        old = plain.stat("k")
        plain.set("k", b"2")
        assert plain.delete_many([old])[0].error == PreconditionFailedError.code
        assert plain.get("k") == b"2"
