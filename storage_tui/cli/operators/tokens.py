"""`storage-tui token`: make, list and revoke tokens and logins, and replace the keys that sign them."""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storage_tui.cli.operators.engine_options import with_records
from storage_tui.cli.options import duration
from storage_tui.cli.printing import remark, say, say_json, shown
from storage_tui.client.transfer.part_file import local_errors
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import ConflictError, StorageError
from storage_tui.machine.private_files import open_private, write_all

if TYPE_CHECKING:
    from storage_tui.server.access.issued import Issued
    from storage_tui.server.http.grants import Restriction
    from storage_tui.server.stores.records import Records

LOGIN_HINT = (
    "For the published client, paste it into `descarteslabs auth login`, with DESCARTESLABS_IAM_URL and "
    "DESCARTESLABS_STORAGE_URL set to the URL of the server, such as http://127.0.0.1:8000/storage/v1. It is a secret."
)
NO_URL_HINT = "It does not name its server: storage-tui renews it only where DESCARTESLABS_IAM_URL is set. Give --url."


def _base_url(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    from storage_tui.client.access.servers import checked_url

    try:
        return None if text is None else checked_url(text)
    except StorageError as exc:
        raise click.BadParameter(exc.message) from exc


@contextmanager
def _printed() -> Iterator[Callable[[str], None]]:
    """Give the function that prints a line."""
    yield say


@contextmanager
def _private_file(path: Path, *, replaces: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that writes a line to a new file of mode 0600. The file exists before the block begins, so that
    no secret is made that cannot be kept; it is removed when the block fails.

    Raise ConflictError for a file that exists. With `replaces` it is replaced, if it is a regular file of this user.
    """
    target = path
    if os.path.lexists(path):
        found = path.lstat()
        if not replaces:
            raise ConflictError(f"{path} exists and was not overwritten; name another file, or give --force")
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
            raise ConflictError(f"{path} is not a regular file of yours and was not overwritten; name another file")
        target = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with local_errors(str(path)):
        descriptor = open_private(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            yield lambda text: write_all(descriptor, f"{text}\n".encode())
            os.fsync(descriptor)
            if target != path:
                target.replace(path)
        except BaseException:
            target.unlink()
            raise
        finally:
            os.close(descriptor)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


@click.group()
def token() -> None:
    """Make, list and revoke the tokens of a server."""


@token.command()
@click.argument("name")
@with_records
@click.option("--valid", type=duration, default="365d", show_default=True, help="How long the token works.")
@click.option("--types", type=_words, default="", metavar="TYPE,…", help="Only these storage types.")
@click.option("--verbs", type=_words, default="", metavar="VERB,…", help="Only these: list read write delete share.")
@click.option("--prefix", default="", metavar="FOLDER", help="Only keys in this folder: a covers a/b, not ab.")
@click.option("--login", is_flag=True, help="A login that renews its tokens, as `descarteslabs auth login` takes it.")
@click.option("--url", callback=_base_url, help="With --login: the URL of the only server that renews it.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it to FILE, private (mode 0600).")
@click.option("--force", is_flag=True, help="With --out: replace a file of yours that exists.")
def create(
    name: str, records: "Records", valid: timedelta, types: tuple[str, ...], verbs: tuple[str, ...], prefix: str,
    login: bool, url: str | None, out: Path | None, force: bool,
) -> None:  # fmt: skip
    """Print a token for the user NAME, and nothing else; with --out write it to a file that only you may read. Each
    user has a namespace of their own.

    --token-file takes the file. It refuses a file that others may read, such as one that a shell made with `>`.
    """
    from storage_tui.server.access.logins import create_login
    from storage_tui.server.access.tokens import create_token

    restriction = _restriction(types, verbs, prefix)
    if url is not None and not login:
        raise click.UsageError("--url goes with --login; a token names no server")
    if force and out is None:
        raise click.UsageError("--force goes with --out")
    with _printed() if out is None else _private_file(out.expanduser(), replaces=force) as write:
        if login:
            write(create_login(records, name, valid_for=valid, restriction=restriction, url=url))
        else:
            write(create_token(records, name, valid_for=valid, restriction=restriction))
    if out is not None:
        what = "login" if login else "token"
        remark(f"the {what} of {name} is in {out}, which only you may read; use it with --token-file {out}")
    if login:
        remark(LOGIN_HINT if url is not None else f"{LOGIN_HINT} {NO_URL_HINT}")


@token.command("list")
@with_records
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_tokens(records: "Records", as_json: bool) -> None:
    """List the tokens and logins that were made: id, user, times, state and restriction. No secret is kept of them."""
    from storage_tui.server.access.issued import list_issued

    tokens = list_issued(records)
    if as_json:
        for issued in tokens:
            say_json(_row(issued))
        return
    width = max([4, *(len(shown(issued.user)) for issued in tokens)])
    say(f"{'ID':16}  {'NAME':{width}}  {'KIND':5}  {'CREATED':16}  {'EXPIRES':16}  {'STATE':7}  FOR")
    for issued in tokens:
        row = _row(issued)
        user, scope = shown(issued.user), str(row["for"])
        created, expires = (str(row[side])[:16].replace("T", " ") for side in ("created", "expires"))
        say(
            f"{issued.token_id}  {user:{width}}  {row['kind']:5}  {created:16}  {expires:16}  {row['state']:7}  {scope}"
        )


@token.command()
@click.argument("token_id", required=False)
@with_records
@click.option("--user", metavar="NAME", help="All tokens of this user, also those of an identity provider.")
@click.option("--forget-expired", is_flag=True, help="Take tokens that have expired off the list.")
def revoke(token_id: str | None, records: "Records", user: str | None, forget_expired: bool) -> None:
    """Refuse a token by its id, and all signed URLs and uploads that it made. Running servers notice in seconds."""
    from storage_tui.server.access import issued

    if sum((token_id is not None, user is not None, forget_expired)) != 1:
        raise click.UsageError("give a token id, --user NAME or --forget-expired")
    if token_id is not None:
        remark(f"revoked {token_id} of {issued.revoke(records, token_id).user}")
    elif user is not None:
        remark(f"revoked every token of {user} up to now; {issued.revoke_all(records, user)} listed")
    else:
        remark(f"forgot {plural(issued.forget_expired(records), 'expired token')}")


@token.command("rotate-keys")
@with_records
@click.option("--forget-old", is_flag=True, help="Make no new keys; end what was signed with older ones.")
def rotate_keys(records: "Records", forget_old: bool) -> None:
    """Sign with new keys from now on. What was signed so far stays good until --forget-old."""
    from storage_tui.server.access import keyring

    if forget_old:
        keyring.forget_old_keys(records)
        remark("everything signed with older keys is refused from now on")
    else:
        keyring.rotate_keys(records)
        remark("new keys sign from now on; what older ones signed stays good until rotate-keys --forget-old")


def _restriction(types: tuple[str, ...], verbs: tuple[str, ...], prefix: str) -> "Restriction | None":
    from storage_tui.server.http.grants import make_restriction

    if not (types or verbs or prefix):
        return None
    try:
        return make_restriction(types, verbs, prefix)
    except StorageError as exc:
        raise click.UsageError(exc.message) from exc


def _row(issued: "Issued") -> dict[str, object]:
    now = datetime.now(UTC)
    created, expires = (datetime.fromtimestamp(moment, UTC) for moment in (issued.created, issued.expires))
    return {
        "id": issued.token_id,
        "user": issued.user,
        "kind": "login" if issued.is_login else "token",
        "created": created.isoformat(timespec="seconds"),
        "expires": expires.isoformat(timespec="seconds"),
        "state": "revoked" if issued.is_revoked else "expired" if expires <= now else "good",
        "for": "everything" if issued.restriction is None else str(issued.restriction),
    }
