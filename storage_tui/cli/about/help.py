"""`storage-tui help TOPIC`: the pages beside the code, and the help of every command."""

from importlib.resources import files

import click

from storage_tui.cli.printing import say

TOPICS = {  # the package whose README is the page, and the subject of the page
    "keys": ("storage_tui.tui", "every key of the browser, and keys of your own"),
    "commands": ("storage_tui.cli", "every command, exit code, setting and environment name"),
    "python": ("storage_tui.client", "the Python client: files, moving, taking back, folders made equal, tasks"),
    "server": ("storage_tui.server", "how to run a server for others"),
    "previews": ("storage_tui.previews", "the formats that are previewed, and how to add a format"),
}


@click.command("help")
@click.argument("words", nargs=-1, metavar="[TOPIC | COMMAND]")
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Print a page about TOPIC, or the help of COMMAND; without either the list of topics.

    Topics are keys, commands, python, server and previews: storage-tui help keys
    """
    if not words:
        say("Topics, each printed by `storage-tui help TOPIC`:")
        for topic, (_, summary) in TOPICS.items():
            say(f"  {topic:9} {summary}")
        say("`storage-tui help COMMAND` prints the help of a command, and `storage-tui --help` lists the commands.")
    elif len(words) == 1 and words[0] in TOPICS:
        package, _ = TOPICS[words[0]]
        for line in (files(package) / "README.md").read_text("utf-8").splitlines():
            say(line)
    else:
        say_help(ctx.find_root(), words)


def say_help(context: click.Context, words: tuple[str, ...]) -> None:
    """Print the help of the command that the words name. Raise a usage error when there is no such command."""
    command = context.command
    for word in words:
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            topics = ", ".join(TOPICS)
            raise click.UsageError(f"no topic or command {' '.join(words)!r}; topics are {topics}")
        command, context = found, click.Context(found, info_name=word, parent=context)
    for line in command.get_help(context).splitlines():
        say(line)
