"""The blobs below a prefix in byte order, page by page. The next page is fetched while this one is compared."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from storage_tui.client import folding
from storage_tui.client.batch.plan import PAGE_BLOBS
from storage_tui.client.control import TransferControl
from storage_tui.client.sync.entries import StoreEntry
from storage_tui.client.sync.rules import Rules
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import ProtocolError
from storage_tui.contract.models import Page


def store_entries(
    engine: TransferEngine, storage_type: str, prefix: str, rules: Rules, control: TransferControl
) -> Iterator[StoreEntry]:
    """Yield the blobs below the prefix that the rules include, in the order of their keys.

    A server that is away is waited for, as in a transfer. Raise ProtocolError for a server that lists in another order
    than byte order, and CancelledError once `control` is cancelled.
    """

    def fetch(token: str | None) -> Page:
        call = partial(folding.list_page, engine.service, prefix, storage_type, "", token, PAGE_BLOBS)
        return engine.patiently(lambda: engine.run(call()), control)

    cut, last = len(prefix), ""
    with ThreadPoolExecutor(1, thread_name_prefix="storage-tui-list") as ahead:
        page = fetch(None)
        while True:
            next_page = None if page.next_token is None else ahead.submit(fetch, page.next_token)
            for blob in page.blobs:
                if blob.key <= last or not blob.key.startswith(prefix):
                    raise ProtocolError(f"the server lists {storage_type} out of order, so it cannot be compared")
                last = blob.key
                relative = blob.key[cut:]
                if rules.includes(relative):
                    yield StoreEntry(relative, blob)
            if next_page is None:
                return
            page = next_page.result()
