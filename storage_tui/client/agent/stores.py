"""A store as one process names it to another: its address, and a token file or a secret that is never written.

The fields are `data_dir`; or `url` with `token_file` or `token`; or `place` with `opening`, `variables` and, where the
environment has credentials, `credentials`. In the journal a secret is True: one was handed over, and somebody has to
give one again.
"""

import json
from pathlib import Path

from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.client.access.place_access import PlaceAccess, is_plain
from storage_tui.client.access.servers import HandedTokens, RemoteServer, Server
from storage_tui.client.agent.handed import (
    CREDENTIALS,
    SECRETS,
    TOKEN,
    Fields,
    Handed,
    HandedCredentials,
    HandedToken,
    token_in,
    variables,
)
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.places import PlaceOptions

PATIENCE_S = 3600.0  # of a transfer with a server that is away: nobody watches the agent over a break


def fields_of(server: Server) -> Fields:
    """Return the fields for a server; reads or renews the token where there is no file of it. Raise CredentialsError.

    The result may hold a secret as clear text: send it to the agent, and nowhere else.
    """
    if isinstance(server, EmbeddedServer):
        return {"data_dir": str(server.data_dir)} if server.place is None else _place_fields(server.place)
    if not isinstance(server, RemoteServer):
        raise BadRequestError(f"{server.display_url} cannot be named to another program")
    handed = server.hand_over()
    if isinstance(handed, Path):
        return {"url": server.display_url, "token_file": str(handed)}
    return {"url": server.display_url, TOKEN: handed.reveal()}


def for_journal(fields: Fields) -> Fields:
    """Return the fields without a secret."""
    return {**fields, **{name: True for name in SECRETS if name in fields}}


def has_secret(fields: Fields) -> bool:
    """Return whether the fields hold a secret."""
    return any(isinstance(fields.get(name), str) for name in SECRETS)


def engine_for(fields: Fields) -> tuple[TransferEngine, Handed | None]:
    """Return the engine for a server, and what takes its secret when one is handed over.

    Raise StorageError for fields that name no server.
    """
    if not all(isinstance(value, str | bool) for value in fields.values()):
        raise BadRequestError("the fields of a server are text")
    if "data_dir" in fields:
        return TransferEngine(data_dir=fields["data_dir"], patience_s=PATIENCE_S), None
    if "place" in fields:
        return _place_engine(fields)
    if "url" not in fields:
        raise BadRequestError("the address of a server is missing")
    if TOKEN not in fields:
        return TransferEngine(fields["url"], token_file=fields.get("token_file"), patience_s=PATIENCE_S), None
    tokens = HandedTokens(token_in(fields))
    engine = TransferEngine(fields["url"], patience_s=PATIENCE_S)
    engine.server = RemoteServer(fields["url"], tokens)
    return engine, HandedToken(tokens)


def _place_fields(access: PlaceAccess) -> Fields:
    found = access.environment()
    told = {name: value for name, value in found.items() if is_plain(name, value)}
    secret = {name: value for name, value in found.items() if name not in told}
    fields = {"place": access.url, "opening": json.dumps(access.options.to_json()), "variables": json.dumps(told)}
    return {**fields, CREDENTIALS: json.dumps(secret)} if secret else fields


def _place_engine(fields: Fields) -> tuple[TransferEngine, Handed | None]:
    try:
        opening = PlaceOptions.from_json(json.loads(fields["opening"]))
    except (KeyError, TypeError, ValueError, RecursionError) as exc:
        raise BadRequestError("the options of a place cannot be read") from exc
    engine = TransferEngine(fields["place"], patience_s=PATIENCE_S, opening=opening)
    server, told = engine.server, variables(fields.get("variables")) or {}
    if not isinstance(server, EmbeddedServer) or server.place is None:
        raise BadRequestError("this is no place to open")
    handed = HandedCredentials(server, told, None if CREDENTIALS in fields else {})
    handed.give(fields)
    if CREDENTIALS not in fields:
        return engine, None
    return engine, handed
