"""No decoding process outlives its test."""

from collections.abc import AsyncIterator

import pytest

from storage_tui.previews import close


@pytest.fixture(autouse=True)
async def _no_decoder_left() -> AsyncIterator[None]:
    """Ends the decoder after the test, in the loop that started it."""
    yield
    await close()
