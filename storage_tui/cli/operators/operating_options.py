"""The flags of `serve` for running the server: TLS, logs, metrics, and the end."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from storage_tui.cli.options import duration

_FILE = click.Path(path_type=Path, dir_okay=False)
_FLAGS = (
    click.option("--tls-cert", type=_FILE, metavar="FILE", help="Certificate chain, PEM; read again on SIGHUP."),
    click.option("--tls-key", type=_FILE, metavar="FILE", help="Its private key, PEM, that nobody else may read."),
    click.option("--access-log", type=_FILE, metavar="FILE", help="Write a line for each request into FILE."),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How a request is logged.",
    ),
    click.option("--log-keys", is_flag=True, help="Let keys into the logs."),
    click.option("--metrics-token-file", type=_FILE, metavar="FILE", help="Answer /metrics to the token in FILE."),
    click.option(
        "--shutdown-notice",
        type=duration,
        default="0s",
        show_default=True,
        metavar="TIME",
        help="How long /healthz says 'stopping' before connections are refused.",
    ),
    click.option(
        "--trust-proxy",
        multiple=True,
        metavar="ADDRESS",
        help="Believe the X-Forwarded-For of this proxy, such as 127.0.0.1 or 10.0.0.0/8; may be repeated.",
    ),
    click.option(
        "--per-address",
        type=click.IntRange(0),
        metavar="COUNT",
        help="How many connections and requests one address may have at once; 0 for any number. [default: nine tenths "
        "of all]",
    ),
)


def with_operating(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these flags to a command, which gets them as one Operating in `operating`."""

    @wraps(command)
    def wrapped(
        *args: Any, tls_cert: Path | None, tls_key: Path | None, access_log: Path | None,
        log_format: Literal["text", "json"], log_keys: bool, metrics_token_file: Path | None,
        shutdown_notice: timedelta, trust_proxy: tuple[str, ...], per_address: int | None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        from storage_tui.server.limits.addresses import TrustedProxies
        from storage_tui.server.run.listener import Certificate
        from storage_tui.server.run.operating import Operating, read_metrics_token

        if (tls_cert is None) != (tls_key is None):
            raise click.UsageError("--tls-cert and --tls-key belong together")
        operating = Operating(
            log_format=log_format,
            access_log=access_log,
            shows_keys=log_keys,
            metrics_token=None if metrics_token_file is None else read_metrics_token(metrics_token_file),
            tls=None if tls_cert is None or tls_key is None else Certificate(tls_cert, tls_key),
            notice_s=shutdown_notice.total_seconds(),
            proxies=TrustedProxies.parse(trust_proxy),
            per_address=per_address,
        )
        return command(*args, operating=operating, **kwargs)

    for flag in reversed(_FLAGS):
        wrapped = flag(wrapped)
    return wrapped
