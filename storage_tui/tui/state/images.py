"""Images of the catalog in the words of the browser."""

from collections.abc import Sequence

from storage_tui.contract.catalog import STORED_IN, CatalogImage
from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.state.formats import moment_text

FILES_SHOWN = 20  # an image has a few files; the rest is counted


def product_text(image: CatalogImage) -> str:
    """Return the product as text: `Forest 2024 (org:forest)`, or the id alone."""
    name, product_id = image.product_name, image.image_id.product_id
    return visible(f"{name} ({product_id})" if name and name != product_id else product_id)


def image_facts(image: CatalogImage) -> list[tuple[str, str]]:
    """Return the product and the image, and the time of the acquisition, as facts."""
    facts = [("image", visible(image.image_id.name)), ("product", product_text(image))]
    if image.acquired is not None:
        facts.append(("acquired", moment_text(image.acquired)))
    return facts


def file_facts(image: CatalogImage) -> list[tuple[str, str]]:
    """Return the files of the image, a line each, with the label on the first line."""
    rows = [f"{size_text(blob.size_bytes):>8}  {visible(blob.key.rpartition('/')[2])}" for blob in image.blobs]
    rows += [f"{'':>8}  {visible(href)}" for href in image.others]
    shown = rows[:FILES_SHOWN]
    if len(rows) > len(shown):
        shown.append(f"and {len(rows) - len(shown):,} more")
    labels = ["files", *[""] * (len(shown) - 1)] if shown else []
    return list(zip(labels, shown, strict=True))


def images_title(images: Sequence[CatalogImage]) -> str:
    """Return the question before the deletion of the images."""
    if len(images) == 1:
        return f"Delete image {visible(images[0].image_id.name)} from the catalog?"
    return f"Delete {plural(len(images), 'image')} from the catalog?"


def images_note(images: Sequence[CatalogImage], *, left_behind: int) -> str:
    """Return the notes of that question: how deletion works here, and what is deleted or stays."""
    products = list(dict.fromkeys(product_text(image) for image in images))
    named = f"Product {products[0]}" if len(products) == 1 else plural(len(products), "product")
    parts = [f"{named}. In {STORED_IN} an image is deleted with all its files."]
    if any(image.others for image in images):
        parts.append("Files kept elsewhere stay there.")
    if left_behind:
        parts.append(f"{plural(left_behind, 'blob')} of no image {'stays' if left_behind == 1 else 'stay'}.")
    return "\n".join(parts)


def strays_note(count: int) -> str:
    """Return the note of the question before blobs of no image are deleted."""
    belong = "This blob belongs" if count == 1 else "These blobs belong"
    return f"{belong} to no image of the catalog. {STORED_IN} is upload only for all other calls."
