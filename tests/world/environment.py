"""An environment with the libraries of our users' world, beside the project's own and not part of it.

It sees what the tests run in (the project, fsspec, numpy) and adds the rest, once, kept in the cache. By default that
is what installs quickly: pandas, pyarrow, universal_pathlib and a notebook's kernel. With WORLD=1 it is everything,
some 700 MB. An environment of one's own is named by STORAGE_TUI_WORLD_VENV.
"""

import os
import shutil
import site
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

from tests import wanted

FEW = ("pandas", "pyarrow", "universal_pathlib", "ipykernel", "nbclient")
ALL = (*FEW, "dask[dataframe]", "zarr", "xarray", "h5netcdf", "h5py", "rasterio", "geopandas")
GIVEN = "STORAGE_TUI_WORLD_VENV"
FEW_S = 60  # of the time that a run of all tests may take
ALL_S = 900


def is_all_wanted() -> bool:
    """Whether WORLD=1 is set."""
    return os.environ.get("WORLD") == "1"


def world_python() -> Path:
    """The Python of the environment; ends the test where there can be none."""
    given = os.environ.get(GIVEN)
    if given:
        python = Path(given) / "bin" / "python"
        assert python.exists(), f"{GIVEN} names {given}, which is no virtual environment"
        return python
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    cache = platformdirs.user_cache_path("storage-tui", appauthor=False)
    home = cache / f"world-{version}-{'all' if is_all_wanted() else 'few'}"
    python = home / "bin" / "python"
    if not python.exists():
        _make(home)
    (own,) = (home / "lib").glob("python*/site-packages")  # the project may be tested from another place by now
    (own / "tests.pth").write_text(
        "".join(f"{place}\n" for place in (*site.getsitepackages(), Path(__file__).parents[2]))
    )
    return python


def _make(home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="world-", dir=home.parent))
    names, limit_s = (ALL, ALL_S) if is_all_wanted() else (FEW, FEW_S)
    try:
        _run(sys.executable, "-m", "venv", str(made), limit_s=limit_s)
        (own,) = (made / "lib").glob("python*/site-packages")
        (own / "tests.pth").write_text("".join(f"{place}\n" for place in site.getsitepackages()))
        pip = [str(made / "bin" / "python"), "-m", "pip", "install", "-q", "--only-binary", ":all:"]
        _run(*pip, *names, limit_s=limit_s)
        made.rename(home)
    except subprocess.TimeoutExpired:
        wanted.lack(f"pandas and others did not install within {limit_s} s; with WORLD=1 the test waits longer")
    except subprocess.CalledProcessError as exc:
        reason = exc.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        wanted.lack(f"pandas and others could not be installed ({reason[0]})")
    except OSError:
        if not (home / "bin" / "python").exists():  # else another run was faster
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _run(*command: str, limit_s: float) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=limit_s)


if __name__ == "__main__":
    world_python()
