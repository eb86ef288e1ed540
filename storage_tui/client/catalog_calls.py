"""The calls of the catalog that a browser of `products` needs: whose file a blob is, and deleting that image whole."""

from storage_tui.client.calls import Call, Service, describe
from storage_tui.client.requests import Request, checked
from storage_tui.contract import wire
from storage_tui.contract.catalog import CATALOG_FEATURE, CatalogImage, ImageId, image_path


def image_of(service: Service, key: str) -> Call[CatalogImage | None]:
    """The image that the blob `key` of `products` is a file of. None where it is of none, or the server has no
    catalog."""
    image_id = ImageId.of_key(key)
    image = None if image_id is None else (yield from find_image(service, image_id))
    return image if image is not None and any(blob.key == key for blob in image.blobs) else None


def find_image(service: Service, image_id: ImageId) -> Call[CatalogImage | None]:
    """The image of that id. None where there is none, or the server has no catalog."""
    if CATALOG_FEATURE not in (yield from describe(service)).features:
        return None
    request = Request("GET", image_path(image_id), query=(("include", "product"),), is_rooted=True)
    response = yield request
    if response.status == 404:
        return None
    checked(request, response)
    return CatalogImage.from_json(wire.parse_answer(response.body))


def delete_image(image_id: ImageId) -> Call[None]:
    """Delete an image from the catalog, and its files from `products`; raises NotFoundError when there is none."""
    request = Request("DELETE", image_path(image_id), is_rooted=True)
    checked(request, (yield request))
