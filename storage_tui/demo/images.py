"""A product of the catalog with two images. Their files are blobs in `products`; the rest is in the records of the
store."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage_tui.contract.catalog import ImageId
from storage_tui.server.catalog.documents import Documents, normal_times, now_text
from storage_tui.server.catalog.removals import record_name
from storage_tui.server.catalog.tasks import image_fields
from storage_tui.server.stores.local.records import LocalRecords

PRODUCT_ID = "acme:s2:v1"
PRODUCT_NAME = "Sentinel-2 true colour"


@dataclass(frozen=True, slots=True)
class DemoImage:
    """One image of the product."""

    image_id: ImageId
    acquired: str
    cloud_fraction: float
    age_days: int


IMAGES = (
    DemoImage(ImageId(PRODUCT_ID, "2024-06-27_10SGF"), "2024-06-27T18:41:11Z", 0.41, 27),
    DemoImage(ImageId(PRODUCT_ID, "2024-07-12_10SGF"), "2024-07-12T18:41:05Z", 0.03, 12),
)


def register_images(data_dir: Path, namespace: str, etags: Mapping[str, str], sizes: Mapping[str, int]) -> None:
    """Write the records of the product and its images. `etags` and `sizes`, in bytes, are those of the files by key."""
    documents, now = Documents(LocalRecords(data_dir)), now_text()
    product = {"attributes": {"name": PRODUCT_NAME}, "created": now, "modified": now, "group": None}
    documents.write_now("products", namespace, PRODUCT_ID, product)
    for image in IMAGES:
        files = [
            {"key": key, "etag": etag, "size_bytes": sizes[key]}
            for key, etag in sorted(etags.items())
            if key.startswith(image.image_id.prefix)
        ]
        attributes = {
            "product_id": PRODUCT_ID, "name": image.image_id.name, "acquired": image.acquired,
            "cloud_fraction": image.cloud_fraction,
        }  # fmt: skip
        document = image_fields(normal_times(attributes), files, upload="demo")
        documents.write_now("images", namespace, record_name(image.image_id), document)
