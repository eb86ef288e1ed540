"""The layers read one after the other, and again what is in view of a layer that is too large to be read whole."""

import asyncio
from collections.abc import Sequence
from functools import partial

from storage_tui.contract.visible import visible
from storage_tui.previews.base import PreviewError, Source
from storage_tui.previews.vector.atlas.reading import read_layer, read_layers
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.state.messages import explain
from storage_tui.tui.viewer.map.layers import Layer
from storage_tui.tui.viewer.map.look import Look
from storage_tui.tui.viewer.status import LOAD, PAGE, Run, Status

SETTLE_S = 0.2  # a view that stays so long is read
AROUND = 0.5  # of the view's sides, on each side of it: small moves need no read
MOST_SHARE = 0.7  # of a layer's width and height; a view of more shows the first features as well


class Loading:
    """Reads for a look."""

    def __init__(self, look: Look, status: Status, *, run: Run) -> None:
        self._look = look
        self._status = status
        self._run = run

    def begin(self, sources: Sequence[tuple[str, Source]]) -> None:
        """Read the layers of these blobs, each with its name."""
        self._run(partial(self._read_all, sources), group=LOAD, exclusive=True)

    def settled(self) -> None:
        """Read what is in view of the large layers, once the view stays."""
        if any(self._wants(row) for row in self._look.layers.drawn):
            self._run(self._read_view, group=PAGE, exclusive=True)

    async def _read_all(self, sources: Sequence[tuple[str, Source]]) -> None:
        rows = [(self._look.layers.add(name, source), source) for name, source in sources]
        for row, source in rows:
            self._status.work(f"Reading {visible(row.name, limit=40)}…")
            try:
                found = await read_layers(source)
            except (*EXPECTED, PreviewError) as exc:
                row.reason = str(exc) if isinstance(exc, PreviewError) else explain(exc)
            else:
                row.base = found[0][1]
                name = row.name
                row.name = f"{name} · {found[0][0]}" if len(found) > 1 else name
                for number, (layer, features) in enumerate(found[1:], 1):
                    self._look.layers.add(f"{name} · {layer}", source, number).base = features
            self._look.arrange()
        self._status.work("")

    def _wants(self, row: Layer) -> bool:
        """Return whether more of a layer is in view than was read."""
        features, bounds = row.base, self._look.bounds
        if features is None or bounds is None or features.told.is_all or not features.told.can_window:
            return False
        if row.features(bounds) is row.window:
            return False
        whole = features.told.bounds
        if whole is None:  # the file does not say where it ends
            return True
        is_beside = bounds[2] < whole[0] or bounds[0] > whole[2] or bounds[3] < whole[1] or bounds[1] > whole[3]
        width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
        is_part = width < MOST_SHARE * (whole[2] - whole[0]) or height < MOST_SHARE * (whole[3] - whole[1])
        return is_part and not is_beside

    async def _read_view(self) -> None:
        await asyncio.sleep(SETTLE_S)
        bounds = self._look.bounds
        if bounds is None:
            return
        across, up = (bounds[2] - bounds[0]) * AROUND, (bounds[3] - bounds[1]) * AROUND
        box = bounds[0] - across, max(-90.0, bounds[1] - up), bounds[2] + across, min(90.0, bounds[3] + up)
        shown = (box[0], min(box[1], bounds[1]), box[2], max(box[3], bounds[3]))
        for row in [row for row in self._look.layers.drawn if self._wants(row)]:
            self._status.work(f"Reading {visible(row.name, limit=40)}…")
            try:
                row.window = await read_layer(row.source, box, row.number)
                row.window_box = shown
            except (*EXPECTED, PreviewError) as exc:
                self._status.fail(exc)
                break
            finally:
                self._status.work("")
            chosen = self._look.chosen
            if chosen is not None and chosen[0] is row and chosen[1] is not row.window:
                self._look.chosen = None
            self._look.redraw()
