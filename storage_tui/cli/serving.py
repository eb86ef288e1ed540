"""The commands for those who run a server: serve, token."""

from datetime import timedelta
from pathlib import Path

import click

from storage_tui import places
from storage_tui.cli.options import duration

_DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where blobs are kept. [default: your own store]"
)


@click.command()
@_DATA_DIR
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 picks a free one.")
@click.option("--public-url", metavar="URL", help="How clients reach this server, where a proxy stands in front of it.")
@click.option("--embedded", is_flag=True, hidden=True)
def serve(data_dir: Path | None, host: str, port: int, public_url: str | None, embedded: bool) -> None:
    """Serve the Storage API from a data directory until interrupted."""
    from storage_tui.server.serve import serve as serve_tcp
    from storage_tui.server.serve import serve_embedded

    directory = (data_dir or places.data_dir()).expanduser().absolute()
    if embedded:
        serve_embedded(data_dir=directory)
    else:
        serve_tcp(data_dir=directory, host=host, port=port, public_url=public_url, on_ready=_say_ready)


def _say_ready(url: str) -> None:
    click.echo(f"Serving Storage API at {url}")


@click.group()
def token() -> None:
    """Make tokens for the server of a data directory."""


@token.command()
@click.argument("name")
@_DATA_DIR
@click.option("--valid", type=duration, default="365d", show_default=True, help="How long the token works.")
def create(name: str, data_dir: Path | None, valid: timedelta) -> None:
    """Print a token for the user NAME, and nothing else. Each user has a namespace of their own."""
    from storage_tui.server.engine import open_local_records
    from storage_tui.server.tokens import create_token

    directory = (data_dir or places.data_dir()).expanduser().absolute()
    click.echo(create_token(open_local_records(directory), name, valid_for=valid))
