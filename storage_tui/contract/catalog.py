"""The catalog in front of `products`: how its ids read, and under which keys the files of an image lie.

A product is `PREFIX:NAME`, an image `PRODUCT:IMAGE`, and the files of an image are the blobs `PRODUCT/IMAGE/FILE` of
the storage type `products`. Source: the published client 1.12.1 for ids and paths; the layout of the keys is ours, as
none was ever documented.
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
IMAGES = "images"
STORED_IN = "products"
HREF = f"storage://{STORED_IN}/"  # of a file kept here; others (gs://, https://) are texts to us
MAX_ID_CHARACTERS = 200  # of a product's id and of an image's name: both are segments of keys and of records

_PRODUCT_ID = re.compile(r"[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)*")
_IMAGE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_DOTS = (".", "..")


@dataclass(frozen=True, slots=True)
class ImageId:
    """The id of one image: that of its product, a colon, and the name of the image."""

    product_id: str
    name: str

    def __str__(self) -> str:
        return f"{self.product_id}:{self.name}"

    @property
    def prefix(self) -> str:
        """What the keys of its files begin with."""
        return f"{self.product_id}{DELIMITER}{self.name}{DELIMITER}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PRODUCT:IMAGE`; raises BadRequestError for what no image can be called."""
        product_id, colon, name = text.rpartition(":")
        if not colon:
            raise BadRequestError("the id of an image is that of its product, a colon, and its name")
        return cls(check_product_id(product_id), check_image_name(name))

    @classmethod
    def of_key(cls, key: str) -> Self | None:
        """The image whose file lies under the key, going by its layout; None where it lies under no image's."""
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
    """What the catalog tells of one image. `blobs` are its files in `products`, as far as the catalog describes them;
    files kept elsewhere are the addresses in `others`."""

    image_id: ImageId
    product_name: str | None = None
    acquired: datetime | None = None
    blobs: tuple[Blob, ...] = ()
    others: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the answer to `GET /images/{id}?include=product`; raises ProtocolError when it is none."""
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
    """The id itself when it is one; raises BadRequestError with what it may be otherwise."""
    return _checked(text, _PRODUCT_ID, "the id of a product", "letters, digits and _ . - : with a part on each side")


def is_product_id(text: str) -> bool:
    """Whether a product can be called so."""
    return len(text) <= MAX_ID_CHARACTERS and _PRODUCT_ID.fullmatch(text) is not None and text not in _DOTS


def check_image_name(text: str) -> str:
    """The name itself when it is one; raises BadRequestError with what it may be otherwise."""
    return _checked(text, _IMAGE_NAME, "the name of an image", "letters, digits and _ . -")


def image_path(image_id: ImageId) -> str:
    """The path of an image below the host; the colons stay as they are, as the published client sends them."""
    return f"{CATALOG_PATH}/{IMAGES}/{quote(str(image_id), safe=':')}"


def file_href(key: str) -> str:
    """How the catalog names a file that lies in `products`."""
    return HREF + key_to_path(key)


def key_of_href(href: str) -> str | None:
    """The key of a file that lies in `products`; None for a file kept elsewhere."""
    if not href.startswith(HREF):
        return None
    try:
        return key_from_path(href.removeprefix(HREF).encode())
    except InvalidKeyError:
        return None


def file_key(image_id: ImageId, path: str) -> str:
    """The key of an uploaded file, named as the last part of the path it was given with; empty for a path that names
    none. Raises InvalidKeyError for a name that no key has."""
    name = re.split(r"[/\\]", path)[-1]
    return check_key(image_id.prefix + name) if name else ""


def _checked(text: str, pattern: re.Pattern[str], what: str, rule: str) -> str:
    if len(text) > MAX_ID_CHARACTERS or not pattern.fullmatch(text) or text in _DOTS:
        raise BadRequestError(f"{what} is 1 to {MAX_ID_CHARACTERS} {rule}, not {text[:60]!a}")
    return text
