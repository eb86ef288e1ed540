"""Where the transfer agent of this user is: a lock beside the journal, socket and token in a private folder.

One agent serves one state directory. It holds a lock on `STATE/agent.lock`, in which it notes its socket: a program
with another XDG_RUNTIME_DIR, as under cron, finds the agent by this note. The kernel releases the lock however the
agent ends; a socket without the lock is left over, and the next agent replaces it.
"""

import fcntl
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage_tui.machine import directories

LOCK_NAME = "agent.lock"
NOTE_BYTES = 4096
LOG_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class AgentPlace:
    """The files of the agent. `runtime` is the folder of its socket, token and log; `state` that of its journal."""

    state: Path
    runtime: Path

    @classmethod
    def here(cls) -> "AgentPlace":
        """Return the place for the environment of this process."""
        state = directories.state_dir()
        return cls(state, directories.runtime_dir(state))

    @property
    def lock(self) -> Path:
        """The lock file, with the note."""
        return self.state / LOCK_NAME

    @property
    def socket(self) -> Path:
        """The socket."""
        return self.runtime / "socket"

    @property
    def token(self) -> Path:
        """The file of the token that a client shows."""
        return self.runtime / "token"

    @property
    def log(self) -> Path:
        """The last messages of the agent."""
        return self.runtime / "log"

    def found(self) -> "AgentPlace":
        """Return the place that a living agent has noted, else this place."""
        note = self.note()
        with suppress(KeyError, TypeError, OSError, ValueError):
            runtime = Path(note["socket"]).parent
            found = runtime.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
                return AgentPlace(self.state, runtime)
        return self

    def note(self) -> dict[str, str]:
        """Return what the last agent noted: `socket`, `pid`, `version`; empty without a note."""
        with suppress(OSError, ValueError), self.lock.open("rb") as file:
            found = json.loads(file.read(NOTE_BYTES))
            if isinstance(found, dict):
                return {str(name): str(value) for name, value in found.items()}
        return {}

    def is_alive(self) -> bool:
        """Return whether an agent holds the lock."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False


def may_have_work(place: AgentPlace) -> bool:
    """Return whether an agent lives, or has left work behind; a look at two files, for the start of a program."""
    from storage_tui.client.transfer.queue_file import has_jobs

    return place.is_alive() or has_jobs(place.state)
