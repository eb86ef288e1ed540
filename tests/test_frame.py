"""The frame: floors, what importing the client costs, the top level of the repository, the settings."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from storage_tui.cli.settings import Settings, SettingsError, load
from tests.house import House

ROOT = Path(__file__).parent.parent
TOP_LEVEL = {"pyproject.toml", "storage_tui", "tests", "screenshots", "README.md"}
LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"
HOUSE = House(ROOT, "storage_tui")


def run(*command, **options):
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=60, **options)


def loaded_by(code):
    """The modules that a fresh interpreter has after running `code`."""
    result = run("-c", f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))")
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


def test_imports_point_down():
    result = run("-c", LINTER, "--no-cache")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_importing_the_client_loads_no_browser_no_server_and_no_preview_library():
    modules = loaded_by("from storage_tui import Storage, AsyncStorage, errors")
    heavy = {"textual", "rich", "PIL", "numpy", "granian", "apsw", "click", "storage_tui.tui", "storage_tui.server"}
    assert not heavy & modules


def test_a_document_of_the_viewer_knows_no_widget():
    modules = loaded_by("import storage_tui.tui.viewer.opening, storage_tui.tui.viewer.documents.fixed")
    assert not {name for name in modules if name.partition(".")[0] == "textual"}


def test_what_goes_to_the_terminal_knows_no_screen():
    files = (ROOT / "storage_tui" / "tui" / "terminal").glob("[a-z]*.py")
    modules = loaded_by("\n".join(f"import storage_tui.tui.terminal.{path.stem}" for path in files))
    known = {name.split(".")[2] for name in modules if name.startswith("storage_tui.tui.")}
    assert known <= {"terminal", "previews", "decoding", "visible"}


def test_importing_the_package_loads_nothing_of_it():
    assert {name for name in loaded_by("import storage_tui") if name.startswith("storage_tui")} == {"storage_tui"}


def test_help_loads_no_client_no_browser_and_no_server():
    modules = loaded_by(
        "from storage_tui.cli.main import cli\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    cli(['--help'])"
    )
    assert not {"httpx", "textual", "rich", "granian", "apsw", "jwt"} & modules


def test_an_unknown_public_name_is_an_attribute_error():
    result = run("-c", "import storage_tui; storage_tui.Store")
    assert "AttributeError: module 'storage_tui' has no attribute 'Store'" in result.stderr


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout: the list of tracked files is not known")
def test_the_top_level_holds_what_the_design_names():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {name.split("/", 1)[0] for name in tracked if name}
    assert {name for name in top if not name.startswith(".")} == TOP_LEVEL


def test_settings_come_from_defaults_file_environment_and_flags_in_this_order(tmp_path):
    file = tmp_path / "config.toml"
    assert load({}, file=file, environ={}) == Settings()
    file.write_text('url = "http://a/"\ntheme = "nord"\nmouse = false\n')
    assert load({}, file=file, environ={}) == Settings(url="http://a/", theme="nord", mouse=False)
    environ = {"STORAGE_TUI_URL": "http://b/", "STORAGE_TUI_MOUSE": "yes"}
    assert load({}, file=file, environ=environ) == Settings(url="http://b/", theme="nord")
    assert load({"url": "http://c/", "theme": None}, file=file, environ=environ).url == "http://c/"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("urls = 'x'", "unknown setting 'urls'"), ("url = 3", "url must be text"), ("mouse = 'x'", "true or false"),
     ("= 3", "cannot be read as TOML")],
)  # fmt: skip
def test_a_wrong_settings_file_is_refused_with_the_reason(tmp_path, text, reason):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=reason) as refusal:
        load({}, file=file, environ={})
    assert str(file) in str(refusal.value)


CHANGES = (
    re.compile(r'setattr\([^()\n]*"(?:\w+\.)*([A-Z][A-Z_]{2,})",'),  # monkeypatch.setattr(module, "BOUND", …)
    re.compile(r"\b[a-z_]\w*\.([A-Z][A-Z_]{2,}) = "),  # source text for another process
)
LEFT = {  # the constructor of the client is the published one, and takes no bounds
    "FIRST_PAUSE_S", "FIRST_WAIT_S", "LONGEST_WAIT_S", "RESUMED_FROM_BYTES", "UNASKED_BYTES", "UNTOLD_BYTES",
}  # fmt: skip


def changed_constants(text):
    """The constants of modules that the text of a test changes."""
    return {name for change in CHANGES for name in change.findall(text)}


def test_what_a_test_sets_differently_is_passed_in():
    files = {*(ROOT / "tests").rglob("*.py")} - {Path(__file__)}
    changed = set().union(*(changed_constants(path.read_text()) for path in files))
    assert changed == LEFT, "give the class an argument instead, as `Bounds` of the server"


@pytest.mark.parametrize("text", ['monkeypatch.setattr(body, "IDLE_S", 1.0)', '"body.IDLE_S = 1.0\\n"'])
def test_a_constant_that_a_test_changes_is_found(text):
    assert changed_constants(text) == {"IDLE_S"}


def test_no_class_is_a_tower():
    assert HOUSE.towers() == []


def test_no_files_import_each_other():
    assert HOUSE.circles() == []


def test_no_folder_is_flat():
    assert HOUSE.flat_folders() == []


@pytest.mark.parametrize(
    ("files", "measure"),
    [
        ({"a.py": "from p.b import B\n", "b.py": "def late():\n    from p.a import x\n"}, House.circles),
        ({"a.py": "class A: ...\nclass B(A): ...\nclass C(B): ...\nclass D(C): ...\n"}, House.towers),
        ({"a.py": "class A:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(61))}, House.towers),
        ({f"m{n}.py": "" for n in range(17)}, House.flat_folders),
    ],
)
def test_what_must_not_be_built_is_found(tmp_path, files, measure):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "__init__.py").touch()
    for name, text in files.items():
        (tmp_path / "p" / name).write_text(text)
    assert measure(House(tmp_path, "p"))
