"""`storage-tui web`: the browser in a web page of this machine."""

import asyncio
import contextlib
import os
import sys

import click

from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.printing import TerminalText, say
from storage_tui.cli.settings import PLACE_FLAGS, Settings, profiles
from storage_tui.cli.store_choice import check_is_key, open_storage
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.machine import interpreters

FILE_S = 120.0  # seconds; a browser that has not opened the page by then will not come


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 picks a free one.")
@click.option("--open", "opens", is_flag=True, help="Open the link in the web browser too.")
@with_settings
def web(location: Location, port: int, opens: bool, settings: Settings) -> None:
    """Serve the browser as a web page, to this machine only, until interrupted.

    Prints a link with a token: whoever has it uses the store as you do. Over SSH forward the port:

    \b
    ssh -L 8080:127.0.0.1:8080 HOST storage-tui web --port 8080
    """
    try:
        from storage_tui.web.link_file import LinkFile
        from storage_tui.web.server import WebServer
    except ModuleNotFoundError as exc:
        raise StorageError(f"{exc.name} is missing; install it with: pip install 'storage-tui[web]'") from exc
    check_is_key(location, settings)
    named = profiles().get(settings.profile or "", {})
    is_named = settings.url == named.get("url")  # naming the URL again would drop the rest of the profile
    url = None if is_named else settings.url
    flags = []
    for flag, value in (
        ("--profile", settings.profile), ("--url", url), ("--token-file", settings.token_file),
        ("--data-dir", settings.data_dir),
    ):  # fmt: skip
        flags += [] if value is None else [flag, str(value)]
    flags += [f"--{name.replace('_', '-')}" for name in PLACE_FLAGS if getattr(settings, name) is True]
    flags += [
        word for name in ("endpoint", "region", "aws_profile") if getattr(settings, name) is not None
        for word in (f"--{name.replace('_', '-')}", getattr(settings, name))
    ]  # fmt: skip
    command = interpreters.command("storage_tui", "browse", str(location), *flags)
    with open_storage(settings) as storage, contextlib.ExitStack() as stack:
        try:
            server = WebServer(command, storage, port=port)
        except OSError as exc:
            way_out = "leave out --port to use a free one"
            raise StorageError(f"port {port} cannot be used: {exc.strerror}; {way_out}") from exc
        interpreters.clean(os.environ)  # the program in the page inherits the environment
        os.environ.update(server.environment())

        def begin(link: str) -> None:
            say(link)
            if opens:
                file = stack.enter_context(LinkFile(link))
                server.on_page = file.remove
                asyncio.get_running_loop().call_later(FILE_S, file.remove)
                file.open()

        with contextlib.redirect_stdout(TerminalText(sys.stdout)):  # textual-serve prints the last output of a program
            asyncio.run(server.run(begin))
