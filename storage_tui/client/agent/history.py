"""The last jobs that have ended, kept so that `transfers` can say how they ended; losing the file loses no transfer."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from storage_tui.client.agent.frames import AgentError
from storage_tui.client.agent.snapshots import JobSnapshot, job_of
from storage_tui.machine.private_files import write_private

NAME = "transfers-ended.json"
KEPT = 50  # more jobs than anybody asks about later
FILE_BYTES = 1024 * 1024


def read_ended(state_dir: Path) -> list[JobSnapshot]:
    """Return the jobs that have ended, the oldest first; none where the file is missing or damaged."""
    with suppress(OSError, ValueError, AgentError), (state_dir / NAME).open("rb") as file:
        rows = json.loads(file.read(FILE_BYTES))
        return [job_of(row) for row in rows][-KEPT:]
    return []


def write_ended(state_dir: Path, jobs: Iterable[JobSnapshot]) -> None:
    """Keep the last of these jobs. Nothing depends on the file, so a full disk is no error."""
    rows = [job.to_json() for job in jobs][-KEPT:]
    with suppress(OSError):
        if rows:
            write_private(state_dir / NAME, json.dumps(rows).encode(), is_durable=False)
        else:
            (state_dir / NAME).unlink(missing_ok=True)
