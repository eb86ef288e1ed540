"""What the agent says about its jobs and their files: plain values, as they cross the socket."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from storage_tui.client.agent.frames import AgentError
from storage_tui.client.http.rates import Rates

State = Literal["waiting", "running", "paused", "done", "skipped", "failed", "cancelled"]
STATES: tuple[State, ...] = ("waiting", "running", "paused", "done", "skipped", "failed", "cancelled")
ACTIVE: frozenset[State] = frozenset(("waiting", "running", "paused"))


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """One job, which is one action of a user: its counts of files, its bytes and its rate.

    `round` counts how often the agent had been idle before: the jobs of the last round are what people mean by "all".
    `note` says why nothing moves, or what is not as usual; `error` is the error of the first file that failed.
    `ended_at` is a time in seconds since 1970, None while the job has work. `needs_token` says that nothing moves until
    somebody hands over a token.
    """

    id: int
    name: str
    direction: Literal["upload", "download", "both"]
    storage_type: str
    server: str
    files: int
    waiting: int = 0
    running: int = 0
    paused: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    cancelled: int = 0
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: float = 0.0
    round: int = 0
    note: str = ""
    error: str = ""
    created: str = ""
    ended_at: float | None = None
    needs_token: bool = False

    @property
    def is_active(self) -> bool:
        """Return whether a file waits, runs or is paused."""
        return self.waiting + self.running + self.paused > 0

    @property
    def ended(self) -> int:
        """Return the number of files that have ended."""
        return self.files - self.waiting - self.running - self.paused

    @property
    def eta_s(self) -> float | None:
        """Return the seconds left at the rate of the last seconds; None when the rate is unknown."""
        left = max(0, self.total_bytes - self.done_bytes)
        return left / self.bytes_per_s if self.bytes_per_s > 0 else None

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot for the socket."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """One file of a job: `index` is its place in the job, from 0. Once it has ended, key and path are final."""

    job: int
    index: int
    revision: int
    state: State
    done_bytes: int
    total_bytes: int | None
    note: str
    error: str
    waits_for: str
    key: str
    path: str
    direction: Literal["upload", "download"]
    storage_type: str
    is_verified: bool = False  # done, and the checksums of both sides were compared
    etag: str | None = None  # of the blob, once it was moved

    def to_json(self) -> list[Any]:
        """Return the snapshot for the socket: many go at once, so without names."""
        return [getattr(self, name) for name in _FILE]


_FILE = tuple(FileSnapshot.__dataclass_fields__)
_JOB = frozenset(JobSnapshot.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class News:
    """What has changed since `revision` of the news before. `gone` are the jobs that are no longer kept."""

    revision: int
    jobs: list[JobSnapshot]
    files: list[FileSnapshot]
    gone: list[int]
    is_paused: bool = False
    rates: list[float] = field(default_factory=list)  # bytes per second, one number for each of the last seconds
    seen: dict[int, int] = field(default_factory=dict)  # the revision to follow each job from
    limits: Rates = (None, None)  # bytes per second, up and down; None for no limit

    def to_json(self) -> dict[str, Any]:
        """Return the news for the socket."""
        return {
            "revision": self.revision, "jobs": [job.to_json() for job in self.jobs], "gone": self.gone,
            "files": [row.to_json() for row in self.files], "is_paused": self.is_paused, "rates": self.rates,
            "seen": list(self.seen.items()), "limits": self.limits,
        }  # fmt: skip


def job_of(raw: dict[str, Any]) -> JobSnapshot:
    """Return the snapshot of a job; unknown fields of a later version are ignored. Raise AgentError for no snapshot."""
    try:
        return JobSnapshot(**{name: value for name, value in raw.items() if name in _JOB})
    except (TypeError, AttributeError) as exc:
        raise AgentError("the transfer agent sends no snapshots") from exc


def file_of(raw: list[Any]) -> FileSnapshot:
    """Return the snapshot of a file. Raise AgentError for no snapshot."""
    try:
        return FileSnapshot(*raw[: len(_FILE)])
    except TypeError as exc:
        raise AgentError("the transfer agent sends no snapshots") from exc


def limits_of(raw: dict[str, Any]) -> Rates:
    """Return the limits in an answer, up and down. Raise ValueError or TypeError for anything else."""
    up, down = raw.get("limits", (None, None))
    return None if up is None else float(up), None if down is None else float(down)


def news_of(raw: dict[str, Any]) -> News:
    """Return the news in an answer. Raise AgentError for anything else."""
    try:
        return News(
            raw["revision"], [job_of(row) for row in raw["jobs"]], [file_of(row) for row in raw["files"]], raw["gone"],
            raw.get("is_paused", False), raw.get("rates", []), dict(raw.get("seen", ())), limits_of(raw),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as exc:
        raise AgentError("the transfer agent sends no news") from exc
