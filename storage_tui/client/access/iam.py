"""The IAM endpoint: it issues a new JWT for a refresh token."""

import json

import httpx

from storage_tui.client.requests import CONTROL_BYTES, one_line
from storage_tui.contract.errors import ConnectError, CredentialsError, UnavailableError
from storage_tui.machine.secrets import Secret

LEGACY_CLIENT_ID = "ZOBAi4UROl5gKZIpxxlwOEfx8KpqXf2c"  # for tokens from the time before the IAM service was the issuer
TIMEOUT_S = 100.0
ATTEMPTS = 3


def refresh(iam_url: str, client_id: str, refresh_token: Secret[str], scope: list[str] | None) -> str:
    """Return a new JWT for a refresh token.

    Raise CredentialsError when the endpoint refuses, UnavailableError when it cannot issue a token now, and
    ConnectError when it does not answer.
    """
    body: dict[str, str] = {"client_id": client_id, "refresh_token": refresh_token.reveal()}
    if client_id == LEGACY_CLIENT_ID:
        body["grant_type"] = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        body |= {"scope": "openid name groups org email", "target": client_id, "api_type": "app"}
    else:
        body["grant_type"] = "refresh_token"
        if scope:
            body["scope"] = " ".join(scope)
    status, raw = _post(f"{iam_url.rstrip('/')}/token", body)
    if status in (429, 500, 502, 503, 504):
        raise UnavailableError(f"the IAM endpoint {iam_url} cannot give a token now ({status}); try again later")
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        answer = None
    if status != 200 or not isinstance(answer, dict):
        text = "" if isinstance(answer, dict) else one_line(raw.decode("utf-8", "replace"), 200)
        text = text.replace(refresh_token.reveal(), "***")
        raise CredentialsError(f"the IAM endpoint {iam_url} refused the refresh token ({status}) {text}".rstrip())
    token = answer.get("access_token") or answer.get("id_token")
    if not isinstance(token, str):
        raise CredentialsError(f"the IAM endpoint {iam_url} answered without a token")
    return token


def _post(url: str, body: dict[str, str]) -> tuple[int, bytes]:
    status, raw = 503, b""
    failure: httpx.HTTPError | None = None
    with httpx.Client(
        trust_env=False, follow_redirects=False, timeout=httpx.Timeout(TIMEOUT_S, connect=10.0)
    ) as client:
        for _ in range(ATTEMPTS):
            try:
                with client.stream("POST", url, json=body, headers={"Accept-Encoding": "identity"}) as response:
                    status, raw, failure = response.status_code, _bounded(response), None
            except httpx.HTTPError as exc:
                failure = exc
                continue
            if status not in (429, 500, 502, 503, 504):
                break
    if failure is not None:
        raise ConnectError(f"the IAM endpoint {url} does not answer: {type(failure).__name__}") from None
    return status, raw


def _bounded(response: httpx.Response) -> bytes:
    raw = bytearray()
    for chunk in response.iter_raw():
        raw += chunk
        if len(raw) > CONTROL_BYTES:
            raise CredentialsError("the IAM endpoint answered with more than a token")
    return bytes(raw)
