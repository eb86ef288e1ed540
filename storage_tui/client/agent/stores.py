"""A server as one process names it to another: its address, and a token file, or a token that is never written.

The fields are `data_dir`, or `url` with `token_file` or `token`. In the journal the field `token` is True: a token was
handed over, and somebody has to give a token again.
"""

from pathlib import Path
from typing import Any

from storage_tui.client.access.credentials import clean_token
from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.client.access.servers import HandedTokens, RemoteServer, Server
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import BadRequestError
from storage_tui.machine.secrets import Secret

PATIENCE_S = 3600.0  # of a transfer with a server that is away: nobody watches the agent over a break

Fields = dict[str, Any]


def fields_of(server: Server) -> Fields:
    """Return the fields for a server; reads or renews the token where there is no file of it. Raise CredentialsError.

    The result may hold a token as clear text: send it to the agent, and nowhere else.
    """
    if isinstance(server, EmbeddedServer) and server.place is None:
        return {"data_dir": str(server.data_dir)}
    if not isinstance(server, RemoteServer):
        raise BadRequestError(
            f"{server.display_url} is opened with the credentials of one program, and its transfers run in that program"
        )
    handed = server.hand_over()
    if isinstance(handed, Path):
        return {"url": server.display_url, "token_file": str(handed)}
    return {"url": server.display_url, "token": handed.reveal()}


def for_journal(fields: Fields) -> Fields:
    """Return the fields without a secret."""
    return {**fields, "token": True} if "token" in fields else dict(fields)


def token_in(fields: Fields) -> Secret[str] | None:
    """Return the token in the fields. Raise CredentialsError for a text that is no token."""
    token = fields.get("token")
    return Secret(clean_token(token, "the token")) if isinstance(token, str) else None


def engine_for(fields: Fields) -> tuple[TransferEngine, HandedTokens | None]:
    """Return the engine for a server, and the place of its token when one is handed over.

    Raise StorageError for fields that name no server.
    """
    if not all(isinstance(value, str | bool) for value in fields.values()):
        raise BadRequestError("the fields of a server are text")
    if "data_dir" in fields:
        return TransferEngine(data_dir=fields["data_dir"], patience_s=PATIENCE_S), None
    if "url" not in fields:
        raise BadRequestError("the address of a server is missing")
    if "token" not in fields:
        return TransferEngine(fields["url"], token_file=fields.get("token_file"), patience_s=PATIENCE_S), None
    tokens = HandedTokens(token_in(fields))
    engine = TransferEngine(fields["url"], patience_s=PATIENCE_S)
    engine.server = RemoteServer(fields["url"], tokens)
    return engine, tokens
