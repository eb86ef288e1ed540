"""Tokens of an identity provider: RS256 alone, under keys that it shows now, from an address that cannot harm us."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from storage_tui.contract.errors import BadRequestError, StorageError, UnauthorizedError, UnavailableError
from storage_tui.server.access import jwks
from storage_tui.server.access.control import AccessControl, open_access
from storage_tui.server.access.jwks import LOOK_AGAIN_S, IdentityProvider, parse_jwks
from storage_tui.server.access.revocations import revoke_user
from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.access.jwks_site import Issuer, document, serving


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


def access(tmp_path: Path, theirs: Issuer, **settings: Any) -> AccessControl:
    file = tmp_path / "jwks.json"
    file.write_bytes(document(theirs.jwk()))
    return open_access(LocalRecords(tmp_path), IdentityProvider(str(file), **settings))


async def namespace(control: AccessControl, token: str) -> str | None:
    try:
        return (await control.by_token(f"Bearer {token}")).namespace
    except UnauthorizedError:
        return None


async def test_their_tokens_open_the_namespace_of_their_subject_beside_ours(tmp_path: Path, issuer: Issuer) -> None:
    control = access(tmp_path, issuer)
    assert await namespace(control, issuer.token(sub="carol")) == namespace_of("carol")
    assert await namespace(control, create_token(control.records, "ann")) == namespace_of("ann")
    assert (await control.by_token(issuer.token(storage={"verbs": ["read"]}))).restriction is None


async def test_issuer_and_audience_are_held_against_the_token(tmp_path: Path, issuer: Issuer) -> None:
    control = access(tmp_path, issuer, issuer="https://idp", audience="storage")
    assert await namespace(control, issuer.token(iss="https://idp", aud="storage"))
    assert await namespace(control, issuer.token(iss="https://idp", aud=["other", "storage"]))
    for claims in (
        {}, {"iss": "https://idp"}, {"aud": "storage"}, {"iss": "https://idp/", "aud": "storage"},
        {"iss": "https://idp", "aud": "other"}, {"iss": ["https://idp"], "aud": "storage"},
    ):  # fmt: skip
        assert await namespace(control, issuer.token(**claims)) is None, claims


def crafted(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    """A token as nobody's library would make it: an HMAC under any bytes."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.new(key, b".".join(parts), hashlib.sha256).digest()
    return b".".join((*parts, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


async def test_no_algorithm_passes_for_another(tmp_path: Path, issuer: Issuer) -> None:
    control = access(tmp_path, issuer)
    ours, claims = control.keyring.current("token"), {"sub": "ann", "exp": int(time.time()) + 60}
    for token in (
        crafted({"alg": "HS256", "kid": issuer.kid}, claims, issuer.pem()),
        crafted({"alg": "HS256", "kid": issuer.kid}, claims, issuer.pem().strip()),
        crafted({"alg": "RS256", "kid": issuer.kid}, claims, issuer.pem()),
        crafted({"alg": "HS256", "kid": issuer.kid}, claims, ours.secret.reveal()),
        crafted({"alg": "HS256", "kid": issuer.kid}, claims, b""),
        crafted({"alg": "RS256", "kid": ours.kid}, claims, ours.secret.reveal()),
        jwt.encode(claims, issuer.private, "RS384", headers={"kid": issuer.kid}),
        jwt.encode(claims, issuer.private, "PS256", headers={"kid": issuer.kid}),
        jwt.encode(claims, None, "none", headers={"kid": issuer.kid}),
        issuer.token(kid=ours.kid),
        issuer.token(kid="unknown"),
        Issuer(issuer.kid).token(),
    ):
        assert await namespace(control, token) is None, jwt.get_unverified_header(token)
    assert await namespace(control, crafted({"alg": "HS256", "kid": ours.kid}, claims, ours.secret.reveal()))


@pytest.mark.parametrize("changes", [
    {"exp": 1}, {"exp": None}, {"exp": "soon"}, {"exp": [1]}, {"sub": None}, {"sub": ""}, {"sub": 5},
    {"sub": "x" * 1025}, {"nbf": 9e9}, {"sub": "\ud800"},
])  # fmt: skip
async def test_a_token_of_theirs_must_hold(tmp_path: Path, issuer: Issuer, changes: dict[str, Any]) -> None:
    assert await namespace(access(tmp_path, issuer), issuer.token(**changes)) is None


async def test_their_user_can_be_revoked_here(tmp_path: Path, issuer: Issuer) -> None:
    control = access(tmp_path, issuer)
    old, undated = issuer.token(iat=int(time.time()) - 5), issuer.token()
    assert await namespace(control, old) and await namespace(control, undated)
    revoke_user(control.records, namespace_of("ann"))
    control.revocations.refresh()
    assert await namespace(control, old) is None and await namespace(control, undated) is None
    assert await namespace(control, issuer.token(iat=time.time() + 1))


async def test_an_unknown_kid_asks_again_at_most_once_a_minute(tmp_path: Path, issuer: Issuer) -> None:
    now = 1000.0
    newer = Issuer("newer")
    with serving(document(issuer.jwk())) as site:
        provider = IdentityProvider(site.url, clock=lambda: now)
        control = open_access(LocalRecords(tmp_path), provider)
        assert await namespace(control, issuer.token()) and site.asked == 1
        site.content = document(newer.jwk())
        for _ in range(5):
            assert await namespace(control, newer.token()) is None
        assert site.asked == 1
        now += LOOK_AGAIN_S
        assert await namespace(control, newer.token()) and site.asked == 2
        assert await namespace(control, issuer.token()) is None, "a key that was withdrawn has ended"
        now += LOOK_AGAIN_S
        site.status = 500
        assert await namespace(control, Issuer("third").token()) is None and site.asked == 3
        assert await namespace(control, newer.token()), "keys stay while the provider is out of order"


async def test_a_withdrawn_key_ends_within_an_hour_though_nobody_waits_for_it(tmp_path: Path, issuer: Issuer) -> None:
    now = 1000.0
    newer = Issuer("newer")
    with serving(document(issuer.jwk())) as site:
        provider = IdentityProvider(site.url, clock=lambda: now)
        control = open_access(LocalRecords(tmp_path), provider)
        site.content = document(newer.jwk())
        now += jwks.FRESH_S + 1
        assert await namespace(control, issuer.token())
        assert provider._renewing is not None
        await provider._renewing
        assert await namespace(control, issuer.token()) is None


def test_a_server_starts_without_its_provider_but_not_without_a_file(tmp_path: Path) -> None:
    with serving(b"") as site:
        gone = site.url
    open_access(LocalRecords(tmp_path), IdentityProvider(gone))
    with pytest.raises(UnavailableError, match="No such file"):
        open_access(LocalRecords(tmp_path), IdentityProvider(str(tmp_path / "missing.json")))


@pytest.mark.parametrize("source", [
    "http://example.com/jwks.json", "ftp://127.0.0.1/x", "file:///etc/passwd", "https://", "http://127.0.0.1.evil/x",
    "http://user@evil/127.0.0.1",
])  # fmt: skip
def test_keys_come_over_https_or_from_this_machine(source: str) -> None:
    with pytest.raises(BadRequestError, match="https://"):
        IdentityProvider(source)


def test_fetching_is_bounded_and_follows_no_redirect(issuer: Issuer) -> None:
    with serving(document(issuer.jwk())) as site, serving(document(issuer.jwk())) as other:
        site.status, site.headers = 302, {"Location": other.url}
        with pytest.raises(UnavailableError):
            IdentityProvider(site.url).load()
        assert other.asked == 0
        site.status, site.headers, site.content = 200, {}, b" " * (jwks.MAX_DOCUMENT_BYTES + 1)
        with pytest.raises(BadRequestError, match="more than"):
            IdentityProvider(site.url).load()
        with pytest.raises(UnavailableError):
            IdentityProvider(site.url, fetch_s=0.0).load()


def test_only_public_rsa_keys_for_signatures_count(issuer: Issuer) -> None:
    good = issuer.jwk()
    for row in (
        {**good, "kty": "oct", "k": "AAAA"}, {**good, "use": "enc"}, {**good, "alg": "HS256"}, {**good, "kid": 5},
        Issuer(bits=1024).jwk(),
    ):  # fmt: skip
        with pytest.raises(BadRequestError):
            parse_jwks(document(row))
        assert set(parse_jwks(document(row, {**good, "kid": "good"}))) == {"good"}
    private = jwt.algorithms.RSAAlgorithm.to_jwk(issuer.private, as_dict=True)
    with pytest.raises(BadRequestError, match="private key"):
        parse_jwks(document({**private, "kid": "x"}))


@pytest.mark.parametrize("content", [
    b"", b"{}", b"[]", b'{"keys": 5}', b'{"keys": [5]}', b'{"keys": []}', b"\xff", b"[" * 100_000,
    b'{"keys": [{"kty": "RSA", "kid": "x"}]}', b'{"keys": [{"kty": "RSA", "kid": "x", "n": "!", "e": "AQAB"}]}',
])  # fmt: skip
def test_a_document_without_keys_is_one_clear_line(content: bytes) -> None:
    with pytest.raises(StorageError, match="identity provider"):
        parse_jwks(content)
