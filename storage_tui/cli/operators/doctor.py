"""`storage-tui doctor`: runs the checks of everything that can be wrong, and prints what to do about failures."""

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from storage_tui.cli.operators.engine_options import S3_ENDPOINT, STORE
from storage_tui.cli.options import with_settings
from storage_tui.cli.printing import say, say_json
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError

if TYPE_CHECKING:
    from storage_tui.cli.settings import Settings

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


class UnwellError(StorageError):
    """A check failed; each failure was printed."""

    code = "unwell"


@click.command()
@with_settings
@STORE
@S3_ENDPOINT
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def doctor(settings: "Settings", store: str | None, s3_endpoint: str | None, as_json: bool) -> None:
    """Check settings, store, disk, clock, permissions, versions, terminal, server and token; say what to do.

    With --store the storage engine and its bucket are checked instead: whether it answers, takes the credentials,
    honours conditional writes, and has the same time. Exit code 0 when nothing failed.
    """
    from storage_tui.cli.operators.checks import CHECKS, Line, programs, settings_file

    checks = {check.__name__: partial(check, settings) for check in CHECKS}
    if store is not None:
        from storage_tui.cli.operators.bucket_checks import bucket
        from storage_tui.server.stores.s3.protocol.place import S3Place

        place = S3Place.parse(store, endpoint=s3_endpoint)
        checks = {check.__name__: partial(check, settings) for check in (programs, settings_file)}
        checks |= {"bucket": partial(bucket, place)}
    failed = 0
    for name, check in checks.items():
        try:
            lines = list(check())
        except Exception as exc:  # one failing check must not hide the others
            lines = [Line(name, "fail", f"it cannot be checked: {exc}")]
        for line in lines:
            failed += line.level == "fail"
            if as_json:
                say_json(asdict(line))
                continue
            advice = f" -> {line.advice}" if line.advice else ""
            text = " ".join(f"{line.text}{advice}".split("\n"))  # a message of the system may have several lines
            say(f" {line.name.ljust(11)} {text}", label=line.level.ljust(4), colour=_COLOURS[line.level])
    if failed:
        raise UnwellError(f"{plural(failed, 'check')} failed")
