"""The program with a defect in its browser: `python -m tests.promises.broken_browser`, with the words of a command."""

from storage_tui.__main__ import main
from storage_tui.tui.browser.screen import BrowserScreen


def fail(_: BrowserScreen) -> None:
    """Stop the browser as a defect would."""
    raise ZeroDivisionError


if __name__ == "__main__":
    BrowserScreen.on_mount = fail  # type: ignore[method-assign]
    main()
