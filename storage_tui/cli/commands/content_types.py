"""`storage-tui content-type`: shows the content type of blobs, or gives them another."""

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

from storage_tui.cli.folder_hints import expecting_blob
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.printing import Complaints, say, say_json
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob

BINARY = "application/octet-stream"


def _types(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from storage_tui.client.transfer.content_types import TYPES

    names = [BINARY, *sorted(set(TYPES.values()))]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("content-type")
@click.argument("location", type=LOCATION)
@click.argument("content_type", metavar="[TYPE]", required=False, shell_complete=_types)
@click.option("-r", "--recursive", is_flag=True, help="Every blob in the folder.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each blob.")
@with_limits
@with_settings
def content_type(
    location: Location, content_type: str | None, recursive: bool, quiet: bool, as_json: bool, limits: Limits,
    settings: Settings,
) -> None:  # fmt: skip
    """Show the content type of a blob, or give it another: `content-type data:a.dat text/csv`.

    The server keeps the bytes and writes the blob again, so a blob of tmp is kept for seven days from now, and undelete
    brings back the blob with its type before. A quoted pattern takes what it matches:
    `content-type 'data:**/*.geojson' application/geo+json`. A plain published server cannot change a stored type.
    """
    with open_storage(settings) as storage:
        choice = choose(storage, location, limits)
        is_several = recursive or choice.glob is not None
        failed, done, complaints = 0, 0, Complaints()
        for blob in _chosen(choice, recursive=recursive):
            try:
                if content_type is not None:
                    blob = storage.set_content_type(blob.key, content_type, blob.storage_type, etag=blob.etag)
                elif blob.content_type is None:  # a list need not have it
                    blob = storage.stat(blob.key, blob.storage_type)
            except StorageError as exc:
                if not is_several or exc.status in (400, 401, 405):  # the same for every other blob
                    raise
                failed += 1
                complaints.add(exc.message)
                continue
            done += 1
            if as_json:
                say_json({"storage_type": blob.storage_type, **blob.to_json()})
            elif not quiet and (content_type is None or not is_several):
                say(f"{Location(blob.storage_type, blob.key)}: {blob.content_type or BINARY}")
        complaints.end()
        if not done + failed and not limits:
            raise choice.nothing()
        if failed:
            verb = "were looked at" if content_type is None else "have another content type"
            raise PartialFailureError(f"{done:,} of {plural(done + failed, 'blob')} {verb}, {failed:,} failed")
        if is_several and content_type is not None and not (quiet or as_json):
            say(f"{plural(done, 'blob')} changed to {content_type}")


def _chosen(choice: Choice, *, recursive: bool) -> Iterable[Blob]:
    if recursive or choice.glob is not None:
        return choice.blobs(recursive=recursive)
    with expecting_blob(choice.storage, choice.location, "give -r for all of it"):
        return [*choice.blobs(recursive=False)]
