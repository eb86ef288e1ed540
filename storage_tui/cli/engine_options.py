"""The flags that say which engine a command for operators works on, and its records."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage_tui import places

if TYPE_CHECKING:
    from storage_tui.server.stores.records import Records

DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where blobs are kept. [default: your own store]"
)


def with_records(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags of an engine; it gets the records of that engine, which a running server shares."""

    @wraps(command)
    def wrapped(*args: Any, data_dir: Path | None, **kwargs: Any) -> Any:
        return command(*args, records=open_records(data_dir), **kwargs)

    return DATA_DIR(wrapped)


def open_records(data_dir: Path | None) -> "Records":
    """The records of the engine that the flags name."""
    from storage_tui.server.engine import open_local_records

    return open_local_records((data_dir or places.data_dir()).expanduser().absolute())
