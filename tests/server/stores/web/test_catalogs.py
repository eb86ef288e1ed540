"""Static STAC catalogs: one that pystac wrote, and documents of any other kind."""

import datetime
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pystac
import pytest

from storage_tui.contract.errors import ConflictError, NotFoundError
from tests.server.stores.web.conftest import Opening, at, listed, read
from tests.server.stores.web.sites import Site, python_server, send

WHEN = datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC)
FACTS: dict[str, Any] = {"stac_version": "1.0.0", "type": "Catalog"}


@pytest.fixture(scope="module", params=[pystac.CatalogType.SELF_CONTAINED, pystac.CatalogType.ABSOLUTE_PUBLISHED])
def catalog(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of the document of a catalog with two collections of two items each."""
    root = tmp_path_factory.mktemp("stac")
    with python_server(root) as url:
        made = pystac.Catalog("all", "all of it")
        for name in ("maps", "scènes"):
            extent = pystac.Extent(pystac.SpatialExtent([[0, 0, 1, 1]]), pystac.TemporalExtent([[WHEN, None]]))
            collection = pystac.Collection(name, name, extent)
            made.add_child(collection)
            for number in range(2):
                item = pystac.Item(f"{name}-{number}", {"type": "Point", "coordinates": [0, 0]}, [0, 0, 0, 0], WHEN, {})
                item.add_asset("text", pystac.Asset("./text.txt", extra_fields={"file:size": 9 + number}))
                item.add_asset("same", pystac.Asset("./more/text.txt"))
                item.add_asset("far", pystac.Asset("https://far.example/x.tif"))
                collection.add_item(item)
        made.normalize_hrefs(url.removesuffix("/") if request.param != pystac.CatalogType.SELF_CONTAINED else str(root))
        made.save(request.param, dest_href=str(root))
        for folder in (root / "maps" / "maps-0", root / "maps" / "maps-1"):
            (folder / "more").mkdir()
            (folder / "text.txt").write_text(folder.name + "\n")
            (folder / "more" / "text.txt").write_text("more\n")
        yield f"{url}catalog.json"


async def test_children_items_and_assets_are_folders_and_blobs(catalog: str, opened: Opening) -> None:
    store = opened(catalog)
    assert await listed(store) == ["catalog.json", "maps/", "scènes/"]
    assert await listed(store, "maps/") == ["maps/collection.json", "maps/maps-0/", "maps/maps-1/"]
    item = ["maps-0.json", "text.txt", "text~2.txt"]
    assert await listed(store, "maps/maps-0/") == [f"maps/maps-0/{name}" for name in item]
    assert len(await listed(store, delimiter="", limit=2)) == 1 + 2 * (1 + 2 * 3)
    assert await read(store, "maps/maps-1/text~2.txt") == b"maps-1\n"
    assert await read(store, "maps/maps-1/text.txt") == b"more\n"
    assert json.loads(await read(store, "catalog.json"))["id"] == "all"
    assert await store.place_rules() == ["read only", "STAC catalog"]
    assert await store.place_notes() == [
        "1 link left out for leading to another host, which was not typed: 'https://far.example/x.tif'"
    ]
    page = await store.list_page("a" * 40, "data", prefix="maps/maps-1/", delimiter="/", limit=9)
    assert [blob.size_bytes for blob in page.blobs] == [None, None, 10]
    for key in ("maps/x", "x/y", "maps", "maps/maps-0/x.tif"):
        with pytest.raises(NotFoundError):
            await store.stat(at(key))


def document(*links: tuple[str, Any], **more: Any) -> bytes:
    return json.dumps({**FACTS, "links": [{"rel": rel, "href": href} for rel, href in links], **more}).encode()


async def test_a_catalog_that_holds_itself_ends(opened: Opening) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        send(handler, document(("child", "/a.json"), ("child", "/b.json")), content_type="application/json")

    with Site(answer) as site:
        store = opened(f"{site.url}catalog.json")
        assert 2 < len(await listed(store, delimiter="")) < 50
        assert len(site.asked) == 3
        assert "for seeming to hold folders without end" in (await store.place_notes())[0]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"{", "is no document of a static STAC catalog"), (b"[" * 99_999, "is no document"), (b"[]", "is no document"),
        (b'{"links": []}', "is no document"), (document(("child", 7)), "is no document"),
        (document(assets={"a": "x"}), "is no document"), (b"\xff\xfe", "is no document"),
        (b" " * 5_000_000, "is larger than 4"),
    ],
)  # fmt: skip
async def test_a_document_of_another_kind_ends_with_one_line(opened: Opening, raw: bytes, told: str) -> None:
    site = Site(lambda handler: send(handler, raw, content_type="application/json"))
    with site, pytest.raises(ConflictError, match=told):
        await listed(opened(f"{site.url}catalog.json"))


async def test_names_in_a_catalog_are_each_there_once(opened: Opening) -> None:
    hrefs = [
        "a/item.json",
        "b/a.json",
        "a.json",
        "../../x.json",
        "c/%2e%2e",
        "http://[bad",
        "d/",
        "a.json#x",
        "x" * 5000,
    ]
    with Site(
        lambda handler: send(handler, document(*(("item", href) for href in hrefs)), content_type="application/json")
    ) as site:
        assert await listed(opened(f"{site.url}catalog.json")) == [
            "a/", "a~2/", "a~3/", "a~4/", "catalog.json", "d/", "x/",
        ]  # fmt: skip
