"""Signing keys: made once for all, shared by all servers on one engine, replaced without losing what was signed."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest

from storage_tui.contract.errors import StorageError, UnauthorizedError, UnavailableError
from storage_tui.server.access import keyring as keyring_module
from storage_tui.server.access.control import open_access
from storage_tui.server.access.keyring import (
    PURPOSES,
    RECORD,
    forget_old_keys,
    load_keyring,
    rotate_keys,
)
from storage_tui.server.access.tokens import create_token, sign_token
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.records import Records


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return LocalRecords(tmp_path)


async def opens(records: Records, token: str) -> bool:
    try:
        return (await open_access(records).by_token(token)).namespace == namespace_of("ann")
    except UnauthorizedError:
        return False


def test_all_who_load_them_first_at_once_get_the_same_keys(records: Records) -> None:
    with ThreadPoolExecutor(8) as threads:
        loaded = list(threads.map(lambda _: load_keyring(records), range(8)))
    assert len({keyring.current(purpose).kid for keyring in loaded for purpose in PURPOSES}) == len(PURPOSES)


async def test_a_token_survives_new_keys_and_not_the_end_of_its_own(records: Records) -> None:
    token = create_token(records, "ann")
    rotate_keys(records)
    keyring = load_keyring(records)
    assert await opens(records, token)
    newer = sign_token(keyring, "ann")
    assert jwt.get_unverified_header(newer)["kid"] != jwt.get_unverified_header(token)["kid"]
    forget_old_keys(records)
    assert await opens(records, newer)
    assert not await opens(records, token)


async def test_a_running_keyring_learns_of_a_new_key_by_its_kid(records: Records) -> None:
    running = load_keyring(records, look_again_s=0.0)
    rotate_keys(records)
    kid = load_keyring(records).current("url").kid
    assert running.find("url", kid) is None
    found = await running.look_up("url", kid)
    assert found is not None
    assert found.kid == kid == running.current("url").kid
    assert await running.look_up("token", kid) is None


async def test_unknown_kids_do_not_make_it_read_the_record_each_time(records: Records) -> None:
    running = load_keyring(records, look_again_s=3600.0)
    assert await running.look_up("url", "unknown") is None
    rotate_keys(records)
    kid = load_keyring(records).current("url").kid
    assert await running.look_up("url", kid) is None
    running.refresh()
    assert await running.look_up("url", kid) is not None


def test_keys_that_go_away_or_break_leave_the_running_ones(records: Records) -> None:
    running = load_keyring(records)
    kid = running.current("token").kid
    records.write(RECORD, b"{}")
    with pytest.raises(StorageError, match="does not hold signing keys"):
        running.refresh()
    records.remove(RECORD)
    with pytest.raises(UnavailableError, match="restore them"):
        running.refresh()
    assert running.current("token").kid == kid


def test_changes_at_the_same_moment_are_all_kept(records: Records) -> None:
    first = load_keyring(records).current("token").kid
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: rotate_keys(records), range(4)))
    content = records.read(RECORD)
    assert content is not None
    assert len(keyring_module.parse_keys(content.content).keys["token"]) == 5
    assert load_keyring(records).find("token", first) is not None


def test_keys_are_ours_alone_and_never_shown(tmp_path: Path, records: Records) -> None:
    key = load_keyring(records).current("token")
    kept = tmp_path / "records" / f"{RECORD}.record"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "***" in repr(key)
    assert f"{key.secret}" == str(key.secret) == repr(key.secret) == "***"
    kept.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        load_keyring(records)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"token": 1}', "\0", '{"token": {"current": "a", "keys": {}}}'])
def test_a_broken_record_is_one_clear_line(records: Records, content: str) -> None:
    records.write(RECORD, content.encode())
    with pytest.raises(StorageError, match="does not hold signing keys"):
        load_keyring(records)


def test_fields_that_are_cut_elsewhere_sign_otherwise(records: Records) -> None:
    key = load_keyring(records).current("url")
    assert len({key.sign(b"a", b"bc"), key.sign(b"ab", b"c"), key.sign(b"abc"), key.sign(b"abc", b"")}) == 4
