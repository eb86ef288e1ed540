"""The labels of features in view, where they have room."""

from collections.abc import Iterator, Sequence
from time import perf_counter

from rich.cells import cell_len

from storage_tui.contract.visible import visible
from storage_tui.previews.vector.atlas.dots import CHOSEN, SLICE_S, shifts_of
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.view import MapView
from storage_tui.tui.viewer.map.canvas import Label
from storage_tui.tui.viewer.map.layers import Layer

MOST_LABELS = 300  # tried in one view
MOST_CHARS = 24
GAP = 1  # cells between two labels
AUTOMATIC = ""


class Labels:
    """What the features are labelled with: nothing, the first text, or one property by its name."""

    def __init__(self) -> None:
        self.name: str | None = None  # None: no labels; AUTOMATIC: the first text

    def next_of(self, fields: Sequence[str]) -> str:
        """Label with the next property in turn; return the words for people."""
        turn: list[str | None] = [None, AUTOMATIC, *fields]
        self.name = turn[(turn.index(self.name) + 1) % len(turn)] if self.name in turn else AUTOMATIC
        if self.name is None:
            return "no labels"
        return "labels: the first text" if self.name == AUTOMATIC else f"labels: {visible(self.name, limit=40)}"

    def text(self, features: Features, feature: int) -> str:
        """Return the label of a feature, escaped."""
        return visible(features.label(feature, self.name or None), limit=MOST_CHARS)

    def place(
        self,
        view: MapView,
        shown: Sequence[tuple[Layer, Features]],
        chosen: tuple[Layer, Features, int] | None,
        labels: list[Label],
    ) -> Iterator[None]:
        """Add labels that do not cover each other, that of the chosen feature first; yield after each slice."""
        taken: dict[int, list[tuple[int, int]]] = {}
        if chosen is not None and chosen[0].is_drawn:
            self._put(view, chosen[1], chosen[2], CHOSEN, taken, labels)
        if self.name is None:
            return
        west, south, east, north = view.bounds
        tried = 0
        until = perf_counter() + SLICE_S
        for row, features in shown:
            boxes = features.boxes
            wests, souths, easts, norths = boxes[0::4], boxes[1::4], boxes[2::4], boxes[3::4]
            for feature, (w, s, e, n) in enumerate(zip(wests, souths, easts, norths, strict=True)):
                if not (w <= east and e >= west and s <= north and n >= south):
                    continue
                tried += 1
                if tried > MOST_LABELS:
                    return
                self._put(view, features, feature, row.colour, taken, labels)
                if perf_counter() > until:
                    yield
                    until = perf_counter() + SLICE_S

    def _put(
        self,
        view: MapView,
        features: Features,
        feature: int,
        colour: int,
        taken: dict[int, list[tuple[int, int]]],
        labels: list[Label],
    ) -> None:
        box, text = features.box_of(feature), self.text(features, feature)
        if box is None or not text:
            return
        width = cell_len(text)
        for shift in shifts_of(view, box[0], box[2]):
            column, row = view.cell_of((box[0] + box[2]) / 2 + shift, (box[1] + box[3]) / 2)
            if features.kind_of(feature) == "point":
                column += 2
            else:
                column -= width // 2
            column = max(0, min(view.columns - width, column)) if colour == CHOSEN else column
            if not 0 <= row < view.rows or column < 0 or column + width > view.columns:
                continue
            spans = taken.setdefault(row, [])
            if any(column < stop + GAP and column + width > start - GAP for start, stop in spans):
                continue
            spans.append((column, column + width))
            labels.append((column, row, text, colour))
