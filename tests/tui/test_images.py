"""Products in the browser: whose file a blob is, and deleting an image whole."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from storage_tui import Storage
from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import Restriction, Verb
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.tui.dialogs.delete import DeleteScreen
from tests.client.published import PublishedServer
from tests.server.catalog.cataloguing import call, save_product, upload_image
from tests.server.running import RunningServer

PRODUCT = "org:forest"


@pytest.fixture
def catalog(server: RunningServer, token: str) -> Iterator[httpx.Client]:
    """A raw client of the user, with a product of one image of two files."""
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        save_product(client, PRODUCT)
        upload_image(client, f"{PRODUCT}:scene-1", ["blue.txt", "red.txt"])
        yield client


async def test_preview_and_details_tell_image_and_product(browse: Any, catalog: httpx.Client) -> None:
    async with browse(f"products:{PRODUCT}/scene-1/") as browser:
        await browser.until(lambda: browser.names == ["blue.txt", "red.txt"])
        await browser.shows("image    scene-1")
        await browser.shows(f"product  {PRODUCT}")
        await browser.shows("acquired 2024-05-01")
        await browser.press("i")
        await browser.shows("files")
        for words in ("8 B  blue.txt", "7 B  red.txt", "deletes the whole image"):
            await browser.shows(words)


async def test_the_folder_of_an_image_tells_of_it_too(browse: Any, catalog: httpx.Client) -> None:
    async with browse(f"products:{PRODUCT}/") as browser:
        await browser.until(lambda: browser.names == ["scene-1/"])
        await browser.shows("image    scene-1")
        await browser.press("i")
        await browser.shows("8 B  blue.txt")
        await browser.press("escape", "h")
        await browser.until(lambda: browser.names == [f"{PRODUCT}/"])
        await browser.until(lambda: "oldest" in browser.text and "acquired" not in browser.text)


async def test_a_blob_of_no_image_is_shown_plainly(store: Storage, browse: Any, catalog: httpx.Client) -> None:
    store.set(f"{PRODUCT}/scene-1/plain.txt", "plain words", "products")
    async with browse(f"products:{PRODUCT}/scene-1/") as browser:
        await browser.until(lambda: len(browser.names) == 3)
        await browser.press("j")
        await browser.until(lambda: browser.current.endswith("plain.txt"))
        await browser.shows("plain words")
        assert "acquired" not in browser.text
        await browser.press("D")
        await browser.shows("This blob belongs to no image of the catalog")
        await browser.press("enter")
        await browser.until(lambda: not isinstance(browser.app.screen, DeleteScreen))
        assert await asyncio.to_thread(store.exists, f"{PRODUCT}/scene-1/plain.txt", "products")
        await browser.press("D")
        await browser.shows("This blob belongs to no image of the catalog")
        await browser.press("right", "enter")
        await browser.until(lambda: browser.names == ["blue.txt", "red.txt"])
        assert not await asyncio.to_thread(store.exists, f"{PRODUCT}/scene-1/plain.txt", "products")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_delete_offers_the_whole_image_and_no_is_preselected(
    store: Storage, browse: Any, catalog: httpx.Client, size: tuple[int, int]
) -> None:
    upload_image(catalog, f"{PRODUCT}:scene-2", ["kept.txt"])
    async with browse(f"products:{PRODUCT}/scene-1/", size=size) as browser:
        await browser.until(lambda: browser.names == ["blue.txt", "red.txt"])
        await browser.press("D")
        await browser.until(lambda: isinstance(browser.app.screen, DeleteScreen))
        if size == (120, 40):
            await browser.shows("Delete image scene-1 from the catalog?")
            for words in ("an image is deleted with all its files", "blue.txt", "red.txt", "15 B", "Delete all 2"):
                assert words in browser.text
        await browser.press("enter")
        await browser.until(lambda: not isinstance(browser.app.screen, DeleteScreen))
        assert len(await asyncio.to_thread(store.list, f"{PRODUCT}/scene-1/", "products")) == 2
        await browser.press("D")
        await browser.until(lambda: isinstance(browser.app.screen, DeleteScreen))
        await browser.press("right", "enter")
        await browser.until(lambda: browser.names == [])
        if size != (20, 5):
            await browser.shows("deleted 1 image, 2 files")
        assert await asyncio.to_thread(store.list, None, "products") == [f"{PRODUCT}/scene-2/kept.txt"]


async def test_a_folder_leads_to_all_its_images_and_many_files_need_the_count_typed(
    store: Storage, browse: Any, catalog: httpx.Client
) -> None:
    upload_image(catalog, f"{PRODUCT}:scene-2", [f"{number}.txt" for number in range(10)])
    store.set(f"{PRODUCT}/plain.txt", "x", "products")
    async with browse("products:") as browser:
        await browser.until(lambda: browser.names == [f"{PRODUCT}/"])
        await browser.press("D")
        await browser.shows("Delete 2 images from the catalog?")
        await browser.shows("1 blob of no image stay")
        await browser.type("11")
        await browser.press("enter")
        await browser.shows("That is not 12")
        await browser.press("backspace", "2", "enter")
        await browser.shows("deleted 2 images, 12 files")
        assert await asyncio.to_thread(store.list, None, "products") == [f"{PRODUCT}/plain.txt"]


async def test_an_image_that_has_gone_meanwhile_is_no_failure(browse: Any, catalog: httpx.Client) -> None:
    async with browse(f"products:{PRODUCT}/scene-1/") as browser:
        await browser.until(lambda: len(browser.names) == 2)
        await browser.press("D")
        await browser.shows("Delete image scene-1")
        assert call(catalog, "DELETE", f"/images/{PRODUCT}:scene-1").status_code == 200
        await browser.press("right", "enter")
        await browser.shows("1 image gone before")
        await browser.until(lambda: browser.names == [])


async def test_a_token_that_may_not_delete_is_told_so(
    server: RunningServer, store: Storage, browse: Any, catalog: httpx.Client
) -> None:
    reading = Restriction((), (Verb.READ, Verb.LIST))
    subject = jwt.decode(str(catalog.headers["Authorization"]).split()[1], options={"verify_signature": False})["sub"]
    limited = create_token(LocalRecords(server.data_dir), subject, restriction=reading)
    async with browse(f"products:{PRODUCT}/scene-1/", token=limited) as browser:
        await browser.until(lambda: len(browser.names) == 2)
        await browser.press("D")
        await browser.shows("Delete image scene-1")
        await browser.press("right", "enter")
        await browser.shows("was not deleted: the token does not allow this")
        assert len(browser.names) == 2
    assert len(await asyncio.to_thread(store.list, None, "products")) == 2


async def test_a_server_without_a_catalog_says_how_products_are_deleted(
    server: RunningServer, store: Storage, browse: Any, catalog: httpx.Client
) -> None:
    with PublishedServer(server.url) as plain:
        async with browse(f"products:{PRODUCT}/scene-1/", url=plain.url) as browser:
            await browser.until(lambda: len(browser.names) == 2)
            await browser.press("D")
            await browser.shows("cannot delete from products: remove the image with Image.delete()")


async def test_an_odd_name_of_a_product_is_shown_as_it_is(browse: Any, catalog: httpx.Client) -> None:
    body = {"data": {"type": "product", "id": PRODUCT, "attributes": {"name": "red [b]\x1b[31m\u202e"}}}
    assert call(catalog, "PATCH", f"/products/{PRODUCT}", body).status_code == 200
    async with browse(f"products:{PRODUCT}/scene-1/") as browser:
        await browser.shows("red [b]\\x1b[31m\\u202e (org:forest)")
        await browser.press("D")
        await browser.shows("Product red [b]\\x1b[31m\\u202e (org:forest). In products an image is deleted")
