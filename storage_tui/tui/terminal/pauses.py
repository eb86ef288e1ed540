"""Shorter pauses of Python itself: cyclic garbage, and threads that hold the interpreter.

Measured with the cursor held over previewed blobs: a full collection over the 200,000 objects of a started browser
takes 40 to 65 ms and comes every three seconds. Without the objects that stay for good, a collection takes 5 ms.
"""

import gc
import sys

SWITCH_S = 0.001  # a thread that parses a preview yields to the loop after this time; Python's 5 ms add up over a key


def shorten_pauses() -> None:
    """Shorten the pauses; call this once the program has loaded: these objects are never collected again."""
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()  # without a collection before: that would be the pause, and it would free less than a megabyte
