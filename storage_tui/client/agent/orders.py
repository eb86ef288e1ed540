"""What people told the agent about all transfers together, kept so that a killed agent's successor obeys it too."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage_tui.client.agent.snapshots import limits_of
from storage_tui.client.http.pace import check_rate
from storage_tui.client.http.rates import Rates
from storage_tui.contract.errors import StorageError
from storage_tui.machine.private_files import write_private

NAME = "transfers-orders.json"
FILE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Orders:
    """Whether all transfers are paused, and the limits in bytes per second, up and down; None for no limit.

    `is_chosen` says that a person set the limits, by a key or an option; those of settings do not replace them.
    """

    is_paused: bool = False
    limits: Rates = (None, None)
    is_chosen: bool = False


def read_orders(state_dir: Path) -> Orders:
    """Return what was told; nothing where the file is missing or damaged."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, StorageError):
        with (state_dir / NAME).open("rb") as file:
            row = json.loads(file.read(FILE_BYTES))
        up, down = limits_of(row)
        is_chosen = row.get("is_chosen") is True
        return Orders(row["is_paused"] is True, (check_rate(up), check_rate(down)), is_chosen)
    return Orders()


def write_orders(state_dir: Path, orders: Orders) -> None:
    """Keep what was told. A full disk is no error: the agent that lives obeys all the same."""
    with suppress(OSError):
        if orders == Orders():
            (state_dir / NAME).unlink(missing_ok=True)
        else:
            row = {"is_paused": orders.is_paused, "limits": orders.limits, "is_chosen": orders.is_chosen}
            write_private(state_dir / NAME, json.dumps(row).encode(), is_durable=False)
