"""`storage-tui serve`: its flags for the place, for access and for running."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storage_tui.cli.operators.engine_options import with_engine
from storage_tui.cli.operators.operating_options import with_operating
from storage_tui.cli.options import keeping
from storage_tui.cli.printing import complain, say
from storage_tui.cli.settings import SettingsError, load

if TYPE_CHECKING:
    from storage_tui.server.access.jwks import IdentityProvider
    from storage_tui.server.run.operating import Operating
    from storage_tui.server.stores.s3.protocol.place import S3Place


@click.command()
@with_engine
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 picks a free one.")
@click.option("--public-url", metavar="URL", help="How clients reach this server, where a proxy stands in front of it.")
@click.option("--jwks", metavar="FILE_OR_URL", help="Keys of an identity provider whose RS256 tokens count here.")
@click.option("--issuer", metavar="TEXT", help="Count its tokens only with this `iss`.")
@click.option("--audience", metavar="TEXT", help="Count its tokens only with this `aud`.")
@click.option(
    "--download", type=click.Choice(["stream", "redirect"]), default="stream", show_default=True,
    help="With --store: whether large blobs pass through this server, or clients get them from the bucket.",
)  # fmt: skip
@click.option(
    "--keep-deleted",
    type=keeping,
    metavar="TIME",
    help="How long deleted and overwritten blobs can be brought back, such as 7d; 0 for not at all. [default: 24h; "
    "with --store: 0]",
)
@with_operating
@click.option("--embedded", is_flag=True, hidden=True)
@click.option("--place", "described", hidden=True)
def serve(
    place: "Path | S3Place", host: str, port: int, public_url: str | None, jwks: str | None, issuer: str | None,
    audience: str | None, download: str, keep_deleted: timedelta | None, embedded: bool, described: str | None,
    operating: "Operating",
) -> None:  # fmt: skip
    """Serve the Storage API from a data directory, or from a bucket that other servers may share, until interrupted."""
    from storage_tui.server.run.serve import leave, serve_embedded, serve_place
    from storage_tui.server.run.serve import serve as serve_tcp

    if jwks is None and (issuer or audience):
        raise click.UsageError("--issuer and --audience belong to --jwks")
    if embedded and described is not None:
        serve_place(described)
        leave()
    if embedded:
        if not isinstance(place, Path):
            raise click.UsageError("--embedded works only with --data-dir, not with --store")
        serve_embedded(data_dir=place, kept_for=keep_deleted if keep_deleted is not None else _kept_by_settings())
        leave()
    if not isinstance(place, Path):
        place = replace(place, is_direct=download == "redirect")
    elif download == "redirect":
        raise click.UsageError("--download redirect needs a bucket: --store s3://BUCKET")
    serve_tcp(
        place=place, host=host, port=port, public_url=public_url, on_ready=_say_ready,
        provider=_provider(jwks, issuer, audience), operating=operating, kept_for=keep_deleted,
    )  # fmt: skip
    leave()


def _kept_by_settings() -> timedelta | None:
    """Return the setting of the user whose store this is; None without one. A settings file that cannot be read is a
    matter of the program that the user runs, and says so there."""
    try:
        kept = load({}).keep_deleted
        return None if kept is None else keeping(kept)
    except (SettingsError, click.BadParameter):
        return None


def _say_ready(url: str) -> None:
    say(f"Serving Storage API at {url}")


def _provider(jwks: str | None, issuer: str | None, audience: str | None) -> "IdentityProvider | None":
    if jwks is None:
        return None
    from storage_tui.server.access.jwks import IdentityProvider

    if audience is None:
        complain("without --audience this server accepts tokens that the identity provider made for other services")
    return IdentityProvider(jwks, issuer=issuer, audience=audience)
