"""Whether a history of calls on one key could have come from a register that does one thing at a time.

A call took effect at one moment between its start and its end, or, where its answer never came, at any moment after its
start or never. The check tries the orders that this leaves (Wing and Gong 1993, with the memory of Lowe 2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verb = Literal["get", "put", "create", "replace", "delete"]
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what it wrote, and what it was told. `end` is NEVER and `told` is None when no answer came.

    told: for a get the value or "" for no such key; for the others "done" or "refused".
    """

    verb: Verb
    start: float
    end: float
    written: str = ""
    told: str | None = None


def step(call: Call, state: str) -> str | None:
    """The state after the call, "" for no such key; None where the answer cannot have been given in this state."""
    if call.verb == "get":
        return state if call.told in (None, state) else None
    is_possible = {
        "put": True,
        "create": state == "",
        "replace": state != "",
        "delete": state != "",
    }[call.verb]
    if call.told is not None and (call.told == "done") != is_possible:
        return None
    if not is_possible:
        return state
    return "" if call.verb == "delete" else call.written


def explains(calls: Sequence[Call], first: str, last: str | None = None) -> bool:
    """Whether some order of the calls leads from the state `first` through every answer, to `last` if that is known."""
    calls = [call for call in calls if call.verb != "get" or call.told is not None]
    answered = sum(1 << index for index, call in enumerate(calls) if call.end != NEVER)
    seen: set[tuple[int, str]] = set()
    stack = [(0, first)]
    while stack:
        done, state = stack.pop()
        if (done, state) in seen:
            continue
        seen.add((done, state))
        if done & answered == answered and last in (None, state):
            return True
        left = [index for index in range(len(calls)) if not done >> index & 1]
        horizon = min((calls[index].end for index in left), default=NEVER)
        stack += [
            (done | 1 << index, after)
            for index in left
            if calls[index].start <= horizon and (after := step(calls[index], state)) is not None
        ]
    return False
