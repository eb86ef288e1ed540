"""The commands that choose a feature, a layer and a label."""

from storage_tui.contract.visible import visible
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.tui.viewer.map.cross_hair import CrossHair
from storage_tui.tui.viewer.map.layers import Layer
from storage_tui.tui.viewer.map.look import Look
from storage_tui.tui.viewer.status import Status

REACH_CELLS = 0.75  # a line or a point so near to the middle of a cell is meant


class Walking:
    """Walks through the features of the layer of the cursor."""

    def __init__(self, look: Look, cross: CrossHair, status: Status) -> None:
        self._look = look
        self._cross = cross
        self._status = status

    def action_feature_next(self) -> None:
        """Choose the next feature, and show it in the middle."""
        self._step(1)

    def action_feature_previous(self) -> None:
        """Choose the feature before, and show it in the middle."""
        self._step(-1)

    def action_feature_here(self) -> None:
        """Choose the feature under the cross-hair, or in the middle of the view."""
        view = self._look.view
        if view is not None:
            x, y = self._cross.place or (view.x, view.y)
            self.choose_at(x, y)

    def action_feature_fit(self) -> None:
        """Show the chosen feature as large as the view allows."""
        view, chosen = self._look.view, self._look.chosen
        box = None if chosen is None else chosen[1].box_of(chosen[2])
        if view is None or box is None:
            self._status.say("n chooses a feature first", "$warning")
        else:
            self._look.show(view.fit(box))

    def action_layer_next(self) -> None:
        """Go to the next layer."""
        self._to_layer(1)

    def action_layer_previous(self) -> None:
        """Go to the layer before."""
        self._to_layer(-1)

    def action_layer_show(self) -> None:
        """Show or hide the layer of the cursor."""
        layer = self._look.layers.current
        if layer is None:
            return
        layer.is_visible = not layer.is_visible
        self._look.redraw()
        self._status.say(f"{visible(layer.name, limit=40)} is {'shown' if layer.is_visible else 'hidden'}")

    def action_layer_fit(self) -> None:
        """Show all of the layer of the cursor."""
        layer = self._look.layers.current
        if layer is None or layer.left_out or not self._look.fit([layer]):
            self._status.say("this layer has no shapes on the map", "$warning")

    def action_map_labels(self) -> None:
        """Label the features with the next property in turn."""
        layer = self._look.layers.current
        fields = layer.base.told.fields if layer is not None and layer.base is not None else ()
        self._status.say(self._look.naming.next_of(fields))
        self._look.redraw()

    def action_map_graticule(self) -> None:
        """Show or hide the lines of whole degrees."""
        self._look.has_graticule = not self._look.has_graticule
        self._look.redraw()

    def drop(self) -> bool:
        """Choose no feature; return false when none was chosen."""
        was_chosen, self._look.chosen = self._look.chosen is not None, None
        if was_chosen:
            self._look.redraw()
        return was_chosen

    def choose_at(self, x: float, y: float) -> None:
        """Choose the feature at a place, of the layer that was drawn last there."""
        look, view = self._look, self._look.view
        if view is None:
            return
        reach = 2 * REACH_CELLS * view.scale * view.stretch, 4 * REACH_CELLS * view.scale
        for row in reversed(look.layers.drawn):
            features = row.features(look.bounds)
            found = None if features is None else features.at(x, y, reach)
            if features is not None and found is not None:
                look.layers.at = look.layers.rows.index(row)
                look.chosen = row, features, found
                look.redraw()
                return
        if not self.drop():
            self._status.say("no feature here", "$text-muted")

    def _step(self, by: int) -> None:
        look, layer = self._look, self._look.layers.current
        if layer is None or not layer.is_drawn or look.view is None:
            self._status.say("this layer has no shapes on the map", "$warning")
            return
        features = layer.features(look.bounds)
        assert features is not None
        at = look.chosen[2] if look.chosen is not None and look.chosen[1] is features else -1 if by > 0 else 0
        for _ in range(features.count):
            at = (at + by) % features.count
            if features.box_of(at) is not None:
                self._show(layer, features, at)
                return
        self._status.say("this layer has no shapes on the map", "$warning")

    def _show(self, layer: Layer, features: Features, feature: int) -> None:
        view, box = self._look.view, features.box_of(feature)
        assert view is not None and box is not None
        self._look.chosen = layer, features, feature
        west, south, east, north = box
        across = (east - west) / (view.width * view.scale * view.stretch)
        up = (north - south) / (view.height * view.scale)
        middle = (west + east) / 2, (south + north) / 2
        if max(across, up) > 1:
            self._look.show(view.fit(box))
        else:
            self._look.show(view.centred(*middle))

    def _to_layer(self, by: int) -> None:
        layers = self._look.layers
        if layers.rows:
            layers.at = (layers.at + by) % len(layers.rows)
            self._look.redraw()
