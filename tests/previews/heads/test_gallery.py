"""Every format of the gallery as `storage-tui show --json` gives it to programs."""

import json

from storage_tui.cli.commands.show import as_object
from storage_tui.previews import preview
from tests.previews.heads.samples import HEADS
from tests.previews.ranges import Ranges
from tests.previews.samples import SAMPLES

GALLERY = {kind: (make, name) for kind, (make, name, _) in HEADS.items()} | {
    kind: (make, "blob") for kind, (make, _) in SAMPLES.items()
}


async def test_every_format_is_given_to_programs() -> None:
    for kind, (make, name) in GALLERY.items():
        source = Ranges.of(make()).source(name)
        shown = await preview(source, width=100, height=30)
        told = json.loads(json.dumps(as_object(f"data:{name}", source, shown, 30)))
        assert (told["kind"], told["is_damaged"]) == (kind, False), kind
        assert told["facts"] or told.get("lines") or told.get("rows"), kind
        assert told["requests"] >= 1 and 0 < told["bytes_read"] <= 1 << 20, kind
        assert "lines" in told or shown.is_drawing, kind
