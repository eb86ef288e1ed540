"""The choices of the operator: logs, certificate, token for metrics, notice before the stop."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from storage_tui.contract.errors import UnavailableError
from storage_tui.machine.secrets import Secret
from storage_tui.machine.text_files import text_of
from storage_tui.server.limits.addresses import TrustedProxies
from storage_tui.server.run.listener import Certificate
from storage_tui.server.run.logs import AccessLog, Format

MIN_TOKEN_CHARACTERS = 16
MAX_TOKEN_FILE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Operating:
    """The choices of the people who run a server.

    `notice_s` is for how many seconds `/healthz` reports the stop while connections are still accepted. `shows_keys`
    lets keys into the logs. The `proxies` say for whom they send a request. `per_address` is how many connections and
    requests one address may have at once: 0 for any number, None for nine tenths of what the server takes.
    """

    log_format: Format = "text"
    access_log: Path | None = None
    shows_keys: bool = False
    metrics_token: Secret[bytes] | None = None
    tls: Certificate | None = None
    notice_s: float = 0.0
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    per_address: int | None = None

    def open_access_log(self) -> AccessLog | None:
        """Return the log of requests, started; None when there is none. Raise UnavailableError when the file cannot be
        written."""
        if self.access_log is None:
            return None
        log = AccessLog(self.access_log, form=self.log_format, shows_keys=self.shows_keys)
        log.start()
        return log


PLAIN = Operating()


def read_metrics_token(path: Path) -> Secret[bytes]:
    """Return the token in a file that only we may read. Raise UnavailableError when others may read the file, or the
    token is too short."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as exc:
        raise UnavailableError(f"cannot read {path}: {exc.strerror or exc}") from exc
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            raise UnavailableError(f"{path} must be a file that nobody else may read; run: chmod 600 {path}")
        raw = file.read(MAX_TOKEN_FILE_BYTES)
    try:
        content = text_of(raw).strip().encode()
    except ValueError as exc:
        raise UnavailableError(f"{path} is not text: {exc}") from exc
    if len(content) < MIN_TOKEN_CHARACTERS:
        raise UnavailableError(f"{path} holds less than {MIN_TOKEN_CHARACTERS} characters; make a longer token")
    return Secret(content)
