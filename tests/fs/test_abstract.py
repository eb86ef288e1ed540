"""fsspec's own suites for file systems, all of them and without exclusions, on a real server.

Like every object store this one has no empty folders, which the suites take into account by their own switch.
"""

from collections.abc import Callable
from posixpath import join

import pytest
from fsspec.tests import abstract

pytestmark = pytest.mark.filterwarnings(
    "ignore:Class-scoped fixtures"
)  # of older suites, which pytest 9 advises against


class Fixtures(abstract.AbstractFixtures):  # type: ignore[misc]
    """What the suites ask of a file system."""

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return join

    @pytest.fixture
    def fs_path(self) -> str:
        return "data/suite"

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False

    @pytest.fixture
    def fs(self, fs: abstract.LocalFileSystem) -> abstract.LocalFileSystem:
        return fs


class TestCopy(abstract.AbstractCopyTests, Fixtures):  # type: ignore[misc]
    pass


class TestGet(abstract.AbstractGetTests, Fixtures):  # type: ignore[misc]
    pass


class TestPut(abstract.AbstractPutTests, Fixtures):  # type: ignore[misc]
    pass


class TestPipe(abstract.AbstractPipeTests, Fixtures):  # type: ignore[misc]
    pass


class TestOpen(abstract.AbstractOpenTests, Fixtures):  # type: ignore[misc]
    pass


def test_every_suite_of_fsspec_is_run() -> None:
    suites = {name for name in vars(abstract) if name.startswith("Abstract") and name.endswith("Tests")}
    run = {base.__name__ for row in (TestCopy, TestGet, TestPut, TestPipe, TestOpen) for base in row.__mro__}
    assert suites <= run
