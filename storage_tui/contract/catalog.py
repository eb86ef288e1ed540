"""The catalog in front of `products`: the form of its ids, and the keys under which the files of an image are stored.

A product is `PREFIX:NAME`, an image `PRODUCT:IMAGE`, and the files of an image are the blobs `PRODUCT/IMAGE/FILE` of
the storage type `products`. Source: the published client 1.12.1 for ids and paths. The layout of the keys is our own,
because no layout was ever documented.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from storage_tui.contract.errors import BadRequestError, InvalidKeyError, ProtocolError
from storage_tui.contract.keys import DELIMITER, check_key, key_from_path, key_to_path
from storage_tui.contract.models import Blob, parse_time

CATALOG_PATH = "/metadata/v1/catalog/v2"
CATALOG_FEATURE = "catalog"
STRAYS_FEATURE = "stray-files"  # an addition of ours: blobs of no image can be deleted
IMAGES = "images"
STORED_IN = "products"
HREF = f"storage://{STORED_IN}/"  # start of a file's address here; other addresses (gs://, https://) are kept as text
MAX_ID_CHARACTERS = 200  # of a product's id and an image's name, which are segments of keys and of records

_PRODUCT_ID = re.compile(r"[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)*")
_IMAGE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_DOTS = (".", "..")


@dataclass(frozen=True, slots=True)
class ImageId:
    """The id of one image: the id of its product, a colon, and the name of the image."""

    product_id: str
    name: str

    def __str__(self) -> str:
        return f"{self.product_id}:{self.name}"

    @property
    def prefix(self) -> str:
        """Return the prefix of the keys of the image's files."""
        return f"{self.product_id}{DELIMITER}{self.name}{DELIMITER}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PRODUCT:IMAGE`; raise BadRequestError for a text that cannot be the id of an image."""
        product_id, colon, name = text.rpartition(":")
        if not colon:
            raise BadRequestError("the id of an image is that of its product, a colon, and its name")
        return cls(check_product_id(product_id), check_image_name(name))

    @classmethod
    def of_key(cls, key: str) -> Self | None:
        """Return the image to which the blob of the key belongs, by the layout of the key; None for any other key."""
        product_id, _, rest = key.partition(DELIMITER)
        name, delimiter, file = rest.partition(DELIMITER)
        if not delimiter or not file:
            return None
        try:
            return cls(check_product_id(product_id), check_image_name(name))
        except BadRequestError:
            return None


@dataclass(frozen=True, slots=True)
class CatalogImage:
    """One image as the catalog describes it.

    `blobs` are the image's files in `products`, as far as the catalog describes them. `others` are the addresses of
    files that are kept elsewhere.
    """

    image_id: ImageId
    product_name: str | None = None
    acquired: datetime | None = None
    blobs: tuple[Blob, ...] = ()
    others: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the answer to `GET /images/{id}?include=product`; raise ProtocolError for anything else."""
        try:
            attributes = raw["data"]["attributes"]
            files = {str(file["href"]): file.get("size_bytes") for file in attributes.get("files") or ()}
            keys = {key: size for href, size in files.items() if (key := key_of_href(href)) is not None}
            included = [row["attributes"].get("name") for row in raw.get("included", ()) if row["type"] == "product"]
            return cls(
                image_id=ImageId.parse(raw["data"]["id"]),
                product_name=next((str(name) for name in included if name), None),
                acquired=parse_time(attributes.get("acquired")),
                blobs=tuple(Blob.from_json({"key": key, "size": size}, STORED_IN) for key, size in keys.items()),
                others=tuple(href for href in files if key_of_href(href) is None),
            )
        except (KeyError, TypeError, ValueError, AttributeError, BadRequestError) as exc:
            raise ProtocolError(f"the catalog described an image in a way that cannot be read: {exc}") from exc


def check_product_id(text: str) -> str:
    """Return a valid id of a product; raise BadRequestError, which says what is allowed, for any other text."""
    return _checked(text, _PRODUCT_ID, "the id of a product", "letters, digits and _ . - : with a part on each side")


def is_product_id(text: str) -> bool:
    """Return whether the text can be the id of a product."""
    return len(text) <= MAX_ID_CHARACTERS and _PRODUCT_ID.fullmatch(text) is not None and text not in _DOTS


def check_image_name(text: str) -> str:
    """Return a valid name of an image; raise BadRequestError, which says what is allowed, for any other text."""
    return _checked(text, _IMAGE_NAME, "the name of an image", "letters, digits and _ . -")


def image_path(image_id: ImageId) -> str:
    """Return the URL path of an image; colons are not escaped, as in the published client."""
    return f"{CATALOG_PATH}/{IMAGES}/{quote(str(image_id), safe=':')}"


def stray_path(key: str) -> str:
    """Return the URL path by which a blob of no image is deleted."""
    return f"{CATALOG_PATH}/files/{key_to_path(key)}"


def file_href(key: str) -> str:
    """Return the address by which the catalog names a file in `products`."""
    return HREF + key_to_path(key)


def key_of_href(href: str) -> str | None:
    """Return the key of a file in `products`; None for a file that is kept elsewhere, and for a malformed key."""
    if not href.startswith(HREF):
        return None
    try:
        return key_from_path(href.removeprefix(HREF).encode())
    except InvalidKeyError:
        return None


def file_key(image_id: ImageId, path: str) -> str:
    """Return the key of an uploaded file: the image's prefix and the last part of `path`, split at `/` and `\\`.

    Return the empty text for a path without a file name. Raise InvalidKeyError for a name that a key cannot have.
    """
    name = re.split(r"[/\\]", path)[-1]
    return check_key(image_id.prefix + name) if name else ""


def _checked(text: str, pattern: re.Pattern[str], what: str, rule: str) -> str:
    if len(text) > MAX_ID_CHARACTERS or not pattern.fullmatch(text) or text in _DOTS:
        raise BadRequestError(f"{what} is 1 to {MAX_ID_CHARACTERS} {rule}, not {text[:60]!a}")
    return text
