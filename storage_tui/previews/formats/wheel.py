"""Wheels of Python: name, version and what the package needs, above its members (PyPA, binary distribution format)."""

import re

from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, Budget, Preview, View
from storage_tui.previews.containers.zip_directory import Directory
from storage_tui.previews.heads.zip_members import Members

METADATA, WHEEL = ".dist-info/METADATA", ".dist-info/WHEEL"
FACTS = {"name": "name", "version": "version", "summary": "summary", "requires-python": "Python",
         "license-expression": "license"}  # fmt: skip
_LINE = re.compile(r"^([A-Za-z-]{1,40}):[ \t]*(.*)$", re.MULTILINE)


class Wheel:
    """The metadata of a package; the members follow."""

    kind = "wheel"
    budget = Budget(requests=4, size_bytes=512 * KIB)  # head, directory, and two members that are not in either

    def claims(self, directory: Directory, name: str) -> bool:
        """Return whether the members of a wheel are there."""
        endings = {ending for entry in directory.entries for ending in (METADATA, WHEEL) if entry.name.endswith(ending)}
        return len(endings) == 2

    async def show(self, members: Members, view: View) -> Preview:
        """Return the facts of the metadata."""
        found = {ending: next(entry for entry in members.directory.entries if entry.name.endswith(ending))
                 for ending in (METADATA, WHEEL)}  # fmt: skip
        told = (await members.read(found[METADATA])).raw.decode("utf-8", "replace").split("\n\n")[0]
        pairs = [(match[1].lower(), match[2].strip()) for match in _LINE.finditer(told)]
        first = dict(reversed(pairs))
        facts = [(label, visible(first[key], limit=100)) for key, label in FACTS.items() if first.get(key)]
        needs = [value for key, value in pairs if key == "requires-dist" and "extra ==" not in value]
        if needs:
            facts.append(("needs", visible(", ".join(needs), limit=160)))
        wheel = (await members.read(found[WHEEL])).raw.decode("utf-8", "replace")
        tags = [match[2].strip() for match in _LINE.finditer(wheel) if match[1].lower() == "tag"]
        facts.append(("for", visible(", ".join(tags), limit=100)))
        return Preview(self.kind, facts=tuple(facts))
