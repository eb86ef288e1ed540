"""What all open stores of one browser share: the log, the last message, the running work, the rows to be pasted."""

from collections.abc import Callable
from dataclasses import dataclass, field

from storage_tui.tui.state.messages import Message, MessageLog
from storage_tui.tui.state.taken import Taken

MESSAGE_S = 8.0  # a message stays this long in the status line


@dataclass
class Front:
    """The state in front of the user, whichever store is shown. `shown` is the last message and the time of it, and
    `on_message` is called when the lines about it must change."""

    log: MessageLog = field(default_factory=MessageLog)
    message_s: float = MESSAGE_S
    shown: tuple[Message, float] | None = None
    on_message: Callable[[], None] = lambda: None
    working: str = ""  # work beside the transfers, such as a delete; Esc stops it
    began_at: float = 0.0  # the time at which the work began
    taken: Taken | None = None  # the rows that wait to be pasted
