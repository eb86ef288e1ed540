"""A bell or a note of the terminal when all transfers have ended, as the setting `notify` asks for it.

OSC 9 (iTerm2, Windows Terminal, WezTerm, kitty) takes a text; OSC 777 (urxvt, foot, Ghostty) takes a title and a text.
"""

from collections.abc import Mapping

from storage_tui.contract.counts import plural
from storage_tui.tui.state.transfers import Gauge

KINDS = ("off", "bell", "osc9", "osc777")


def end_note(kind: str, gauge: Gauge, environ: Mapping[str, str]) -> str:
    """Return what the terminal gets; empty for `off`. The text holds no name, which others may have chosen."""
    done = gauge.files - gauge.failed - gauge.skipped - gauge.cancelled
    failed = f", {gauge.failed:,} failed" if gauge.failed else ""
    words = f"{plural(done, 'transfer')} done{failed}"
    if kind == "bell":
        return "\a"
    if kind == "osc9":
        return _through(f"\x1b]9;storage-tui: {words}\x07", environ)
    if kind == "osc777":
        return _through(f"\x1b]777;notify;storage-tui;{words}\x07", environ)
    return ""


def _through(sequence: str, environ: Mapping[str, str]) -> str:
    """Return the sequence as tmux hands it to the terminal outside."""
    if environ.get("TMUX"):
        escaped = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{escaped}\x1b\\"
    return sequence
