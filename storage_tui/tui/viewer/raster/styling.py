"""The commands that choose bands, stretch and ramp."""

import math
from dataclasses import replace

from storage_tui.contract.counts import plural
from storage_tui.previews.decoding.painting.ramps import ANCHORS
from storage_tui.previews.decoding.painting.stretching import STRETCHES
from storage_tui.previews.raster.windows.shown import Limits, Style
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.raster.look import HALVES, QUADRANTS, Look, natural_style
from storage_tui.tui.viewer.raster.scale_bar import metres_a_pixel
from storage_tui.tui.viewer.raster.words import short_text
from storage_tui.tui.viewer.status import Status

STRETCH_WORDS = {
    "percent": "2–98 % of the values", "range": "least to most", "deviations": "mean ± 2 std dev", "type": "0 to 255",
    "hand": "by hand",
}  # fmt: skip


class Styling:
    """Restyles a look."""

    def __init__(self, look: Look, *, prompt: Prompt, status: Status) -> None:
        self._look = look
        self._prompt = prompt
        self._status = status

    def action_bands(self) -> None:
        """Ask for the bands: one, or three as red, green and blue."""
        scene = self._look.scene
        if scene is not None:
            label = f"bands of {scene.bands}, one or three, as 4 3 2:"
            self._prompt.ask(label, self._choose, " ".join(str(band + 1) for band in self._look.style.bands))

    def action_stretch(self) -> None:
        """Stretch the values in the next way in turn."""
        style = self._look.style
        at = STRETCHES.index(style.stretch) if style.stretch in STRETCHES else -1
        stretch = STRETCHES[(at + 1) % len(STRETCHES)]
        self._look.restyle(replace(style, stretch=stretch))
        self._status.say(f"stretched: {STRETCH_WORDS[stretch]}")

    def action_stretch_limits(self) -> None:
        """Ask for the limits of the stretch."""
        picture = self._look.picture
        if picture is not None and picture.limits:
            low, high = picture.limits[0]
            self._prompt.ask("stretch from and to:", self._limit, f"{short_text(low)} {short_text(high)}")

    def action_stretch_views(self) -> None:
        """Take the limits of the stretch from each view, or from this view for all."""
        look = self._look
        look.is_per_view = not look.is_per_view
        look.forget_limits()
        look.redraw()
        words = "each view has its own stretch" if look.is_per_view else "all views have the stretch of this view"
        self._status.say(words)

    def action_ramp(self) -> None:
        """Draw a single band in the next ramp in turn."""
        style, scene = self._look.style, self._look.scene
        if scene is None or len(style.bands) != 1:
            self._status.say("a ramp is for one band; ] shows one", "$warning")
            return
        own = natural_style(scene)
        names: list[str | None] = [None] if own.bands == style.bands and own.ramp is None else []
        names += list(ANCHORS)
        ramp = names[(names.index(style.ramp) + 1) % len(names)] if style.ramp in names else names[0]
        is_first = style.ramp is None and style.stretch == "type"  # from the colours of a palette to its numbers
        stretch = "range" if is_first else own.stretch if ramp is None else style.stretch
        self._look.restyle(replace(style, ramp=ramp, stretch=stretch))

    def action_hill_shade(self) -> None:
        """Shade the heights of one band as a sun in the north-west would, or stop it."""
        look = self._look
        scene, view, style = look.scene, look.view, look.style
        if scene is None or view is None or len(style.bands) != 1:
            self._status.say("hill shade is for one band of heights; ] shows one", "$warning")
            return
        if style.relief is not None:
            look.restyle(replace(style, relief=None))
            return
        metres = metres_a_pixel(scene, view) or 1.0
        transform = None if scene.place is None else scene.place.transform
        ratio = 1.0 if transform is None or not transform[0] else abs(transform[4] / transform[0])
        if scene.place is not None and scene.place.is_geographic:
            degrees = scene.degrees(*view.middle)
            ratio /= max(0.05, math.cos(math.radians(degrees[1]))) if degrees is not None else 1.0
        look.restyle(replace(style, relief=(metres, metres * (ratio or 1.0))))
        self._status.say("shaded by a sun in the north-west, 45° high")

    def action_raster_cells(self) -> None:
        """Draw four quadrants to a cell, or two halves."""
        look = self._look
        look.across = HALVES if look.across == QUADRANTS else QUADRANTS
        look.redraw()
        self._status.say("cells of four quadrants" if look.across == QUADRANTS else "cells of two halves")

    def step(self, by: int) -> None:
        """Show the band so many further alone."""
        scene, bands = self._look.scene, self._look.style.bands
        if scene is None:
            return
        band = (bands[0] + by) % scene.bands if len(bands) == 1 else 0 if by > 0 else scene.bands - 1
        self._show((band,))

    def _show(self, bands: tuple[int, ...]) -> None:
        scene, style = self._look.scene, self._look.style
        if scene is None:
            return
        own = natural_style(scene)
        if bands == own.bands:
            self._look.restyle(own)
            return
        stretch = style.stretch if style.stretch in STRETCHES else STRETCHES[0]
        if stretch == "type" and not scene.is_in_bytes:
            stretch = STRETCHES[0]
        ramp = (style.ramp or own.ramp or next(iter(ANCHORS))) if len(bands) == 1 else None
        self._look.restyle(Style(bands, stretch, ramp))

    def _choose(self, text: str) -> None:
        scene = self._look.scene
        words = text.replace(",", " ").split()
        if scene is None or not words:
            return
        is_number = all(word.isascii() and word.isdigit() and len(word) < 7 for word in words)
        bands = tuple(int(word) - 1 for word in words) if is_number else ()
        if len(bands) not in (1, 3) or not all(0 <= band < scene.bands for band in bands):
            self._status.say(f"one or three numbers; the raster has {plural(scene.bands, 'band')}", "$error")
        else:
            self._show(bands)

    def _limit(self, text: str) -> None:
        limits = parse_limits(text)
        if limits is None:
            self._status.say("two numbers, the lower one first", "$error")
            return
        self._look.is_per_view = False
        style = replace(self._look.style, stretch="hand")
        self._look.style = style
        self._look.keep_limits(limits * len(style.bands))
        self._look.restyle(style)


def parse_limits(text: str) -> Limits | None:
    """Return two numbers that ascend as limits; None for any other text."""
    words = text.replace(",", " ").split()
    try:
        low, high = (float(word) for word in words)
    except ValueError:
        return None
    return ((low, high),) if math.isfinite(low) and math.isfinite(high) and low < high else None
