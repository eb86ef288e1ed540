"""The `storage-tui` command: its group, and the one place that turns errors into a line and an exit code."""

import os
import sys
from importlib import import_module

import click

from storage_tui.cli import standard_streams
from storage_tui.cli.output import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, exit_code
from storage_tui.cli.printing import complain, refuse_usage, tell_defect
from storage_tui.cli.settings import SettingsError
from storage_tui.cli.start import first_look
from storage_tui.cli.start.leading_flags import COMPLETE_VARIABLE, leading_flags
from storage_tui.cli.start.typed_words import COMMANDS, check_several
from storage_tui.contract.errors import StorageError
from storage_tui.machine.version import __version__

_COMMANDS = {  # module, attribute, line of `--help`; the module of a command is loaded when the command runs
    "browse": (
        "storage_tui.cli.commands.browse",
        "browse",
        "Open the browser at LOCATION: tmp:, s3://BUCKET or ./DIR.",
    ),
    "ls": ("storage_tui.cli.search.listing", "ls", "List keys and folders at LOCATION."),
    "find": ("storage_tui.cli.search.finding", "find", "List the blobs that words, patterns and limits describe."),
    "grep": ("storage_tui.cli.search.grep", "grep", "Print the lines of blobs that match a regular expression."),
    "tree": ("storage_tui.cli.search.tree", "tree", "Show the folders below LOCATION with their counts and sizes."),
    "get": ("storage_tui.cli.commands.transfer", "get", "Download a blob to a file, a folder or standard output."),
    "put": ("storage_tui.cli.commands.transfer", "put", "Upload files to a key or a folder."),
    "sync": (
        "storage_tui.cli.commands.syncing",
        "sync",
        "Make a folder as another one, here or in the store.",
    ),
    "check": ("storage_tui.cli.commands.syncing", "check", "Compare two folders as sync does, and change nothing."),
    "transfers": (
        "storage_tui.cli.commands.transfers",
        "transfers",
        "Show and steer the transfers that go on in the background.",
    ),
    "resume": ("storage_tui.cli.commands.resume", "resume", "Continue the transfers that were cut off."),
    "cat": ("storage_tui.cli.commands.blobs", "cat", "Write the bytes of blobs to standard output."),
    "show": ("storage_tui.cli.commands.show", "show", "Show what is in a blob or a file: facts, table, map, picture."),
    "sql": ("storage_tui.cli.commands.sql", "sql", "Answer an SQL query over blobs and local files."),
    "cp": ("storage_tui.cli.commands.copying", "cp", "Copy blobs on the server, also between storage types."),
    "mv": ("storage_tui.cli.commands.copying", "mv", "Move or rename blobs on the server, also between types."),
    "edit": ("storage_tui.cli.commands.editing", "edit", "Edit a text blob in $EDITOR, or write a new one."),
    "touch": ("storage_tui.cli.commands.editing", "touch", "Keep blobs of tmp for another seven days."),
    "content-type": (
        "storage_tui.cli.commands.content_types",
        "content_type",
        "Show the content type of blobs, or give them another.",
    ),
    "rm": ("storage_tui.cli.commands.removing", "rm", "Delete blobs and folders."),
    "undelete": (
        "storage_tui.cli.commands.trash",
        "undelete",
        "Bring back blobs that were deleted or overwritten.",
    ),
    "trash": ("storage_tui.cli.commands.trash", "trash", "List what can be brought back at LOCATION."),
    "purge": ("storage_tui.cli.commands.trash", "purge", "Remove deleted and overwritten blobs for good, at once."),
    "thaw": ("storage_tui.cli.commands.buckets", "thaw", "Ask the archive of a bucket for blobs, to be read for days."),
    "uploads": ("storage_tui.cli.commands.buckets", "uploads", "List and drop the unfinished uploads to a bucket."),
    "du": ("storage_tui.cli.commands.blobs", "du", "Show blobs and bytes per folder below LOCATION, and in total."),
    "diff": ("storage_tui.cli.commands.diff", "diff", "Compare two blobs: text, facts, or the first difference."),
    "url": ("storage_tui.cli.commands.blobs", "url", "Print a signed URL, which opens a blob until it expires."),
    "web": ("storage_tui.cli.commands.web", "web", "Serve the browser as a web page, to this machine only."),
    "config": ("storage_tui.cli.about.config", "config", "Show every setting, its value and where that came from."),
    "help": (
        "storage_tui.cli.about.help",
        "help_",
        "Print a page about keys, commands, python, server or previews.",
    ),
    "man": ("storage_tui.cli.about.manual", "man", "Print the manual page: storage-tui man | man -l -"),
    "completion": (
        "storage_tui.cli.about.completion",
        "completion",
        "Print the script that completes commands, flags and keys.",
    ),
    "serve": ("storage_tui.cli.operators.serve", "serve", "Serve the Storage API from a data directory or a bucket."),
    "token": ("storage_tui.cli.operators.tokens", "token", "Make, list and revoke the tokens of a server."),
    "quota": ("storage_tui.cli.operators.quotas", "quota", "Set and show what users may store and ask for."),
    "migrate": ("storage_tui.cli.operators.migrate", "migrate", "Copy a store of this machine into a bucket."),
    "verify": (
        "storage_tui.cli.operators.operations",
        "verify",
        "Read every blob again and compare it with what was stored.",
    ),
    "backup": ("storage_tui.cli.operators.operations", "backup", "Put a snapshot of the store into a directory."),
    "restore": ("storage_tui.cli.operators.operations", "restore", "Make a store out of a backup."),
    "audit": ("storage_tui.cli.operators.operations", "audit", "Print every delete by a call: when, whose, what."),
    "doctor": (
        "storage_tui.cli.operators.doctor",
        "doctor",
        "Check settings, store, disk, clock, server; say what to do.",
    ),
}


class StorageCommands(click.Group):
    """The commands by name. Any other word on the command line is a location to browse."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, in the order in which people need them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, loaded on first use."""
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading every command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in _COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Allow the shared flags before the command, and a location without a command."""
        leading = leading_flags(args)
        if leading < len(args) and args[leading] in _COMMANDS:
            args = [args[leading], *args[:leading], *args[leading + 1 :]]
        elif not args or args[0] not in ("--help", "-h", "--version"):
            ctx.meta[COMMANDS] = tuple(_COMMANDS)
            check_several(args, _COMMANDS)
            args = ["browse", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=StorageCommands,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="[COMMAND] [LOCATION] [ARGS]...",
)
@click.version_option(__version__, prog_name="storage-tui")
def cli() -> None:
    """Browse, preview and move blobs of the Storage API.

    Without a command it opens the browser. A LOCATION is a storage type and a key, such as tmp:maps/2024/dem.tif;
    without a type it is a key in data. Nothing has to be set up: without --url the store of this machine is used.

    A LOCATION may also be in a bucket, s3://BUCKET/KEY, in an index of links or a static STAC catalog on the web,
    https://HOST/FOLDER/, or in a folder of this machine: file:///FOLDER, or ./FOLDER where a command takes no local
    files. A bucket is opened with the settings of AWS programs, and read only without --write; a folder and the web are
    always read only. For get, put and sync a path such as ./maps is a local file or folder.
    """


def main() -> None:
    """Run the command line, with the only broad exception handler of the program."""
    sys.excepthook = tell_defect
    try:
        if COMPLETE_VARIABLE in os.environ:
            from storage_tui.cli.about.completion import register

            register()
        try:
            # The result is the exit code of a command that raised Exit, and None for a command that returned.
            code = cli.main(prog_name="storage-tui", standalone_mode=False, complete_var=COMPLETE_VARIABLE)
            sys.exit(code if isinstance(code, int) else 0)
        finally:
            first_look.drop()  # the next message belongs on the screen as it was before
    except click.ClickException as exc:
        refuse_usage(exc)
        sys.exit(EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except SettingsError as exc:
        complain(str(exc))
        sys.exit(EXIT_USAGE)
    except StorageError as exc:
        complain(exc.message)
        sys.exit(exit_code(exc))
    except BrokenPipeError:  # the reader of the output has closed it
        standard_streams.drop_output()
        sys.exit(EXIT_INTERRUPTED)
    except OSError as exc:
        if not standard_streams.is_of_output(exc):
            raise
        standard_streams.give_up_output(exc)
        sys.exit(EXIT_FAILED)
