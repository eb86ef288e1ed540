"""python -m storage_tui: the same as the storage-tui command."""

import sys

from storage_tui.cli.start import first_look

__all__ = ["main"]


def main() -> None:
    """Show what can be shown at once, then load the program and run it."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from storage_tui.cli.standard_streams import open_closed

        open_closed()
    first_look.begin(sys.argv[1:])
    from storage_tui.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
