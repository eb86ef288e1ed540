"""Runs inside the published client's own environment (Python 3.9 or 3.10): its catalog, unchanged, against our server.

Takes the name of one case; fails with a traceback. Settings come from the environment, as its users give them.
"""

# ruff: noqa: PTH123  its users write open(name)

import hashlib
import sys
import warnings

import numpy as np
from descarteslabs.catalog import Image, ImageUpload, ImageUploadStatus, Product, properties
from descarteslabs.catalog.catalog_base import DeletedObjectError
from descarteslabs.client.services.storage import Storage
from descarteslabs.exceptions import BadRequestError, ConflictError, NotFoundError

storage = Storage()
SCENE = hashlib.sha256(b"scene").digest() * 40_000


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as exc:
        return str(exc)
    raise AssertionError(f"{error.__name__} was not raised")


def saved_product(name):
    product = Product(id=name, name=name.title(), tags=["a", "b"], start_datetime="2020-01-01")
    product.save()
    return product


def uploaded_image(product, name, content=SCENE, acquired="2024-05-01", **attributes):
    with open(name + ".tif", "wb") as file:
        file.write(content)
    image = Image(product=product, name=name, acquired=acquired, **attributes)
    upload = image.upload(name + ".tif")
    upload.wait_for_completion(timeout=60)
    assert upload.status == ImageUploadStatus.SUCCESS, upload
    return image


def products():
    product = saved_product("first")
    assert product.id == Product.namespace_id("first")
    found = Product.get(product.id)
    assert (found.name, list(found.tags), found.start_datetime.year) == ("First", ["a", "b"], 2020)
    assert Product.exists(product.id) and not Product.exists(product.id + "x")
    assert Product.get(product.id + "x") is None
    assert "exists already" in raises(ConflictError, Product(id="first", name="again").save)
    found.name = "Changed"
    found.save()
    product.reload()
    assert product.name == "Changed" and product.modified >= product.created
    other = saved_product("second")
    assert [one.id for one in Product.search()] == [product.id, other.id]
    assert [one.id for one in Product.search().filter(properties.name == "Changed")] == [product.id]
    assert Product.search().count() == 2
    assert product.delete_related_objects() is None
    product.delete()
    assert not Product.delete(product.id)
    assert Product.get(product.id) is None


def sharing():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        Product(id="shared", name="Shared", readers=["org:everyone"]).save()
    assert any("shares nothing" in str(one.message) for one in seen), seen


def upload():
    product = saved_product("scenes")
    image = uploaded_image(product, "scene-1", cloud_fraction=0.25)
    key = f"{product.id}/scene-1/scene-1.tif"
    assert storage.list(storage_type="products") == [key]
    assert storage.get(key, storage_type="products") == SCENE
    assert image.id == f"{product.id}:scene-1" and image.storage_state == "available"
    assert [file.size_bytes for file in image.files] == [len(SCENE)]
    found = Image.get(image.id)
    assert found.acquired.isoformat() == "2024-05-01T00:00:00+00:00" and found.cloud_fraction == 0.25
    assert found.product.name == "Scenes"
    assert Image.exists(image.id)
    again = Image(product=product, name="scene-1", acquired="2024-05-01")
    assert "already exists" in raises(ValueError, again.upload, "scene-1.tif")
    assert "Image.delete()" in raises(ConflictError, again.upload, "scene-1.tif", overwrite=True)
    assert "images" in raises(ConflictError, product.delete)
    assert "Image.delete()" in raises(ConflictError, storage.delete, key, storage_type="products")
    found.cloud_fraction = 0.5
    found.save()
    assert Image.get(image.id).cloud_fraction == 0.5
    found.delete()
    raises(DeletedObjectError, image.delete)
    assert not Image.delete(image.id) and Image.get(image.id) is None
    assert storage.list(storage_type="products") == []
    raises(NotFoundError, storage.get, key, storage_type="products")
    product.delete()


def several_files():
    product = saved_product("parts")
    names = ["red.tif", "green.tif", "é blue.tif"]
    for name in names:
        with open(name, "wb") as file:
            file.write(name.encode() * 1000)
    image = Image(product=product, name="parts", acquired="2024-05-01T10:11:12.5Z")
    with open("green.tif", "rb") as file:
        task = image.upload(["red.tif", file, "é blue.tif"])
    assert task.status == ImageUploadStatus.PENDING
    task.wait_for_completion(timeout=60)
    assert [event.event_type for event in task.events] == ["queue", "complete"], task.events
    prefix = f"{product.id}/parts/"
    assert sorted(storage.list(storage_type="products")) == sorted(prefix + name for name in names)
    assert [one.id for one in product.image_uploads()] == [task.id]
    assert [one.status for one in image.image_uploads()] == [ImageUploadStatus.SUCCESS]
    assert Image.delete(image.id)
    assert storage.list(storage_type="products") == []


def ndarray():
    product = saved_product("arrays")
    array = np.arange(3 * 20 * 30, dtype="uint16").reshape(3, 20, 30)
    image = Image(product=product, name="cube", acquired="2024-05-01", cs_code="EPSG:4326",
                  geotrans=(10.0, 0.1, 0.0, 50.0, 0.0, -0.1))  # fmt: skip
    task = image.upload_ndarray(array, overviews=[2])
    task.wait_for_completion(timeout=60)
    assert task.status == ImageUploadStatus.SUCCESS
    storage.get_file(f"{product.id}/cube/cube.npy", "cube.npy", storage_type="products")
    assert (np.load("cube.npy") == np.moveaxis(array, 0, -1)).all()
    assert Image.get(image.id).geotrans[0] == 10.0
    image.delete()


def cancelled():
    product = saved_product("stopped")
    with open("one.tif", "wb") as file:
        file.write(SCENE)
    image = Image(product=product, name="one", acquired="2024-05-01")
    task = ImageUpload(image=image, image_upload_options={"upload_type": "file", "image_files": ["one.tif", "two.tif"]})
    task.save()
    with open("one.tif", "rb") as file:
        Image._gcs_upload_service.session.put(task.resumable_urls[0], data=file)
    assert storage.list(storage_type="products") == [f"{product.id}/one/one.tif"]
    assert Image.get(image.id) is None
    task.status = ImageUploadStatus.PENDING
    assert "two.tif" in raises(ConflictError, task.save)
    task.cancel()
    assert task.status == ImageUploadStatus.CANCELED
    assert storage.list(storage_type="products") == []
    uploaded_image(product, "one").delete()


def registered():
    product = saved_product("remote")
    key = f"{product.id}/r/kept.tif"
    storage.set(key, "kept", storage_type="products")
    files = [{"href": "gs://bucket/far.tif", "size_bytes": 10, "hash": "0" * 32}, {"href": f"storage://products/{key}"}]
    image = Image(
        product=product,
        name="r",
        acquired="2024-05-01",
        geotrans=(0, 1, 0, 0, 0, -1),
        x_pixels=1,
        y_pixels=1,
        cs_code="EPSG:4326",
        storage_state="available",
        files=files,
        geometry={"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
    )
    image.save()
    found = Image.get(image.id)
    assert [file.href for file in found.files] == [file["href"] for file in files]
    assert found.geometry.bounds == (0, 0, 1, 1)
    raises(ConflictError, Image(product=product, name="r", acquired="2024-05-01").save)
    raises(BadRequestError, Image(product=product, name="nothing").save)
    found.delete()
    assert storage.list(storage_type="products") == []


def search():
    product, other = saved_product("many"), saved_product("others")
    for number in range(130):
        Image(product=product, name=f"i{number:03}", acquired=f"2024-05-01T00:{number % 60:02}:00Z",
              cloud_fraction=number / 130).save()  # fmt: skip
    Image(product=other, name="i", acquired="2023-01-01").save()
    names = [f"i{number:03}" for number in range(130)]
    assert [image.name for image in product.images()] == names
    assert [image.name for image in product.images().limit(105)] == names[:105]
    assert product.images().count() == 130
    cloudy = product.images().filter(properties.cloud_fraction > 0.9)
    assert [image.name for image in cloudy] == names[118:]
    late = product.images().filter(properties.acquired >= "2024-05-01T00:59:00Z")
    assert [image.name for image in late] == ["i059", "i119"]
    both = Image.search().filter((properties.product_id == product.id) | (properties.product_id == other.id))
    assert len(list(both)) == 131
    ids = [f"{product.id}:{name}" for name in names]
    assert sorted(image.id for image in Image.get_many(ids)) == ids
    raises(NotFoundError, Image.get_many, [*ids[:2], product.id + ":none"])
    assert "order" in raises(BadRequestError, list, product.images().sort("acquired"))
    task = product.delete_related_objects()
    task.wait_for_completion(timeout=60)
    assert (task.status, task.objects_deleted) == ("SUCCESS", 130), task
    assert list(product.images()) == [] and other.images().count() == 1
    product.delete()


CASES = {
    case.__name__: case for case in (products, sharing, upload, several_files, ndarray, cancelled, registered, search)
}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
