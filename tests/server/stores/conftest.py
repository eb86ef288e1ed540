"""Started stores: of each engine for a test that asks for a `stage`, a local one for a test that asks for `local`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.stores.engines import ENGINES, Stage


@pytest.fixture(params=ENGINES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    started = Stage(ENGINES[request.param], tmp_path)
    await started.start()
    yield started
    await started.store.close()


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stage]:
    started = Stage(ENGINES["local"], tmp_path)
    await started.start()
    yield started
    await started.store.close()
