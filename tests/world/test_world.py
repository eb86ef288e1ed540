"""pandas, pyarrow, UPath and, with WORLD=1, dask, zarr, xarray, rasterio and geopandas read and write our blobs."""

import os
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import wanted
from tests.server.running import RunningServer
from tests.world.environment import GIVEN, is_all_wanted, world_python
from tests.world.programs import CASES

PROGRAMS = Path(__file__).with_name("programs.py")
FEW = ("pandas", "pyarrow", "upath")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("world") / "store")
    running.data_dir.mkdir(mode=0o700)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def python() -> Path:
    return world_python()


@pytest.mark.timeout(1000)
@pytest.mark.parametrize("case", CASES)
def test_the_library_reads_what_it_wrote(server: RunningServer, python: Path, tmp_path: Path, case: str) -> None:
    if case not in FEW and not is_all_wanted() and not os.environ.get(GIVEN):
        wanted.lack(f"{case} is large; WORLD=1 installs and tests it")
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        "STORAGE_TUI_URL": server.url,
        "STORAGE_TUI_TOKEN": server.token(case),
    }
    done = subprocess.run(
        [str(python), "-W", "ignore", str(PROGRAMS), case],
        cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=300, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    print(f"{case} {done.stdout.strip()}")


def test_none_of_these_libraries_is_needed_to_run_the_project() -> None:
    text = (PROGRAMS.parents[2] / "pyproject.toml").read_text("utf-8")
    assert find_spec("fsspec") is not None
    assert not [name for name in CASES if f'"{name}' in text.partition("[project.optional-dependencies]")[0]]
