"""The server of a client: the one that its arguments name, else the environment, else the embedded server."""

import os
from pathlib import Path
from typing import Any

from storage_tui.client.access.credentials import Credentials
from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.client.access.place_access import PlaceAccess
from storage_tui.client.access.servers import RemoteServer, Server, Tokens
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.places import PlaceOptions, parse_place
from storage_tui.machine import directories

PLAIN = PlaceOptions()


def find_server(
    url: str | None, token: str | None, token_file: str | Path | None, data_dir: str | Path | None, auth: Any = None,
    opening: PlaceOptions = PLAIN,
) -> Server:  # fmt: skip
    """Return the server that the arguments or the environment name, else the embedded server. No request is sent.

    A `url` may also be a place, such as `s3://bucket`, which is opened as `opening` says. Raise BadRequestError for
    arguments that contradict each other and for a bad URL, CredentialsError for a bad token.
    """
    if url is not None and data_dir is not None:
        raise BadRequestError("give the URL of a server or the data directory of an embedded one, not both")
    if data_dir is None:
        url = url or os.environ.get("STORAGE_TUI_URL") or os.environ.get("DESCARTESLABS_STORAGE_URL")
        place = parse_place(url) if url else None
        if place is not None:
            if token is not None or token_file is not None or auth is not None:
                raise BadRequestError("a place takes no token; a bucket is opened with AWS credentials")
            access = PlaceAccess.of(place, opening)
            return EmbeddedServer(access.state_dir(), access)
        if opening != PLAIN:
            raise BadRequestError("these options are for a place such as s3://BUCKET, which is not named here")
        if url:
            return RemoteServer(url, _tokens(url, token, token_file, auth))
    if token is not None or token_file is not None or auth is not None:
        raise BadRequestError("a token goes with the URL of a server; the embedded server has its own")
    return EmbeddedServer(directories.data_dir() if data_dir is None else Path(data_dir))


def _tokens(url: str, token: str | None, token_file: str | Path | None, auth: Any) -> Tokens:
    if auth is None:
        return Credentials(token, token_file, url=url)
    if token is not None or token_file is not None:
        raise BadRequestError("give auth, a token or a token file, not two of them")
    from storage_tui.client.access.auth_object import AuthObject

    return AuthObject(auth)
