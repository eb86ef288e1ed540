"""Every route of the application that a token opens, and every way in which a request to it names something.

A test holds this table against the application's own, so that a route which is missing here is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from storage_tui.contract.catalog import CATALOG_PATH, stray_path
from storage_tui.contract.packs import PACK_TYPE, PackReader, frame
from storage_tui.server.http.grants import Verb

INSIDE, FOLDER = "team:a/there", "team:a"  # a key that is also an image, PRODUCT/IMAGE, and the folder it is in
OWN = "team:a/own"  # another key of the folder


@dataclass
class Furnished:
    """What a user has: the blob KEY in data, the product and image of that name, and an upload of one more image."""

    tasks: dict[str, str] = field(default_factory=dict)  # key -> id of the upload in the catalog

    def task(self, key: str) -> str:
        """The upload that was begun for the key, or the id of none."""
        return self.tasks.get(key, "0000000000000-0000000000000000")


Send = Callable[[httpx.Client, Furnished, str], httpx.Response]


@dataclass(frozen=True)
class Way:
    """One way of naming a key in a request to `route`. `verbs` are all that it takes; `is_whole` names everything."""

    route: tuple[str, str]
    send: Send
    verbs: tuple[Verb, ...]
    storage_type: str = "data"
    is_whole: bool = False


def _plain(method: str, path: str, *verbs: Verb, **more: Any) -> Way:
    """A route whose key is in its path."""

    def send(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
        url = path.replace("{type}", "data").replace("{key}", quote(key))
        return client.request(method, url, content=b"sent" if method == "PUT" else None)

    return Way((method, path), send, verbs, **more)


def _prefixed(path: str) -> Way:
    def send(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
        return client.get(path.replace("{type}", "data"), params={"prefix": f"{key}/"})

    return Way(("GET", path), send, (Verb.LIST,))


def _batch(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/delete", json={"targets": [{"key": OWN + "/never"}, {"key": key}]})


def _copy_from(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/copy", json={"key": key, "to_key": OWN})


def _copy_to(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/copy", json={"key": OWN, "to_key": key})


def _drop_uploads(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/left_uploads", json={"targets": [{"key": key, "upload_id": "1"}]})


def _thaw(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/thaw", json={"targets": [{"key": key}]})


def _bring_back(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/undelete", json={"targets": [{"key": OWN + "/never"}, {"key": key}]})


def _bring_back_as(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/undelete", json={"targets": [{"key": OWN + "/never", "to_key": key}]})


def _purge(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/purge", json={"targets": [{"key": OWN + "/never"}, {"key": key}]})


def _purge_below(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/purge", json={"prefix": f"{key}/"})


def _copy_many(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    targets = [{"key": OWN + "/never", "to_key": OWN}, {"key": key, "to_key": OWN}]
    return client.post("/data/copy", json={"targets": targets})


def _copy_many_to(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    targets = [{"key": OWN + "/never", "to_key": OWN}, {"key": OWN, "to_key": key}]
    return client.post("/data/copy", json={"targets": targets})


def _move_from(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/move", json={"key": key, "to_key": OWN})


def _move_to(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/move", json={"key": OWN, "to_key": key})


def _move_many(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    targets = [{"key": OWN + "/never", "to_key": OWN}, {"key": key, "to_key": OWN}]
    return client.post("/data/move", json={"targets": targets})


def _move_many_to(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    targets = [{"key": OWN + "/never", "to_key": OWN}, {"key": OWN, "to_key": key}]
    return client.post("/data/move", json={"targets": targets})


def _pack_up(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    pack = b"".join(frame({"key": name}, b"packed") for name in (OWN + "/packed", key))
    return client.post("/data/set", content=pack, headers={"Content-Type": PACK_TYPE})


def _pack_down(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.post("/data/get", json={"keys": [OWN + "/never", key]})


def _catalog(
    method: str, path: str, body: Callable[[str], Any] | None, *verbs: Verb, is_whole: bool = False
) -> Way:  # fmt: skip
    def send(client: httpx.Client, mine: Furnished, key: str) -> httpx.Response:
        product, _, image = key.partition("/")
        named = mine.task(key) if "uploads" in path else f"{product}:{image}" if "images" in path else product
        url = str(client.base_url).removesuffix("/storage/v1/") + CATALOG_PATH + path.replace("{id}", named)
        return client.request(method, url, json=body(key) if body else None)

    return Way((method, path), send, verbs, "products", is_whole)


def _stray(client: httpx.Client, _: Furnished, key: str) -> httpx.Response:
    return client.delete(str(client.base_url).removesuffix("/storage/v1/") + stray_path(key))


def product_body(key: str) -> Any:
    """The document of the product that the key is in."""
    return {"data": {"type": "product", "id": key.partition("/")[0], "attributes": {"name": "P"}}}


def image_body(key: str) -> Any:
    """The document of the image that the key is."""
    product, _, name = key.partition("/")
    attributes = {"product_id": product, "name": name, "acquired": "2024-05-01"}
    return {"data": {"type": "image", "id": f"{product}:{name}", "attributes": attributes}}


def upload_body(key: str) -> Any:
    """The document that asks for upload URLs of that image."""
    options = {"upload_type": "file", "image_files": ["scene.tif"]}
    attributes = {
        "image": image_body(key), "image_id": key.replace("/", ":"), "image_upload_options": options,
    }  # fmt: skip
    return {"data": {"type": "image_upload", "attributes": attributes}}


def _change(kind: str) -> Callable[[str], Any]:
    return lambda _: {"data": {"type": kind, "attributes": {"status": "canceled"}}}


def _find(_: str) -> Any:
    return {"limit": 10}


L, R, W, D = Verb.LIST, Verb.READ, Verb.WRITE, Verb.DELETE
WAYS = (
    _plain("GET", "/{type}/get/{key}", R),
    _plain("HEAD", "/{type}/get/{key}", R),
    _plain("GET", "/{type}/new_resumable_url/{key}", W),
    _plain("GET", "/{type}/get_signed_url/{key}", R, Verb.SHARE),
    _plain("PUT", "/{type}/set/{key}", W),
    _plain("DELETE", "/{type}/{key}", D),
    _prefixed("/{type}/list"),
    _prefixed("/{type}/usage"),
    _prefixed("/{type}/trash"),
    Way(("POST", "/{type}/undelete"), _bring_back, (W,)),
    Way(("POST", "/{type}/undelete"), _bring_back_as, (W,)),
    Way(("POST", "/{type}/purge"), _purge, (D,)),
    Way(("POST", "/{type}/purge"), _purge_below, (D,)),
    _plain("GET", "/{type}/facts/{key}", R),
    _prefixed("/{type}/left_uploads"),
    Way(("POST", "/{type}/left_uploads"), _drop_uploads, (D,)),
    Way(("POST", "/{type}/thaw"), _thaw, (W,)),
    Way(("POST", "/{type}/set"), _pack_up, (W,)),
    Way(("POST", "/{type}/get"), _pack_down, (R,)),
    Way(("POST", "/{type}/delete"), _batch, (D,)),
    Way(("POST", "/{type}/copy"), _copy_from, (R, W)),
    Way(("POST", "/{type}/copy"), _copy_to, (R, W)),
    Way(("POST", "/{type}/copy"), _copy_many, (R, W)),
    Way(("POST", "/{type}/copy"), _copy_many_to, (R, W)),
    Way(("POST", "/{type}/move"), _move_from, (R, W, D)),
    Way(("POST", "/{type}/move"), _move_to, (R, W, D)),
    Way(("POST", "/{type}/move"), _move_many, (R, W, D)),
    Way(("POST", "/{type}/move"), _move_many_to, (R, W, D)),
    _catalog("POST", "/products", product_body, W),
    _catalog("PUT", "/products", _find, L, is_whole=True),
    _catalog("GET", "/products/{id}", None, R),
    _catalog("HEAD", "/products/{id}", None, R),
    _catalog("PATCH", "/products/{id}", _change("product"), W),
    _catalog("GET", "/products/{id}/delete_related_objects", None, R),
    _catalog("POST", "/images", image_body, W),
    _catalog("PUT", "/images", _find, L, is_whole=True),
    _catalog("GET", "/images/{id}", None, R),
    _catalog("HEAD", "/images/{id}", None, R),
    _catalog("PATCH", "/images/{id}", _change("image"), W),
    _catalog("POST", "/uploads_v2", upload_body, W),
    _catalog("PUT", "/uploads_v2", _find, L, is_whole=True),
    _catalog("GET", "/uploads_v2/{id}", None, W),
    _catalog("PATCH", "/uploads_v2/{id}", _change("image_upload"), W),
    Way(("DELETE", "/files/{key}"), _stray, (D,), "products"),
    _catalog("DELETE", "/images/{id}", None, D),
    _catalog("POST", "/products/{id}/delete_related_objects",
             lambda _: {"data": {"type": "product_delete_task"}}, D),
    _catalog("DELETE", "/products/{id}", None, D),
)  # fmt: skip
NAMELESS = {("GET", ""), ("GET", "/")}  # they name nothing of anybody's
OPENED_OTHERWISE = {  # not by a token; tests of their own
    ("POST", "/token"), ("PUT", "/upload/{id}"), ("DELETE", "/upload/{id}"), ("GET", "/upload/{id}"),
    ("PUT", "/upload/{id}/parts/{key}"), ("GET", "/signed/{type}/{key}"),
    ("HEAD", "/signed/{type}/{key}"), ("GET", "/healthz"), ("HEAD", "/healthz"),
}  # fmt: skip


def furnish(client: httpx.Client, mine: Furnished, key: str) -> None:
    """Let the user have something under the key wherever a key can be named."""
    by_route = {way.route: way for way in WAYS}
    for route in (("PUT", "/{type}/set/{key}"), ("POST", "/products"), ("POST", "/images")):
        answer = by_route[route].send(client, mine, key)
        assert answer.is_success or answer.status_code == 409, answer.text
    answer = by_route["POST", "/uploads_v2"].send(client, mine, key + "_sent")
    assert answer.is_success, answer.text
    mine.tasks[key] = answer.json()["data"]["id"]


def told(answer: httpx.Response, key: str) -> tuple[Any, ...]:
    """All that an answer tells, without the request's id, the time, and the key that the asker gave."""
    text = answer.text
    if answer.headers.get("content-type") == PACK_TYPE:  # each head comes with its length, which is not what is told
        text = repr(list(PackReader(len(answer.content)).feed(answer.content)))
    for given in (key.replace("/", ":"), key, key.partition("/")[0]):
        text = text.replace(given, "KEY")
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    return answer.status_code, headers, text
