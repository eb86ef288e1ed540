"""`--background`: a plan that is handed to the transfer agent, and what to type to see it."""

from collections.abc import Sequence
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING

from storage_tui.cli.printing import complain, say, say_json
from storage_tui.client.batch.folders import LeftOut
from storage_tui.client.batch.plan import BatchPlan
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural

if TYPE_CHECKING:
    from storage_tui.client.agent.handed import Fields
    from storage_tui.client.agent.link import AgentLink
    from storage_tui.client.batch.plan import BatchItem
    from storage_tui.client.storage import Storage


def hand_over(
    storage: "Storage", plan: BatchPlan, *, conflict: Conflict, as_json: bool, quiet: bool, name: str = "",
    limits_anew: bool = False,
) -> None:  # fmt: skip
    """Give the plan to the agent, and print its number. Raise AgentError when no agent can be started.

    The agent also gets the limits of the storage where there are any, and with `limits_anew` also that there are none.
    The job is in the journal when this function returns: it goes on whatever happens to this program.
    """
    from storage_tui.client.agent import stores
    from storage_tui.client.agent.frames import AgentLostError
    from storage_tui.client.agent.link import AgentLink

    plan.check_room(storage.engine.display_url, conflict)
    _tell_left_out(plan.left_out)
    items = [
        replace(item, path=item.path.absolute(), conflict=item.conflict or conflict, is_surveyed=False)
        for item in plan.items
    ]
    if not items:
        return
    ticket, store = token_hex(8), stores.fields_of(storage.engine.server)
    try:
        number = _add(AgentLink.open(), storage, store, items, name, ticket, limits_anew)
    except AgentLostError:  # it ended just now; the next one takes the job, once
        number = _add(AgentLink.open(), storage, store, items, name, ticket, limits_anew)
    if as_json:
        say_json({"job": number, "files": len(items), "bytes": plan.total_bytes})
    elif not quiet:
        say(f"{plural(len(items), 'file')} in the background, number {number}; see: storage-tui transfers --follow")


def _add(
    link: "AgentLink", storage: "Storage", store: "Fields", items: list["BatchItem"], name: str, ticket: str,
    limits_anew: bool,
) -> int:  # fmt: skip
    up, down = storage.engine.pace.up.bytes_per_s, storage.engine.pace.down.bytes_per_s
    with link:
        if limits_anew or up is not None or down is not None:
            link.set_limits(up, down, is_default=not limits_anew)
        if link.retired:
            complain(link.retired)
        return link.add(store, items, name=name, ticket=ticket)


def _tell_left_out(rows: Sequence[LeftOut]) -> None:
    for row in rows:
        complain(f"left out: {row.why}")
