"""A virtual environment with the published client, which needs Python 3.9 or 3.10; made once and kept in the cache."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs

from tests import wanted

CLIENT = "descarteslabs==1.12.1"  # the last line that has Storage
PYTHONS = ("3.10", "3.9")
VARIABLE = "STORAGE_TUI_PUBLISHED_CLIENT_VENV"
INSTALL_S = 600


def published_python() -> Path:
    """The Python that can import the published client; ends the test where there can be none."""
    given = os.environ.get(VARIABLE)
    if given:
        python = Path(given) / "bin" / "python"
        assert python.exists(), f"{VARIABLE} names {given}, which is no virtual environment"
        return python
    home = platformdirs.user_cache_path("storage-tui", appauthor=False) / "published-client-1.12.1"
    python = home / "bin" / "python"
    if python.exists():
        return python
    base = _base_python()
    if base is None:
        wanted.lack(f"the published client needs Python {' or '.join(PYTHONS)}")
    home.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="published-", dir=home.parent))
    try:
        _run(str(base), "-m", "venv", str(made))
        _run(str(made / "bin" / "python"), "-m", "pip", "install", "-q", "--only-binary", ":all:", CLIENT)
        made.rename(home)
    except subprocess.CalledProcessError as exc:
        reason = exc.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        wanted.lack(f"the published client could not be installed ({reason[0]})")
    except OSError:
        if not python.exists():  # else another run was faster
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return python


def _base_python() -> Path | None:
    for version in PYTHONS:
        names = [shutil.which(f"python{version}")]
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        names += [str(found) for found in sorted(pyenv.glob(f"{version}*/bin/python"), reverse=True)]
        for name in names:
            if name and _works(name):
                return Path(name)
    return None


def _works(name: str) -> bool:
    """A pyenv shim exists for versions that are not chosen; then it only prints how to choose one."""
    return subprocess.run([name, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=INSTALL_S)
