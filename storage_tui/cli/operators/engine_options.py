"""The flags that choose the engine of a command for operators, and the records of that engine."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage_tui.machine import directories

if TYPE_CHECKING:
    from storage_tui.server.stores.s3.protocol.place import S3Place

DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where blobs are kept. [default: your own store]"
)
STORE = click.option("--store", metavar="s3://BUCKET[/PREFIX]", help="A bucket that holds the blobs instead.")
S3_ENDPOINT = click.option(
    "--s3-endpoint",
    metavar="URL",
    envvar=("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    help="Where the bucket is. [default: Amazon S3]",
)


def with_engine(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of an engine to a command. The command gets the `place`, a directory or a bucket."""

    @wraps(command)
    def wrapped(
        *args: Any, data_dir: Path | None, store: str | None, s3_endpoint: str | None, **kwargs: Any
    ) -> Any:  # fmt: skip
        return command(*args, place=find_place(data_dir, store, s3_endpoint), **kwargs)

    return DATA_DIR(STORE(S3_ENDPOINT(wrapped)))


def with_records(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of an engine to a command. The command gets the `records` of that engine, which a running server
    shares."""

    @wraps(command)
    def wrapped(*args: Any, place: "Path | S3Place", **kwargs: Any) -> Any:
        from storage_tui.server.run.engine import open_records

        return command(*args, records=open_records(place), **kwargs)

    return with_engine(wrapped)


def find_place(data_dir: Path | None, store: str | None, s3_endpoint: str | None) -> "Path | S3Place":
    """Return the place of the engine that the flags name."""
    if store is None:
        return local_place(data_dir)
    if data_dir is not None:
        raise click.UsageError("blobs are kept in --data-dir or in --store, not in both")
    from storage_tui.server.stores.s3.protocol.place import S3Place

    return S3Place.parse(store, endpoint=s3_endpoint)


def local_place(data_dir: Path | None) -> Path:
    """Return the data directory that `--data-dir` names, or the user's own; absolute."""
    return (data_dir or directories.data_dir()).expanduser().absolute()
