"""Keras models (.keras): versions and layers from the JSON members of the zip (keras.src.saving.saving_lib)."""

import json
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, Budget, LimitError, Preview, View
from storage_tui.previews.containers.zip_directory import Directory
from storage_tui.previews.heads.zip_members import Content, Members
from storage_tui.previews.table.grid import grid_lines

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = "model.weights.h5"
SHOWN_LAYERS = 500


class Keras:
    """The layers of a model; its weights are an HDF5 member."""

    kind = "Keras"
    budget = Budget(requests=4, size_bytes=512 * KIB)  # head, directory, and two members that are not in the head

    def claims(self, directory: Directory, name: str) -> bool:
        """Return whether the members of a saved model are there."""
        return {CONFIG, METADATA} <= {entry.name for entry in directory.entries[:20]}

    async def show(self, members: Members, view: View) -> Preview:
        """Return versions and layers."""
        found = {name: members.find(name) for name in (METADATA, CONFIG, WEIGHTS)}
        facts: list[tuple[str, str]] = []
        layers: list[tuple[str, str, str]] = []
        for name in (METADATA, CONFIG):
            entry = found[name]
            if entry is None:
                continue
            told = _json(await members.read(entry), name)
            if name == METADATA:
                facts += [(label, visible(str(told.get(key)), limit=60)) for label, key in
                          (("version", "keras_version"), ("saved", "date_saved")) if key in told]  # fmt: skip
            else:
                layers = _layers(told)
                facts.append(("model", visible(str(told.get("class_name")), limit=60)))
                facts.append(("layers", f"{len(layers):,}"))
        if (weights := found[WEIGHTS]) is not None:
            facts.append(("weights", size_text(weights.size_bytes)))
        lines = grid_lines(("layer", "class", "shape of input"), layers[:SHOWN_LAYERS]) if layers else []
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines))


def _json(content: Content, name: str) -> dict[str, Any]:
    if not content.is_whole:
        raise LimitError(f"its {name} is longer than what a preview reads")
    try:
        told = json.loads(content.raw)
    except (ValueError, RecursionError) as exc:
        raise LimitError(f"its {name} is not understood") from exc
    if not isinstance(told, dict):
        raise LimitError(f"its {name} is not understood")
    return told


def _layers(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, class and shape of the input of each layer at the top."""
    config = told.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    rows = []
    for layer in layers if isinstance(layers, list) else []:
        if not isinstance(layer, dict):
            continue
        inner = layer.get("config") if isinstance(layer.get("config"), dict) else {}
        build = layer.get("build_config") if isinstance(layer.get("build_config"), dict) else {}
        assert isinstance(inner, dict) and isinstance(build, dict)
        shape = build.get("input_shape", inner.get("batch_shape"))
        sides = " × ".join("?" if side is None else str(side)[:20] for side in shape) if isinstance(shape, list) else ""
        name = layer.get("name") or inner.get("name", "")
        rows.append((str(name)[:80], str(layer.get("class_name", ""))[:80], sides[:80]))
    return rows
