"""What people install: the wheel and the source distribution, built from the tree and looked into, the wheel run."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST_WHEEL_BYTES = 2_350_000  # little more than the package has: a file that does not belong there shows


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with both, made by the build backend itself."""
    folder = tmp_path_factory.mktemp("dist")
    for hook in ("build_sdist", "build_wheel"):
        code = f"import hatchling.build, sys; hatchling.build.{hook}(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist(built):
    (path,) = built.glob("*.tar.gz")
    return path


def sources():
    """Every file of the package that is no leftover of a run."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "storage_tui").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == sources()
    assert {"storage_tui/py.typed", "storage_tui/web/page/index.html"} <= names
    assert [name for name in names if name.endswith(".tcss")]
    assert wheel.stat().st_size < MOST_WHEEL_BYTES


def test_the_wheel_says_what_it_is(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    about = Parser().parsestr(archive.read(name).decode())
    assert about["Name"] == "storage-tui"
    assert about["Requires-Python"] == ">=3.11"
    assert {"preview", "fsspec", "web"} <= set(about.get_all("Provides-Extra"))
    assert "# storage-tui" in about.get_payload()
    entries = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    assert "storage-tui = storage_tui.__main__:main" in entries
    assert "dlstorage = storage_tui.fs:StorageFileSystem" in entries


def test_the_source_distribution_holds_what_the_tests_need_and_no_leftovers(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert sources() <= names
    assert {"README.md", "pyproject.toml", "tests/test_packaging.py", "tests/pictures.py"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith((".git/", ".venv", "screenshots"))]


def test_the_wheel_runs_where_the_tree_is_not(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "STORAGE_TUI_HOME": str(tmp_path / "own"),
               "STORAGE_TUI_LINGER": "0"}  # fmt: skip
    script = "import storage_tui; print(storage_tui.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert where.stdout.startswith(str(tmp_path))
    command = [sys.executable, "-m", "storage_tui"]
    put = [*command, "put", "-", "from/wheel"]
    subprocess.run(put, cwd=tmp_path, env=environ, input=b"1", check=True, timeout=60, capture_output=True)
    got = subprocess.run(
        [*command, "cat", "from/wheel"], cwd=tmp_path, env=environ, capture_output=True, check=True, timeout=60
    )
    assert got.stdout == b"1"


def test_every_package_says_what_is_inside():
    for folder in sorted({(ROOT / name).parent for name in sources() if name.endswith(".py")}):
        spec = importlib.util.find_spec(".".join(folder.relative_to(ROOT).parts))
        assert spec is not None
        text = (folder / "__init__.py").read_text("utf-8")
        assert text.startswith('"""'), f"{folder} says nothing to pydoc"


def test_a_table_of_files_names_each_of_them_and_no_other():
    for folder in sorted({(ROOT / name).parent for name in sources() if name.endswith(".py")}):
        tables = [text for path in folder.glob("*.py") if "| file |" in (text := doc_of(path))]
        inside = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        if "| file |" not in doc_of(folder / "__init__.py"):
            assert not inside, f"{folder} has no table of its files"
            continue
        named = set(re.findall(r"[a-z0-9_]+(?:\.py|/)", "".join(tables)))
        there = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
        inner = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
        assert named & there == there, f"{folder}: {sorted(there - named)}"
        assert inner <= named, f"{folder}: {sorted(inner - named)}"
        gone = {name for name in named if name.endswith(".py")} - there
        assert not gone, f"{folder}: {sorted(gone)}"


def doc_of(path):
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
