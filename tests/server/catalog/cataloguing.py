"""Calls of the catalog as a raw client makes them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from storage_tui.contract.catalog import CATALOG_PATH
from storage_tui.contract.wire import BASE_PATH

JSON_API = {"Accept": "application/vnd.api+json", "Content-Type": "application/vnd.api+json"}
ACQUIRED = "2024-05-01T00:00:00Z"


def root_of(client: httpx.Client) -> str:
    """The base URL of the catalog beside that of the client."""
    return str(client.base_url).rstrip("/").removesuffix(BASE_PATH) + CATALOG_PATH


def call(client: httpx.Client, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """One call; `path` as it goes over the wire."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        return client.request(method, root_of(client) + path, headers={**JSON_API, **names})
    return client.request(method, root_of(client) + path, json=body, headers={**JSON_API, **names})


def document(kind: str, resource_id: str | None, **attributes: Any) -> dict[str, Any]:
    """One resource as a body."""
    data: dict[str, Any] = {"type": kind, "attributes": attributes}
    if resource_id is not None:
        data["id"] = resource_id
    return {"data": data}


def upload_document(image_id: str, files: Sequence[str], **options: Any) -> dict[str, Any]:
    """The body that begins an upload."""
    product_id, _, name = image_id.rpartition(":")
    image = document("image", image_id, product_id=product_id, name=name, acquired=ACQUIRED)
    options = {"upload_type": "file", "image_files": list(files), **options}
    return document("image_upload", None, image=image, image_id=image_id, image_upload_options=options)


def save_product(client: httpx.Client, product_id: str) -> None:
    """A product that is there."""
    answer = call(client, "POST", "/products", document("product", product_id, name=product_id))
    assert answer.status_code == 201, answer.text


def begin_upload(client: httpx.Client, image_id: str, files: Sequence[str]) -> tuple[str, list[str]]:
    """The id and the URLs of a new upload."""
    answer = call(client, "POST", "/uploads_v2", upload_document(image_id, files))
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    return data["id"], data["attributes"]["resumable_urls"]


def end_upload(client: httpx.Client, task_id: str, status: str = "pending") -> httpx.Response:
    """Say that all files are sent, or that none will be."""
    return call(client, "PATCH", f"/uploads_v2/{task_id}", document("image_upload", task_id, status=status))


def upload_image(client: httpx.Client, image_id: str, files: Sequence[str] = ("a.tif", "b.tif")) -> None:
    """An image that is there, its files under keys of their names."""
    task_id, urls = begin_upload(client, image_id, files)
    for name, url in zip(files, urls, strict=True):
        assert httpx.put(url, content=name.encode(), trust_env=False).status_code == 200
    assert end_upload(client, task_id).status_code == 200


def image_status(client: httpx.Client, image_id: str) -> int:
    """Whether the image is there: 200 or 404."""
    return call(client, "GET", f"/images/{quote(image_id, safe=':')}").status_code


def stored_keys(client: httpx.Client, prefix: str) -> list[str]:
    """The keys in `products` below a prefix."""
    keys = client.get("/products/list", params={"prefix": prefix}).json()
    assert isinstance(keys, list)
    return keys
