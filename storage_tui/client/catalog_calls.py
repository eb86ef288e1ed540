"""The catalog's calls for `products`: find the image of a blob, delete an image with all its files or a blob of no
image."""

from storage_tui.client.calls import Call, Service, describe
from storage_tui.client.requests import Request, checked
from storage_tui.contract import wire
from storage_tui.contract.catalog import CATALOG_FEATURE, STORED_IN, CatalogImage, ImageId, image_path, stray_path
from storage_tui.contract.keys import check_key


def image_of(service: Service, key: str) -> Call[CatalogImage | None]:
    """Return the image to which the blob `key` of `products` belongs; None without such an image or a catalog."""
    image_id = ImageId.of_key(key)
    image = None if image_id is None else (yield from find_image(service, image_id))
    return image if image is not None and any(blob.key == key for blob in image.blobs) else None


def find_image(service: Service, image_id: ImageId) -> Call[CatalogImage | None]:
    """Return the image with this id; None when there is none, or the server has no catalog."""
    if CATALOG_FEATURE not in (yield from describe(service)).features:
        return None
    request = Request("GET", image_path(image_id), query=(("include", "product"),), is_rooted=True)
    response = yield request
    if response.status == 404:
        return None
    checked(request, response)
    return CatalogImage.from_json(wire.parse_answer(response.body))


def delete_image(image_id: ImageId) -> Call[None]:
    """Delete an image from the catalog, and its files from `products`; raise NotFoundError when there is none."""
    request = Request("DELETE", image_path(image_id), is_rooted=True)
    checked(request, (yield request))


def delete_stray(key: str, etag: str | None = None) -> Call[None]:
    """Delete a blob of `products` that belongs to no image; with an ETag, only if the blob still has this ETag. Raise
    NotFoundError when there is none, ConflictError for a file of an image."""
    headers = {} if etag is None else {"If-Match": wire.format_etag(etag)}
    path = stray_path(check_key(key))
    request = Request("DELETE", path, headers=headers, is_rooted=True, key=key, storage_type=STORED_IN)
    checked(request, (yield request))
