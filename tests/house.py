"""Measures how the code is laid out: towers of classes, circles of files, flat folders.

A tower is a class together with all classes of this project that it inherits from: what one object really holds. A
circle is a set of files that import each other; imports inside functions and for type checking count. A flat folder has
too many modules directly in it.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

LINES_AT_MOST = 450
METHODS_AT_MOST = 60
CLASSES_AT_MOST = 3  # in one line of inheritance, the class itself included
MODULES_AT_MOST = 16
TABLES = {"formats", "dialogs"}  # folders that are a table, one file a row


@dataclass
class House:
    """The modules of a package: their trees and what each imports of the package. `root` holds the package's folder."""

    root: Path
    package: str
    trees: dict[str, ast.Module] = field(init=False)
    folders: set[str] = field(init=False)

    def __post_init__(self) -> None:
        files = {self._name(path): path for path in sorted((self.root / self.package).rglob("*.py"))}
        self.trees = {name: ast.parse(path.read_text("utf-8")) for name, path in files.items()}
        self.folders = {name for name, path in files.items() if path.name == "__init__.py"}

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def imports(self, name: str) -> Iterator[tuple[str, str]]:
        """Pairs of the local name and the full name for everything that a module imports from the package."""
        for node in ast.walk(self.trees[name]):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == self.package:
                for alias in node.names:
                    yield alias.asname or alias.name, f"{node.module}.{alias.name}"

    def module_of(self, full: str) -> str:
        """The module that holds a full name; the name itself where that is a module."""
        return full if full in self.trees else full.rpartition(".")[0]

    def circles(self) -> list[str]:
        """One line for a circle of files, the first that is found; none where there is no circle."""
        files = set(self.trees) - self.folders
        graph = {name: {self.module_of(full) for _, full in self.imports(name)} & files - {name} for name in files}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as exc:
            return [" imports ".join(reversed(exc.args[1]))]
        return []

    def towers(self) -> list[str]:
        """A line for every class that is too large or too deep, counted with the classes that it inherits from."""
        classes, bases = {}, defaultdict(list)
        for module, tree in self.trees.items():
            names = dict(self.imports(module))
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    full = f"{module}.{node.name}"
                    classes[full] = node
                    plain = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
                    named = [base.id for base in plain if isinstance(base, ast.Name)]
                    bases[full] = [names.get(name, f"{module}.{name}") for name in named]
        found = []
        for full in classes:
            line = self._line(full, classes, bases)
            lines = sum((classes[name].end_lineno or 0) - classes[name].lineno + 1 for name in line)
            methods = sum(
                isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for name in line for part in classes[name].body
            )
            if lines > LINES_AT_MOST or methods > METHODS_AT_MOST or len(line) > CLASSES_AT_MOST:
                found.append(f"{full}: {len(line)} classes, {methods} methods, {lines} lines")
        return found

    def _line(self, full: str, classes: dict[str, ast.ClassDef], bases: dict[str, list[str]]) -> list[str]:
        seen, left = [], [full]
        while left:
            name = left.pop()
            if name in classes and name not in seen:
                seen.append(name)
                left += bases[name]
        return seen

    def flat_folders(self) -> list[str]:
        """A line for every folder with too many modules."""
        counts = Counter(name.rpartition(".")[0] for name in set(self.trees) - self.folders)
        return [
            f"{folder}: {count} modules"
            for folder, count in sorted(counts.items())
            if count > MODULES_AT_MOST and folder.rpartition(".")[2] not in TABLES
        ]
