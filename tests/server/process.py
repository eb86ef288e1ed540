"""The process of a server under test: `python -m tests.server.process JSON`. `RunningServer` writes the JSON."""

import json
import sys
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from storage_tui.server.run.serve import Bounds, leave, serve
from storage_tui.server.stores.s3.protocol.place import S3Place


def restored(kind: type[Any], raw: dict[str, Any]) -> Any:
    """Return the frozen dataclass that `dataclasses.asdict` made `raw` of."""
    return kind(**{row.name: restored(row.type, raw[row.name]) if is_dataclass(row.type) else raw[row.name]
                   for row in fields(kind)})  # fmt: skip


def main(given: dict[str, Any]) -> None:
    """Serve until a signal; the base URL is the one line that is printed."""
    place: Path | S3Place = Path(given["place"])
    if given["endpoint"]:
        place = replace(S3Place.parse(given["place"], endpoint=given["endpoint"]), is_direct=given["is_direct"])
    if given["prelude"]:
        module, _, name = given["prelude"].partition(":")
        getattr(import_module(module), name)(given["place"])
    serve(
        place=place, host="127.0.0.1", port=given["port"], on_ready=lambda url: print(url, flush=True),
        public_url=given["public_url"] or None, bounds=restored(Bounds, given["bounds"]),
    )  # fmt: skip
    leave()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
