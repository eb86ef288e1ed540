"""Folders: keys become local names injectively, and never one outside the chosen folder."""

import errno
import os
import unicodedata
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.client.batch.folders import LeftOut, find_files, local_names, local_segment
from storage_tui.contract.errors import InvalidKeyError, LocalFileError
from storage_tui.contract.keys import check_key


def names(*keys, prefix=""):
    return [str(name.path) for name in local_names(keys, prefix)]


def test_plain_keys_keep_their_names():
    assert names("maps/a.tif", "maps/b/c.csv", prefix="maps/") == ["a.tif", "b/c.csv"]


@pytest.mark.parametrize(
    ("segment", "name"),
    [("a:b", "a%3Ab"), ("a\\b", "a%5Cb"), ("100%", "100%25"), ("con", "%63on"), ("NUL.txt", "%4EUL.txt"),
     ("a.", "a%2E"), ("a ", "a%20"), ("", "%"), ("a\x1b[2J", "a%1B[2J")],
)  # fmt: skip
def test_a_segment_that_a_system_would_fold_or_refuse_is_escaped(segment, name):
    assert local_segment(segment) == name


def test_keys_with_odd_slashes_stay_apart_and_inside():
    assert names("a//b", "/a", "a/", "a/b") == ["a/%/b", "%/a", "a/%%~2", "a/b"]


def test_names_that_a_file_system_folds_get_a_suffix_and_are_reported():
    result = list(local_names(["A.txt", "a.txt", "caf\u00e9", "cafe\u0301"], ""))
    assert [str(name.path) for name in result] == ["A.txt", "a.txt%~2", "caf\u00e9", "cafe\u0301%~2"]
    assert [bool(name.note) for name in result] == [False, True, False, True]


def test_a_key_beside_keys_below_it_gets_a_suffix():
    assert names("a", "a/b", "a/c") == ["a", "a%~2/b", "a%~2/c"]


def test_a_long_segment_is_cut_and_stays_unique():
    long = ["x" * 900 + "1", "x" * 900 + "2"]
    first, second = names(*long)
    assert first != second
    assert all(len(name.encode()) <= 200 for name in (first, second))


KEYS = st.text(alphabet=st.sampled_from("aA./ \\%:~é\u0301\u00c9"), min_size=1, max_size=8)


@given(st.lists(KEYS, unique=True, max_size=12))
def test_any_keys_become_different_names_inside_the_folder(candidates):
    keys = []
    for candidate in candidates:
        try:
            keys.append(check_key(candidate))
        except InvalidKeyError:
            continue
    paths = names(*keys)
    folded = {unicodedata.normalize("NFC", path).casefold() for path in paths}
    assert len(folded) == len(keys)
    files = set(paths)
    for path in paths:
        assert not path.startswith("/")
        parts = path.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert not any("/".join(parts[:depth]) in files for depth in range(1, len(parts)))


def test_only_regular_files_are_found_and_in_order(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.csv").write_bytes(b"12")
    (tmp_path / "a.txt").write_bytes(b"1")
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    assert [(file.key, file.size_bytes) for file in find_files(tmp_path, "p/")] == [("p/a.txt", 1), ("p/b/x.csv", 2)]


def test_what_is_left_out_is_told_and_the_rest_is_found(tmp_path):
    for name in ("a", "m", "z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_bytes(b"12")
    (tmp_path / "bad\nname").write_bytes(b"")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    gone: list[LeftOut] = []
    real = os.scandir

    def scandir(path):
        if Path(path).name == "m":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    with mock.patch("os.scandir", scandir):
        found = [file.key for file in find_files(tmp_path, "p/", gone.append)]
    assert found == ["p/a/x.csv", "p/z/x.csv"]
    assert [(row.path.name, row.is_failure) for row in gone] == [
        ("bad\nname", True), ("link", False), ("m", True), ("pipe", False)
    ]  # fmt: skip
    assert all(word in row.why for row, word in zip(gone, ("U+000A", "symbolic", "denied", "neither"), strict=True))


def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(LocalFileError, match="No such file"):
        list(find_files(tmp_path / "missing", ""))


def test_a_file_name_that_no_key_can_be_is_named(tmp_path):
    (tmp_path / "a\nb").write_bytes(b"")
    with pytest.raises(LocalFileError, match=r"U\+000A"):
        list(find_files(tmp_path, ""))


def test_a_file_that_cannot_be_looked_at_is_named(tmp_path):
    """Its folder can still be read, its own path is longer than the system takes."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    folder = tmp_path
    while len(str(folder)) < 4080:
        segment = "d" * min(200, 4090 - len(str(folder)) - 1)
        os.mkdir(segment, dir_fd=descriptor)
        deeper = os.open(segment, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor, folder = deeper, folder / segment
    os.close(os.open("a-name-of-some-length", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    with pytest.raises(LocalFileError, match="cannot read"):
        list(find_files(folder, ""))
