"""How Python itself lets keys wait, made short: cyclic garbage and threads that hold the interpreter.

Measured with the cursor held over blobs that are previewed: a full collection over the 200,000 objects of a started
browser takes 40 to 65 ms and comes every three seconds; without those that stay for good it takes 5 ms.
"""

import gc
import sys

SWITCH_S = 0.001  # a thread that parses a preview lets the loop in after so long; Python's own 5 ms add up over a key


def shorten_pauses() -> None:
    """Call once the program is there: what is loaded by now is never looked through again."""
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()  # without a collection before: that would be the pause, and what it found is less than a megabyte
