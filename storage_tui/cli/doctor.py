"""`storage-tui doctor`: looks at all that has to be right, and says what to do about what is not."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from storage_tui.cli.options import with_settings
from storage_tui.contract.errors import StorageError

if TYPE_CHECKING:
    from storage_tui.config import Settings

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


class UnwellError(StorageError):
    """A check failed; each was told."""

    code = "unwell"


@click.command()
@with_settings
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def doctor(settings: "Settings", as_json: bool) -> None:
    """Check settings, store, disk, clock, permissions, versions, terminal, server and token; say what to do.

    Exit code 0 when nothing failed.
    """
    from storage_tui.cli.checks import CHECKS, Line
    from storage_tui.tui.visible import visible

    failed = 0
    for check in CHECKS:
        try:
            lines = list(check(settings))
        except Exception as exc:  # one check that breaks down must not hide the others
            lines = [Line(check.__name__, "fail", f"it cannot be checked: {exc}")]
        for line in lines:
            failed += line.level == "fail"
            if as_json:
                click.echo(json.dumps(asdict(line)))
                continue
            level = click.style(line.level.ljust(4), fg=_COLOURS[line.level])
            advice = f" -> {visible(line.advice)}" if line.advice else ""
            click.echo(f"{level} {line.name.ljust(11)} {visible(line.text)}{advice}")
    if failed:
        raise UnwellError(f"{failed} checks failed")
