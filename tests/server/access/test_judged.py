"""Tokens whose signature was checked before: what ends them all the same, and that none but good ones are kept."""

import time
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from storage_tui.contract.errors import UnauthorizedError
from storage_tui.server.access import tokens
from storage_tui.server.access.control import AccessControl, open_access
from storage_tui.server.access.judged import Judged, JudgedTokens
from storage_tui.server.access.keyring import forget_old_keys, rotate_keys
from storage_tui.server.access.revocations import revoke_user
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.stores.local.records import LocalRecords


@pytest.fixture
def control(tmp_path: Path) -> AccessControl:
    return open_access(LocalRecords(tmp_path))


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was checked, counted around the real check."""
    seen: list[str] = []
    real = jwt.decode

    def decode(text: str, *args: object, **options: object) -> object:
        seen.append(text)
        return real(text, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(jwt, "decode", decode)
    return seen


async def test_a_signature_is_checked_once(control: AccessControl, checks: list[str]) -> None:
    token = tokens.create_token(control.records, "ann")
    first = await control.by_token(f"Bearer {token}")
    assert all([await control.by_token(f"Bearer {token}") == first for _ in range(9)])
    assert first.namespace == namespace_of("ann") and checks == [token]
    other = tokens.create_token(control.records, "bob")
    assert (await control.by_token(f"Bearer {other}")).namespace == namespace_of("bob")


async def test_an_expired_token_is_refused_whatever_was_known(
    control: AccessControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.create_token(control.records, "ann", valid_for=timedelta(seconds=3600))
    await control.by_token(token)
    ends = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: ends)
    assert control._judged.find(token) is None and not len(control._judged)


async def test_a_revoked_token_is_refused_whatever_was_known(control: AccessControl) -> None:
    token = tokens.create_token(control.records, "ann")
    await control.by_token(token)
    revoke_user(control.records, namespace_of("ann"))
    control.revocations.refresh()
    with pytest.raises(UnauthorizedError, match="revoked"):
        await control.by_token(token)


async def test_a_token_whose_key_is_gone_is_refused_whatever_was_known(control: AccessControl) -> None:
    token = tokens.create_token(control.records, "ann")
    await control.by_token(token)
    rotate_keys(control.records)
    forget_old_keys(control.records)
    control.keyring.refresh()
    with pytest.raises(UnauthorizedError):
        await control.by_token(token)


async def test_only_good_tokens_are_kept_and_not_too_many(control: AccessControl) -> None:
    good = tokens.create_token(control.records, "ann")
    for bad in (good[:-4] + "AAAA", good + "A", "x", "a.b.c", "", "\udc80"):
        with pytest.raises(UnauthorizedError):
            await control.by_token(bad)
    assert not len(control._judged)
    grant, key = await control.by_token(good), control.keyring.current("token")
    few = JudgedTokens(control.keyring, most_tokens=2)
    for name in ("a", "b", "c"):
        few.keep(name, Judged(grant, key, time.time() + 60))
    assert [few.find(name) for name in ("a", "b", "c")] == [None, grant, grant]
