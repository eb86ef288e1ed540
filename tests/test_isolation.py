"""Nothing in the working directory is run: every program that this one starts, in a directory full of traps."""

import ast
import asyncio
import importlib.metadata
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

import storage_tui
from storage_tui import Storage
from storage_tui.machine import interpreters, programs
from tests.terminal import Terminal

PACKAGE = Path(storage_tui.__file__).parent
PROGRAMS = ("python", "python3", "sh", "bash", "less", "vi", "env", "xdg-open", "xdg-settings", "x-www-browser",
            "www-browser", "firefox", "chromium", "w3m", "lynx", "setsid", "uname", "ldconfig", "gcc")  # fmt: skip
EXTRA = ("sitecustomize", "usercustomize", "click", "numpy", "async_tiff", "arro3", "IPython", "descarteslabs")


@pytest.fixture
def traps(tmp_path):
    """A directory with a module of every name that an import could look for and programs of usual names, each of which
    notes its name in the file beside the directory; that file is returned with the directory."""
    folder, sprung = tmp_path / "traps", tmp_path / "sprung"
    folder.mkdir()
    names = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions(), *EXTRA} - {"storage_tui"}
    for name in names:
        if name.isidentifier():
            (folder / f"{name}.py").write_text(f"open({str(sprung)!r}, 'a').write('{name}.py\\n')\n")
    for name in PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> {sprung}\n")
        (folder / name).chmod(0o755)
    return folder, sprung


@pytest.fixture
def environ(tmp_path, runtime_base, traps):
    """An environment that leads into the directory wherever an environment can."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_TUI", "DESCARTESLABS"))}
    return {
        **kept, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "own"), "XDG_RUNTIME_DIR": str(runtime_base),
        "TERM": "xterm-256color", "PATH": f".::{kept['PATH']}:", "STORAGE_TUI_LINGER": "0",
    }  # fmt: skip


IN_TRAPS = {"PYTHONPATH": ":.", "PYTHONSTARTUP": "click.py", "PYTHONPYCACHEPREFIX": ".", "PYTHONHOME": ""}
SET = f"import os; os.environ.update({IN_TRAPS!r})\n"  # what a child would obey; the test's own Python must not
RUN = "from storage_tui.__main__ import main; import sys; sys.argv[0] = 'storage-tui'; main()"


def command(code, *arguments):
    """A parent that is itself isolated, as the installed command is, with variables that a child might obey."""
    return [sys.executable, "-P", "-c", SET + code, *arguments]


def picture():
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, "PNG")
    return content.getvalue()


def fill(environ, **blobs):
    with Storage(data_dir=Path(environ["STORAGE_TUI_HOME"]) / "data") as storage:
        for key, value in blobs.items():
            storage.set(key.replace("_", "."), value)


@pytest.fixture
def own_runtime(monkeypatch, environ):
    """This process finds the embedded server where the programs that it starts find theirs."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", environ["XDG_RUNTIME_DIR"])


def test_the_traps_work(traps, environ):
    folder, sprung = traps
    subprocess.run(
        [sys.executable, "-m", "storage_tui.previews.decoding"], cwd=folder, env=environ, stdin=subprocess.DEVNULL
    )
    assert sprung.read_text()


def test_the_embedded_server_runs_nothing_of_the_working_directory(traps, environ):
    folder, sprung = traps
    code = "from storage_tui import Storage\nwith Storage() as s: s.set('a', b'1'); print(s.get('a'))"
    done = subprocess.run(command(code), cwd=folder, env=environ, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "b'1'", "")
    assert not sprung.exists()


def test_a_picture_under_the_cursor_runs_nothing_of_the_working_directory(traps, environ, own_runtime):
    folder, sprung = traps
    fill(environ, a_png=picture())
    with Terminal(command(RUN), cwd=folder, environ=environ) as terminal:
        terminal.wait_for("8 × 8", timeout_s=60)
        terminal.send("q")
        assert terminal.wait_for_exit() == 0
    assert not sprung.exists()


def test_a_query_runs_nothing_of_the_working_directory(traps, environ, own_runtime):
    folder, sprung = traps
    (folder / "a.csv").write_text("n\n1\n")
    done = subprocess.run(
        command(RUN, "sql", "select n + 1 as m from './a.csv'"),
        cwd=folder, env=environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "m\n2\n", "")
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("key", "variable", "program", "end"),
    [("|", "PAGER", "less", "the downloaded copy is removed"), ("e", "EDITOR", "vi", "is unchanged")],
)
def test_a_pager_or_editor_of_the_working_directory_is_not_run(
    traps, environ, own_runtime, tmp_path, key, variable, program, end
):
    folder, sprung = traps
    real = tmp_path / "bin" / program
    real.parent.mkdir()
    real.write_text("#!/bin/sh\nprintf '\\r\\nthe real one: '; cat \"$1\"; read answer\n")
    real.chmod(0o755)
    environ |= {"PATH": f".:{real.parent}:{environ['PATH']}", variable: program}
    fill(environ, notes_txt=b"words of a blob\n")
    with Terminal(command(RUN), cwd=folder, environ=environ) as terminal:
        terminal.wait_for("words of a blob")
        terminal.send("enter")
        terminal.wait_for("hex/text")
        terminal.send(key)
        if key == "|":
            terminal.wait_for("Downloads the whole blob")
            terminal.send("right", "enter")
        terminal.wait_for("the real one: words of a blob")
        terminal.send("enter")
        terminal.wait_for(end)
    assert not sprung.exists()


async def test_the_program_in_a_web_page_runs_nothing_of_the_working_directory(traps, environ, own_runtime):
    folder, sprung = traps
    fill(environ, a_png=picture())
    opened = folder.parent / "opened"
    browser = folder.parent / "bin" / "my-browser"
    browser.parent.mkdir()
    browser.write_text(f'#!/bin/sh\necho "$@" > {opened}\n')
    browser.chmod(0o755)
    environ |= {"PATH": f".:{environ['PATH']}:{browser.parent}", "BROWSER": "my-browser", "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        *command(RUN, "web", "--open"), cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    link = (await process.stdout.readline()).decode().strip()
    async with aiohttp.ClientSession() as session:
        headers = {"Origin": link[: link.index("/", 7)]}
        async with session.ws_connect(f"{link}ws?width=120&height=40", headers=headers) as socket:
            await socket.send_json(["resize", {"width": 120, "height": 40}])
            drawn = b""
            async with asyncio.timeout(60):
                while "8 × 8".encode() not in drawn:
                    message = await socket.receive()
                    drawn += message.data if message.type == aiohttp.WSMsgType.BINARY else b""
    process.terminate()
    _, said = await process.communicate()
    assert (process.returncode, said) == (0, b"")
    assert not sprung.exists()
    assert opened.read_text().startswith("file:///")


@pytest.mark.parametrize("place", ["PYTHONPATH", "user"])
def test_the_program_is_found_where_the_parent_found_it(tmp_path, runtime_base, place):
    """A copy in PYTHONPATH or in the user's own packages, with its libraries, in an interpreter that has neither."""
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", bare], check=True)
    python = str(bare / "bin" / "python")
    probe = "import site; print(site.getusersitepackages())"
    environ = {"HOME": str(tmp_path / "home"), "STORAGE_TUI_HOME": str(tmp_path / "own"), "PATH": os.environ["PATH"],
               "XDG_RUNTIME_DIR": str(runtime_base), "STORAGE_TUI_LINGER": "0"}  # fmt: skip
    packages = tmp_path / "packages"
    if place == "user":
        packages = Path(
            subprocess.run([python, "-c", probe], env=environ, capture_output=True, text=True).stdout.strip()
        )
    else:
        environ["PYTHONPATH"] = str(packages)
    packages.mkdir(parents=True)
    shutil.copytree(PACKAGE, packages / "storage_tui", ignore=shutil.ignore_patterns("__pycache__"))
    installed = Path(aiohttp.__file__).parent.parent
    for one in installed.iterdir():
        if "storage_tui" not in one.name and one.name != "__pycache__":
            (packages / one.name).symlink_to(one)
    code = "import storage_tui; print(storage_tui.__file__)\nwith storage_tui.Storage() as s: s.set('a', b'1')"
    done = subprocess.run([python, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(packages / "storage_tui" / "__init__.py")


def test_relative_and_empty_entries_of_path_are_left_out(tmp_path, monkeypatch):
    (tmp_path / "less").write_text("#!/bin/sh\n")
    (tmp_path / "less").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for path in (".", "", ":", f"{os.curdir}:", "./:..", tmp_path.name):
        assert programs.find_program("less", {"PATH": path}) is None
        assert programs.safe_path(path) == ""
    assert programs.find_program("less", {"PATH": f".:{tmp_path}"}) == str(tmp_path / "less")
    assert programs.find_program("./less", {"PATH": str(tmp_path)}) is None
    assert programs.find_program(str(tmp_path / "less"), {"PATH": ""}) == str(tmp_path / "less")
    assert programs.find_program("", {"PATH": str(tmp_path)}) is None


def test_a_python_without_a_path_of_its_own_starts_nothing(monkeypatch):
    for path in ("", None, "python"):
        monkeypatch.setattr(sys, "executable", path)
        with pytest.raises(FileNotFoundError):
            interpreters.command("storage_tui")


STARTERS = {  # what starts a program, and the files that may, each with what it starts
    "subprocess": {
        "client/access/embedded.py": "interpreters.command",
        "client/agent/link.py": "interpreters.command",
        "machine/terminal_programs.py": "find_program",
        "tui/shell_command.py": "find_program",
        "previews/decoding/decoder.py": "interpreters.command",
        "previews/querying/query.py": "interpreters.command",
        "previews/searching/matcher.py": "interpreters.command",
    },
    "asyncio.subprocess": {},
    "create_subprocess_exec": {},
    "textual_serve": {"web/server.py": "command: Sequence[str]"},
    "textual_serve.app_service": {"web/page_program.py": "PageProgram"},
    "PageProgram": {"web/server.py": "command: Sequence[str]"},
    "WebServer": {"cli/commands/web.py": "interpreters.command", "web/server.py": "command: Sequence[str]"},
    "webbrowser": {"web/link_file.py": "interpreters.clean"},
    "executable": {"machine/interpreters.py": "is_absolute"},
}
NEVER = {
    "multiprocessing", "ProcessPoolExecutor", "create_subprocess_shell", "which", "pty", "system", "popen", "startfile",
    "posix_spawn", "posix_spawnp", *(f"{kind}{how}" for kind in ("exec", "spawn") for how in ("l", "le", "lp", "lpe",
    "v", "ve", "vp", "vpe")),
}  # fmt: skip


def test_programs_are_started_in_the_places_named_here_and_nowhere_else():
    for path in sorted(PACKAGE.rglob("*.py")):
        name, text = path.relative_to(PACKAGE).as_posix(), path.read_text("utf-8")
        for used in names_used(ast.parse(text)):
            assert used not in NEVER, f"{name} uses {used}: start programs as storage_tui.machine says"
            if used in STARTERS:
                assert STARTERS[used].get(name, "\0") in text, f"{name} uses {used}: see STARTERS"


def names_used(tree):
    """The modules that are imported and the attributes and names that are read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
