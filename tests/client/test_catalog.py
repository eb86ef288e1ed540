"""The catalog through our clients: whose file a blob is, and deleting an image whole."""

from typing import Any

import httpx
import pytest

from storage_tui import Storage
from storage_tui.contract.catalog import CatalogImage, ImageId, file_key
from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PreconditionFailedError,
    ProtocolError,
    TypeRuleError,
)
from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import Restriction, Verb
from storage_tui.server.stores.local.records import LocalRecords
from tests.client.published import PublishedServer
from tests.server.catalog.cataloguing import begin_upload, call, save_product, upload_image
from tests.server.running import RunningServer

IMAGE = ImageId("org:p", "scene-1")


@pytest.fixture
def catalog(server: RunningServer, token: str) -> Any:
    """A raw client of the user with one product of one image."""
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        save_product(client, IMAGE.product_id)
        upload_image(client, str(IMAGE), ["é 1.tif", "2.tif"])
        yield client


def test_a_file_leads_to_its_image(both: Any, catalog: httpx.Client) -> None:
    image = both.image_of(file_key(IMAGE, "é 1.tif"))
    assert image.image_id == IMAGE
    assert image.product_name == "org:p"
    assert image.acquired.year == 2024
    assert [(blob.key, blob.size_bytes) for blob in image.blobs] == [
        (f"{IMAGE.prefix}é 1.tif", 8), (f"{IMAGE.prefix}2.tif", 5),
    ]  # fmt: skip
    assert both.find_image(IMAGE) == image
    assert both.find_image(ImageId("org:p", "none")) is None
    for key in ("plain", "org:p/none/1.tif", f"{IMAGE.prefix}other.tif", "no image/x/y", "/a/b/c"):
        assert both.image_of(key) is None


def test_an_image_whose_upload_is_not_over_is_none(both: Any, catalog: httpx.Client) -> None:
    begin_upload(catalog, "org:p:begun", ["1.tif"])
    assert both.image_of("org:p/begun/1.tif") is None


def test_deleting_an_image_deletes_its_files(both: Any, catalog: httpx.Client) -> None:
    both.delete_image(IMAGE)
    assert both.list(storage_type="products") == []
    with pytest.raises(NotFoundError, match="org:p:scene-1"):
        both.delete_image(IMAGE)


def test_a_token_that_may_not_delete_is_refused(
    make: Any, server: RunningServer, token: str, catalog: httpx.Client, storage: Storage
) -> None:
    reading = Restriction(("products",), (Verb.READ, Verb.LIST))
    limited = make(server.url, token=create_token(LocalRecords(server.data_dir), "x", restriction=reading))
    with pytest.raises(ForbiddenError):
        limited.delete_image(IMAGE)
    assert len(storage.list(storage_type="products")) == 2


def test_a_plain_published_server_has_no_images(make: Any, published: PublishedServer, token: str) -> None:
    client = make(published.url, token=token)
    assert client.image_of("org:p/scene-1/1.tif") is None


def test_files_elsewhere_are_told_apart(both: Any, catalog: httpx.Client) -> None:
    attributes = {"product_id": "org:p", "name": "far", "acquired": "2024-05-01", "files": [{"href": "gs://b/far.tif"}]}
    both.set("org:p/far/1.tif", b"x", "products")
    attributes["files"].append({"href": "storage://products/org:p/far/1.tif", "size_bytes": 1})  # type: ignore[attr-defined]
    body = {"data": {"type": "image", "attributes": attributes}}
    assert call(catalog, "POST", "/images", body).status_code == 201
    assert both.image_of("org:p/far/1.tif").others == ("gs://b/far.tif",)


@pytest.mark.parametrize(
    "raw",
    [
        None, [], {}, {"data": None}, {"data": {"id": "x", "attributes": {}}}, {"data": {"id": 1, "attributes": {}}},
        {"data": {"id": "p:x", "attributes": {"acquired": "then"}}},
        {"data": {"id": "p:x", "attributes": {"files": [1]}}},
        {"data": {"id": "p:x", "attributes": {"files": [{"href": "storage://products/k", "size_bytes": "1"}]}}},
        {"data": {"id": "p:x", "attributes": {}}, "included": [{}]},
    ],
)  # fmt: skip
def test_what_is_no_image_is_a_protocol_error(raw: Any) -> None:
    with pytest.raises(ProtocolError):
        CatalogImage.from_json(raw)


def test_ids_and_keys_read_each_other() -> None:
    assert ImageId.parse("org:p:scene-1") == IMAGE == ImageId.of_key(file_key(IMAGE, "a/b.tif"))
    assert str(IMAGE) == "org:p:scene-1"
    for text in ("scene", ":scene", "p:", "p:a/b", "p:..", "..:a"):
        with pytest.raises(BadRequestError):
            ImageId.parse(text)


def test_a_blob_of_no_image_is_deleted_by_itself(both: Any, catalog: httpx.Client) -> None:
    for key in ("foo", "a b/ü?#%.tif", "org:p/none/1.tif", f"{IMAGE.prefix}other.tif"):
        both.set(key, b"x", "products")
        blob = both.stat(key, "products")
        with pytest.raises(PreconditionFailedError):
            both.delete_stray(key, "0" * 32)
        both.delete_stray(key, blob.etag)
        with pytest.raises(NotFoundError):
            both.delete_stray(key)
    assert len(both.list(storage_type="products")) == 2


def test_a_file_of_an_image_or_of_an_upload_is_no_stray(both: Any, catalog: httpx.Client) -> None:
    with pytest.raises(ConflictError, match=r"a file of the image org:p:scene-1; remove the image with Image\.delete"):
        both.delete_stray(f"{IMAGE.prefix}2.tif")
    _, [url] = begin_upload(catalog, "org:p:begun", ["1.tif"])
    assert httpx.put(url, content=b"1", trust_env=False).is_success
    with pytest.raises(ConflictError, match="has not ended"):
        both.delete_stray("org:p/begun/1.tif")
    assert len(both.list(storage_type="products")) == 3


def test_the_storage_api_itself_still_deletes_nothing_from_products(both: Any) -> None:
    both.set("foo", b"x", "products")
    with pytest.raises(TypeRuleError, match="storage-tui rm"):
        both.delete("foo", "products")
    assert both.get("foo", "products") == b"x"
