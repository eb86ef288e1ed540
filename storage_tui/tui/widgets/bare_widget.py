"""A widget of lines only: they are drawn past Textual's boxes, which take longer than the lines."""

from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.widget import Widget


class BareWidget(Widget):
    """A widget that draws by `render_line` (Textual's line API); a subclass caches its own lines.

    With a border or a padding the widget is drawn as any other widget.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.base = Style.null()
        self._seen: VisualStyle | None = None
        self._ground = Color(0, 0, 0)
        self._is_bare = False

    @property
    def room(self) -> Size:
        """The cells for the lines. `size` has the same value, but looks itself up on the screen each time."""
        return self.outer_size if self._is_bare else self.size

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region, in the style `base` unless a line has its own style."""
        style = self.visual_style
        if style is not self._seen:  # the same object until a stylesheet or a theme changes
            self._seen, self.base = style, style.rich_style
            self._ground = style.background or Color(0, 0, 0)
            self._is_bare = not any(self.styles.gutter)
        if not self._is_bare:
            return super().render_lines(crop)
        filters = self.app.get_line_filters()
        strips = []
        for y in crop.line_range:
            strip = self.render_line(y)
            for each in filters:
                strip = strip.apply_filter(each, self._ground)
            strips.append(strip)
        if crop.column_span != (0, self.room.width):
            return [strip.crop(*crop.column_span) for strip in strips]
        return strips
