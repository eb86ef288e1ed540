"""OSC 52: text for the terminal's clipboard, through tmux and screen too. No terminal confirms the arrival."""

import base64
from collections.abc import Mapping

SCREEN_PIECE = 250  # GNU screen cuts a device control string at 256 bytes


def osc52(text: str, environ: Mapping[str, str]) -> str:
    """Return the control sequence that offers `text` to the clipboard, in the forms this terminal needs."""
    payload = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
    plain = f"\x1b]52;c;{payload}\x07"
    if environ.get("TMUX"):
        wrapped = plain.replace("\x1b", "\x1b\x1b")
        return f"{plain}\x1bPtmux;{wrapped}\x1b\\"
    if environ.get("TERM", "").startswith("screen"):
        pieces = [plain[at : at + SCREEN_PIECE] for at in range(0, len(plain), SCREEN_PIECE)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain
