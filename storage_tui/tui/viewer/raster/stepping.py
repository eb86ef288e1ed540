"""The commands that choose what of a file is shown: the steps along the axes of an array, and the variable."""

from collections.abc import Callable

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.raster.windows.scene import Scene
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.raster.cross_hair import CrossHair
from storage_tui.tui.viewer.raster.look import Look
from storage_tui.tui.viewer.raster.styling import Styling
from storage_tui.tui.viewer.status import Status

NAMES_SHOWN = 6  # of variables, in one message


class Stepping:
    """Steps through an array: `[` and `]` along its first further axis, `<` and `>` along its second."""

    def __init__(
        self, look: Look, cross: CrossHair, styling: Styling, *, prompt: Prompt, status: Status,
        choose: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`choose` opens another variable of the file."""
        self._look = look
        self._cross = cross
        self._styling = styling
        self._prompt = prompt
        self._status = status
        self._choose = choose

    def action_band_next(self) -> None:
        """Show the next step of an array, or the next band alone."""
        self._along(1)

    def action_band_previous(self) -> None:
        """Show the step before of an array, or the band before alone."""
        self._along(-1)

    def action_level_next(self) -> None:
        """Show the next step along the second further axis."""
        self._step(1, 1)

    def action_level_previous(self) -> None:
        """Show the step before along the second further axis."""
        self._step(1, -1)

    def action_steps(self) -> None:
        """Ask for an index on each further axis."""
        scene = self._look.scene
        if scene is None or not scene.steps:
            self._status.say("it has no further axis to step along", "$warning")
            return
        axes = ", ".join(f"{step.name} 0–{step.count - 1:,}" for step in scene.steps)
        self._prompt.ask(f"{axes}:", self._go, " ".join(str(step.index) for step in scene.steps))

    def action_variable(self) -> None:
        """Ask for another variable of the file, by its number or a part of its name."""
        names = () if self._look.reader is None else self._look.reader.names
        if len(names) < 2:
            self._status.say("the file has no other variable that is a picture", "$warning")
            return
        scene = self._look.scene
        self._prompt.ask(
            f"one of {plural(len(names), 'variable')}:", self._pick, "" if scene is None else visible(scene.name)
        )

    def action_variable_next(self) -> None:
        """Show the next variable of the file."""
        names = () if self._look.reader is None else self._look.reader.names
        scene = self._look.scene
        if scene is not None and len(names) > 1:
            at = names.index(scene.name) if scene.name in names else -1
            self._choose(names[(at + 1) % len(names)])
        else:
            self._status.say("the file has no other variable that is a picture", "$warning")

    def _along(self, by: int) -> None:
        scene = self._look.scene
        if scene is not None and scene.steps:
            self._step(0, by)
        else:
            self._styling.step(by)

    def _step(self, number: int, by: int) -> None:
        scene = self._look.scene
        if scene is None or number >= len(scene.steps):
            self._status.say("it has no such axis to step along", "$warning")
            return
        step = scene.steps[number]
        index = step.index + by
        if not 0 <= index < step.count:
            self._status.say(f"this is the {'last' if by > 0 else 'first'} {step.name}", "$warning")
            return
        self._show({number: index})

    def _show(self, indexes: dict[int, int]) -> None:
        for number, index in indexes.items():
            self._look.step(number, index)
        self._cross.read_again()

    def _go(self, text: str) -> None:
        scene = self._look.scene
        words = text.replace(",", " ").split()
        if scene is None or not words:
            return
        indexes = parse_indexes(words, scene)
        if indexes is None:
            self._status.say(f"{plural(len(scene.steps), 'number')}, one an axis, within its length", "$error")
        else:
            self._show(dict(enumerate(indexes)))

    def _pick(self, text: str) -> None:
        names = () if self._look.reader is None else self._look.reader.names
        wanted = text.strip()
        if not wanted:
            return
        if wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(names):
            self._choose(names[int(wanted) - 1])
            return
        found = [name for name in names if name == wanted] or [name for name in names if wanted in name]
        if len(found) == 1:
            self._choose(found[0])
        else:
            meant = found or names
            shown = ", ".join(visible(name, limit=24) for name in meant[:NAMES_SHOWN])
            self._status.say(f"which one: {shown}{', …' if len(meant) > NAMES_SHOWN else ''}", "$error")


def parse_indexes(words: list[str], scene: Scene) -> list[int] | None:
    """Return an index for each step; None for other words, and for an index past an end."""
    are_numbers = all(word.isascii() and word.isdigit() and len(word) < 19 for word in words)
    if not are_numbers or len(words) != len(scene.steps):
        return None
    indexes = [int(word) for word in words]
    is_within = all(index < step.count for index, step in zip(indexes, scene.steps, strict=True))
    return indexes if is_within else None
