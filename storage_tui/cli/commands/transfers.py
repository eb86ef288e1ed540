"""`storage-tui transfers`: shows and steers the transfers that go on in the background."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from storage_tui.cli.moving import StoppedError, obeying_signals
from storage_tui.cli.options import with_settings
from storage_tui.cli.output import PartialFailureError, human_duration
from storage_tui.cli.printing import complain, remark, say, say_json, show_status
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError, StorageError
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.agent.link import AgentLink
    from storage_tui.client.agent.snapshots import JobSnapshot

ACTIONS = ("pause", "go-on", "cancel", "retry", "clear")
FAILURES_TOLD = 3  # files that failed, of each job; --json has all
FAILURES_READ = 100_000
FOLLOW_S = 0.5  # between two pictures on a terminal
PIPE_S = 10.0  # between two lines in a pipe
ALL = "all"
ALL_ENDED = "nothing goes on: all transfers have ended"


def _words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word) for word in ACTIONS if word.startswith(incomplete)]


@click.command()
@click.argument("words", nargs=-1, metavar="[pause|go-on|cancel|retry|clear ID... | all]", shell_complete=_words)
@click.option("-f", "--follow", is_flag=True, help="Show them until all have ended.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each job, with the files that failed.")
@with_settings
def transfers(words: tuple[str, ...], follow: bool, as_json: bool, settings: Settings) -> None:
    """Show the transfers in the background, or pause, continue, cancel, retry or clear them by their numbers.

    They are those of the browser and of put and get with --background. Transfers that were cut off go on with this
    command, as with every start of the browser. With --follow, Ctrl-C stops only the showing.
    """
    action, numbers = _parsed(words)
    from storage_tui.client.agent.place import AgentPlace, may_have_work

    place = AgentPlace.here()
    if not may_have_work(place):
        if action is not None and numbers:
            raise NotFoundError(f"there is no transfer {numbers[0]}; storage-tui transfers lists them")
        _show_ended(as_json, ALL_ENDED if follow else "")
        return
    from storage_tui.client.agent.link import AgentLink

    with AgentLink.open(place) as link:
        if link.retired:
            complain(link.retired)
        _offer(link, settings)
        if action is not None:
            _steer(link, action, numbers)
        if follow and not _follow(link) and not as_json:
            remark(ALL_ENDED)
        if action is None and (as_json or not follow):
            _show(link, link.news().jobs, as_json=as_json)


def _parsed(words: Sequence[str]) -> tuple[str | None, list[int] | None]:
    """Return the action and the numbers of the jobs, None for all. Raise click.UsageError."""
    if not words:
        return None, None
    action, *rest = words
    if action not in ACTIONS:
        raise click.UsageError(f"{action!a:.40} is not one of {', '.join(ACTIONS)}")
    if rest == [ALL] or (action == "clear" and not rest):
        return action, None
    if not rest:
        raise click.UsageError(f"name the transfers to {action} by their numbers, or write: {action} {ALL}")
    if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in rest):
        raise click.UsageError(f"a transfer has a number, or write: {action} {ALL}")
    return action, [int(word) for word in rest]


def _offer(link: "AgentLink", settings: Settings) -> None:
    """Give the agent the token or credentials of this command, for transfers that wait for them."""
    from storage_tui.client.agent import stores

    try:
        with open_storage(settings) as storage:
            link.offer(stores.fields_of(storage.engine.server))
    except StorageError:
        return  # without a token the transfers are shown all the same


def _steer(link: "AgentLink", action: str, numbers: list[int] | None) -> None:
    if numbers is not None:
        known = {job.id for job in link.news().jobs}
        missing = [number for number in numbers if number not in known]
        if missing:
            raise NotFoundError(f"there is no transfer {missing[0]}; storage-tui transfers lists them")
    count, _ = link.steer(action, numbers)
    words = {"pause": "paused", "go-on": "go on", "cancel": "cancelled", "retry": "tried again", "clear": "cleared"}
    what = "job" if action == "clear" else "file"
    say(f"{plural(count, what)} {words[action]}" if count else f"nothing to {action}")


def _show(link: "AgentLink", jobs: "Sequence[JobSnapshot]", *, as_json: bool) -> None:
    if not jobs and not as_json:
        remark("no transfers")
    for job in sorted(jobs, key=lambda job: job.id):
        failures = _failures(link, job, FAILURES_READ if as_json else FAILURES_TOLD)
        if as_json:
            say_json(
                {**asdict(job), "failures": [{"key": key, "path": path, "error": why} for key, path, why in failures]}
            )
            continue
        say(_line(job))
        for key, _, why in failures:
            say(f"      failed: {key}: {why}")


def _failures(link: "AgentLink", job: "JobSnapshot", limit: int) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    after = -1
    while job.failed and len(found) < limit:
        page = link.files(job.id, after=after, limit=min(1000, limit), states=("failed",))
        if not page:
            break
        found += [(row.key, row.path, row.error) for row in page]
        after = page[-1].index
    return found


def _show_ended(as_json: bool, words: str) -> None:
    """Show what is known without an agent, and the words: nothing goes on."""
    from storage_tui.client.agent.history import read_ended
    from storage_tui.machine import directories

    ended = read_ended(directories.state_dir())
    for job in ended:
        if as_json:
            say_json({**asdict(job), "failures": []})
        else:
            say(_line(job))
    if (words or not ended) and not as_json:
        remark(words or "no transfers")


def _line(job: "JobSnapshot") -> str:
    """Return `3  ↑ many/  1,280 of 2,000 · 3 failed · 12 MB/s · 0:40`."""
    arrow = {"upload": "up", "download": "down"}.get(job.direction, "both")
    parts = [f"{job.ended - job.failed:,} of {job.files:,}"] if job.files > 1 else [_state(job)]
    parts += [f"{job.failed:,} failed"] if job.failed and job.files > 1 else []
    parts += [f"{count:,} {word}" for word, count in (("paused", job.paused), ("cancelled", job.cancelled))
              if count and job.files > 1]  # fmt: skip
    parts.append(
        f"{size_text(job.done_bytes)} of {size_text(job.total_bytes)}" if job.is_active else size_text(job.done_bytes)
    )
    if job.bytes_per_s > 0:
        parts.append(f"{size_text(int(job.bytes_per_s))}/s")
        parts += [] if job.eta_s is None else [human_duration(job.eta_s)]
    parts += [job.note] if job.note else []
    return f"{job.id:>4}  {arrow:<4}  {job.name}  {' · '.join(parts)}"


def _state(job: "JobSnapshot") -> str:
    for word in ("running", "paused", "waiting", "failed", "cancelled", "skipped"):
        if getattr(job, word):
            return word
    return "done"


def _follow(link: "AgentLink") -> bool:
    """Show the jobs until all have ended; return whether any went on. Raise PartialFailureError when files failed."""
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    told = 0.0
    seen: dict[int, JobSnapshot] = {}
    revision, begun, has_told = 0, set[int](), False
    try:
        with obeying_signals():
            while True:
                news = link.news(revision, wait_s=PIPE_S)
                revision = news.revision
                for job in news.jobs:
                    seen[job.id] = job
                    if job.is_active:
                        begun.add(job.id)
                    elif job.id in begun:
                        begun.discard(job.id)
                        has_told = True
                        show_status("") if is_terminal else None
                        say(_line(job))
                if not any(job.is_active for job in seen.values()):
                    break
                if is_terminal:
                    show_status(_all(list(seen.values())))
                elif time.monotonic() - told >= PIPE_S:
                    told = time.monotonic()
                    remark(_all(list(seen.values())))
                time.sleep(FOLLOW_S)
    except StoppedError as exc:
        raise StoppedError(f"{exc.message}; the transfers go on") from None
    finally:
        if is_terminal:
            show_status("")
    failed = sum(job.failed for job in seen.values())
    if failed:
        raise PartialFailureError(f"{plural(failed, 'file')} failed; storage-tui transfers says why")
    return has_told


def _all(jobs: "list[JobSnapshot]") -> str:
    """Return one line about everything that goes on."""
    active = [job for job in jobs if job.is_active]
    done, total = sum(job.done_bytes for job in active), sum(job.total_bytes for job in active)
    rate = sum(job.bytes_per_s for job in active)
    files, ended = sum(job.files for job in active), sum(job.ended for job in active)
    left = f" · {human_duration((total - done) / rate)}" if rate > 0 else ""
    notes = next((f" · {job.note}" for job in active if job.note), "")
    return f"{ended:,} of {files:,} · {size_text(done)} of {size_text(total)} · {size_text(int(rate))}/s{left}{notes}"
