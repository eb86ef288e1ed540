"""The flags that may come before a command on the command line, and the variable by which shells ask for completion."""

from collections.abc import Sequence

COMPLETE_VARIABLE = "_STORAGE_TUI_COMPLETE"  # set by the shells' completion to get words instead of a run
VALUE_FLAGS = ("--profile", "--url", "--token-file", "--data-dir", "--cd-file", "--endpoint", "--region")


def leading_flags(args: Sequence[str]) -> int:
    """Return how many words at the start are flags and their values."""
    leading = 0
    while leading < len(args) and args[leading].startswith("--") and args[leading] not in ("--", "--help"):
        leading += 2 if args[leading] in VALUE_FLAGS else 1
    return leading
