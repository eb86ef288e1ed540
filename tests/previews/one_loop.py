"""One event loop a file: the decoding process belongs to the loop that started it, and starting it takes a while."""

from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio

from storage_tui.previews import close


def share_loop(items: Iterable[pytest.Item]) -> None:
    """Give the asynchronous tests among these the loop of their file, which has `decoder_of_the_file` too."""
    for item in items:
        if item.get_closest_marker("asyncio") is not None:
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def decoder_of_the_file() -> AsyncIterator[None]:
    """Ends the decoding process after the last test of the file, in the loop that started it."""
    yield
    await close()
