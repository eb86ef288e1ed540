"""The image or product that a call of the catalog names, as a folder of `products`, for restricted tokens."""

from collections.abc import Sequence

from storage_tui.contract.catalog import STORED_IN
from storage_tui.server.catalog.images import looked_up_image, named_image
from storage_tui.server.catalog.jsonapi import path_id, read_resource, resource_from
from storage_tui.server.catalog.products import own_id
from storage_tui.server.catalog.removals import record_name
from storage_tui.server.http.grants import Named, Verb
from storage_tui.server.http.naming import Naming
from storage_tui.server.http.request import Request


def names_product(verb: Verb) -> Naming:
    """Return a function that names the product in the path."""

    async def named(request: Request) -> Sequence[Named]:
        return [Named(verb, STORED_IN, own_id(request, path_id(request), is_lookup=True))]

    return named


def names_image(verb: Verb) -> Naming:
    """Return a function that names the image in the path."""

    async def named(request: Request) -> Sequence[Named]:
        return [Named(verb, STORED_IN, record_name(looked_up_image(request)))]

    return named


async def names_new_product(request: Request) -> Sequence[Named]:
    """Return the product that the body describes."""
    sent = await read_resource(request, "product")
    return [Named(Verb.WRITE, STORED_IN, own_id(request, sent.resource_id or ""))]


async def names_new_image(request: Request) -> Sequence[Named]:
    """Return the image that the body describes."""
    return [Named(Verb.WRITE, STORED_IN, record_name(named_image(request, await read_resource(request, "image"))))]


async def names_new_upload(request: Request) -> Sequence[Named]:
    """Return the image whose upload the body describes."""
    sent = await read_resource(request, "image_upload")
    image = resource_from(sent.attributes.get("image"), "image")
    return [Named(Verb.WRITE, STORED_IN, record_name(named_image(request, image)))]


async def names_all(_: Request) -> Sequence[Named]:
    """Return everything in `products`: this is a search."""
    return [Named(Verb.LIST, STORED_IN, "")]
