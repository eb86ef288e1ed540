"""`storage-tui grep`: the lines of blobs that match a regular expression."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from storage_tui.cli.folder_hints import has_blobs
from storage_tui.cli.options import with_settings
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.printing import complain, show_status
from storage_tui.cli.search.choosing import choose
from storage_tui.cli.search.finding import all_places, below
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.words import location_words
from storage_tui.client.patterns.conditions import size_of
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import DELIMITER, Location, as_folder
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.cli.search.grep_lines import Report
    from storage_tui.client.storage import Storage
    from storage_tui.previews.searching.contents import ContentSearch

MOST_JOBS = 32
EXIT_NO_MATCH = 1  # as grep
TOLD_EVERY = 20  # blobs between two lines of status


def _words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return location_words(ctx, param, incomplete)


def _size(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else int(size_of(text))
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from None


@click.command()
@click.argument("pattern")
@click.argument("locations", nargs=-1, metavar="[LOCATION]...", shell_complete=_words)
@click.option("-F", "--fixed-strings", is_flag=True, help="PATTERN is a text, no regular expression.")
@click.option("-i", "--ignore-case", is_flag=True, help="Match letters of both cases.")
@click.option("-l", "--files-with-matches", is_flag=True, help="Print only the locations of blobs that match.")
@click.option("-c", "--count", is_flag=True, help="Print only the number of matching lines of each blob.")
@click.option("-n", "--line-number", is_flag=True, help="Print the number of each line.")
@click.option("-a", "--text", is_flag=True, help="Search binary blobs too.")
@click.option("--all-types", is_flag=True, help="Search all storage types; no LOCATION is given then.")
@click.option(
    "-j", "--jobs", type=click.IntRange(1, MOST_JOBS), default=4, show_default=True, metavar="N", help="Blobs at once."
)
@click.option("--max-bytes", callback=_size, metavar="SIZE", help="Read at most so much, such as 100G. [default: 10GB]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each line, or blob.")
@with_limits
@with_settings
@click.pass_context
def grep(
    ctx: click.Context, pattern: str, locations: tuple[str, ...], fixed_strings: bool, ignore_case: bool,
    files_with_matches: bool, count: bool, line_number: bool, text: bool, all_types: bool, jobs: int,
    max_bytes: int | None, as_json: bool, limits: Limits, settings: Settings,
) -> None:  # fmt: skip
    """Print the lines of blobs that match PATTERN, a regular expression of Python: `grep ERROR 'logs:**/*.txt'`.

    A LOCATION is a blob, a folder with all below it, or a quoted pattern; without one all of data is searched. Blobs
    are read by ranges, gzip, bzip2, xz and zstd are read through, encodings are found as in previews, and binary blobs
    are left out. A line is shown up to 500 characters around its match.

    Exit code 0 means that a line matches, 1 that none does.
    """
    from storage_tui.cli.search.grep_lines import Report
    from storage_tui.previews.searching.contents import MOST_BYTES, ContentSearch
    from storage_tui.previews.searching.query import Query

    if all_types and locations:
        raise click.UsageError("--all-types searches everything; leave out the locations, or name them without it")
    query = Query(
        pattern, is_fixed=fixed_strings, ignores_case=ignore_case, with_binary=text,
        wanted="first" if files_with_matches else "count" if count else "lines",
    )  # fmt: skip
    with open_storage(settings) as storage:
        places = all_places(storage) if all_types else [Location.parse(word) for word in locations or ("data:",)]
        most = MOST_BYTES if max_bytes is None else max_bytes
        try:
            search = ContentSearch(storage.engine, query, jobs=jobs, most_bytes=most)
        except ValueError as exc:
            raise click.UsageError(str(exc)) from None
        report = Report(
            _is_several(storage, places),
            line_number,
            only_places=files_with_matches,
            only_counts=count,
            as_json=as_json,
        )
        _print(search, report, _blobs(storage, places, limits))
    if report.left_out:
        complain(
            f"{plural(report.left_out, 'blob')} not searched: {size_text(search.read_bytes)} were read, which is the "
            "limit; --max-bytes 100G reads more"
        )
    if report.failed or report.left_out:
        count_words = plural(report.failed + report.left_out, "blob")
        raise PartialFailureError(f"{plural(report.lines, 'line')} found; {count_words} not searched to the end")
    if not report.lines:
        ctx.exit(EXIT_NO_MATCH)


def _is_several(storage: "Storage", places: Sequence[Location]) -> bool:
    """Return whether the locations may mean several blobs: then each line names its blob."""
    place = places[0]
    if len(places) > 1 or not place.key or place.key.endswith(DELIMITER):
        return True
    return choose(storage, place).glob is not None or has_blobs(storage, as_folder(place))


def _blobs(storage: "Storage", places: Sequence[Location], limits: Limits) -> Iterator[Blob]:
    for place in places:
        choice = choose(storage, place, limits)
        is_empty = True
        for blob in below(choice, details=False):
            is_empty = False
            yield blob
        if is_empty and choice.glob is not None and not limits:
            raise choice.nothing()


def _print(search: "ContentSearch", report: "Report", blobs: Iterable[Blob]) -> None:
    """Print the results as they come, with a status on a terminal."""
    from storage_tui.previews.searching.query import Found

    is_shown = sys.stderr.isatty() and not sys.stdout.isatty()
    try:
        for event in search.run(blobs):
            if isinstance(event, Found):
                report.found(event)
                continue
            report.ended(event)
            if is_shown and search.blobs % TOLD_EVERY == 0:
                show_status(f"{plural(search.blobs, 'blob')}, {size_text(search.read_bytes)} searched")
    finally:
        search.stop()
        if is_shown:
            show_status("")
