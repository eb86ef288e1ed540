"""The catalog dies before and after each single change it makes; what is left is whole, and the sweep ends it."""

import asyncio
import itertools
import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage_tui.contract.catalog import CATALOG_PATH, ImageId
from storage_tui.contract.errors import NotFoundError
from storage_tui.server.access.control import open_access
from storage_tui.server.access.tokens import create_token
from storage_tui.server.app import StorageApi
from storage_tui.server.catalog.documents import Documents, now_text
from storage_tui.server.catalog.removals import Removals, file_fields, record_name
from storage_tui.server.catalog.tasks import LIFETIME, Tasks
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.run.engine import open_s3
from storage_tui.server.stores.base import Address, Store
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.records import Records
from storage_tui.server.upkeep.migration import Migration, migrate
from tests import seaweed
from tests.server.catalog.cataloguing import (
    begin_upload,
    call,
    document,
    image_status,
    save_product,
    stored_keys,
    upload_document,
    upload_image,
)
from tests.server.preludes import death_at_the_second_withdrawal
from tests.server.running import RunningServer

CHANGES = ("write", "remove", "withdraw", "create_upload", "cancel_upload")
BASE = "http://catalog.test"


class DeadError(BaseException):
    """The process is gone: nothing after this happens."""


class Fuse:
    """Lets `left` changes through, and then no call at all. With `is_late` the last change still takes effect."""

    def __init__(self, left: int, *, is_late: bool) -> None:
        self.left = left
        self.is_late = is_late
        self.is_blown = False

    def burn(self) -> bool:
        """Called before each change; True when the process dies right after it."""
        self.check()
        self.left -= 1
        self.is_blown = self.left < 0
        if self.is_blown and not self.is_late:
            raise DeadError
        return self.is_blown

    def check(self) -> None:
        if self.is_blown:
            raise DeadError


class Mortal:
    """An engine's half behind a fuse."""

    def __init__(self, real: Any, fuse: Fuse) -> None:
        self._real = real
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if name not in CHANGES:
            self._fuse.check()
            return real
        if asyncio.iscoroutinefunction(real):

            async def change(*args: Any, **options: Any) -> Any:
                is_last = self._fuse.burn()
                result = await real(*args, **options)
                if is_last:
                    raise DeadError
                return result

            return change

        def change_now(*args: Any, **options: Any) -> Any:
            is_last = self._fuse.burn()
            result = real(*args, **options)
            if is_last:
                raise DeadError
            return result

        return change_now


@dataclass
class Stage:
    """A real engine, and the token and namespace of its user."""

    store: Store
    records: Records
    token: str
    namespace: str

    @asynccontextmanager
    async def client(self, fuse: Fuse | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A client of a server on the engine, which dies by the fuse."""
        store: Store = Mortal(self.store, fuse) if fuse else self.store  # type: ignore[assignment]
        records: Records = Mortal(self.records, fuse) if fuse else self.records  # type: ignore[assignment]
        app = StorageApi(store, open_access(self.records))
        if fuse is not None:
            app.catalog = type(app.catalog)(store, records, app.uploads, app._quotas, None)
            app.routes = (*(row for row in app.routes if row.base != CATALOG_PATH), *app.catalog.routes)
        headers = {"Authorization": f"Bearer {self.token}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
            yield client

    async def sweep(self) -> None:
        """What another server on the engine does once a minute."""
        await StorageApi(self.store, open_access(self.records)).catalog.sweep()

    async def keys(self, image_id: ImageId) -> list[str]:
        page = await self.store.list_page(self.namespace, "products", prefix=image_id.prefix, limit=100)
        return [blob.key for blob in page.blobs]

    def documents(self, kind: str, name: str = "") -> list[str]:
        return [*self.records.names(f"catalog/{kind}/{self.namespace}/{name}")]


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # processes die here, the power stays on
    store, records = LocalStore(tmp_path / "data", reserve_bytes=0), LocalRecords(tmp_path / "data")
    await store.start()
    yield Stage(store, records, create_token(records, "ann"), namespace_of("ann"))
    await store.close()


@pytest.fixture
async def bucket_stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    place = seaweed.place(f"catalog-{secrets.token_hex(4)}/")
    for name, value in seaweed.ACCESS.items():
        monkeypatch.setenv(name, value)
    engine = open_s3(place)
    await engine.store.start()
    yield Stage(engine.store, engine.records, create_token(engine.records, "ann"), namespace_of("ann"))
    await engine.store.close()


async def send(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> httpx.Response:
    return await client.request(method, CATALOG_PATH + path, json=body)


async def upload(client: httpx.AsyncClient, image_id: ImageId) -> None:
    """All of an upload; an image that is there already is as good."""
    answer = await send(client, "POST", "/uploads_v2", upload_document(str(image_id), ["a.tif", "b.tif"]))
    if answer.status_code == 409:
        return
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    for url in data["attributes"]["resumable_urls"]:
        assert (await client.put(url, content=b"file")).status_code == 200
    answer = await send(client, "PATCH", f"/uploads_v2/{data['id']}", document("image_upload", None, status="pending"))
    assert answer.status_code == 200, answer.text


async def upload_and_cancel(client: httpx.AsyncClient, image_id: ImageId) -> None:
    """An upload that is given up with one file sent."""
    answer = await send(client, "POST", "/uploads_v2", upload_document(str(image_id), ["a.tif", "b.tif"]))
    data = answer.json()["data"]
    assert (await client.put(data["attributes"]["resumable_urls"][0], content=b"file")).status_code == 200
    answer = await send(client, "PATCH", f"/uploads_v2/{data['id']}", document("image_upload", None, status="canceled"))
    assert answer.status_code == 200, answer.text


async def upload_and_delete(client: httpx.AsyncClient, image_id: ImageId) -> None:
    """An image that comes and goes."""
    await upload(client, image_id)
    assert (await send(client, "DELETE", f"/images/{image_id}")).status_code == 200


async def upload_and_empty(client: httpx.AsyncClient, image_id: ImageId) -> None:
    """An image that goes with all of its product."""
    await upload(client, image_id)
    path = f"/products/{image_id.product_id}/delete_related_objects"
    assert (await send(client, "POST", path, document("product_delete_task", None))).status_code == 201


async def supersede(client: httpx.AsyncClient, image_id: ImageId) -> None:
    """An upload that another one takes the place of."""
    answer = await send(client, "POST", "/uploads_v2", upload_document(str(image_id), ["a.tif"]))
    [url] = answer.json()["data"]["attributes"]["resumable_urls"]
    assert (await client.put(url, content=b"left")).status_code == 200
    await upload(client, image_id)


@pytest.mark.parametrize("is_late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", [upload, upload_and_cancel, upload_and_delete, upload_and_empty, supersede])
async def test_a_crash_at_any_change_leaves_nothing_that_is_not_ended(stage: Stage, story: Any, is_late: bool) -> None:
    for left in itertools.count():
        image_id = ImageId(f"t:p{left}", "image")
        async with stage.client() as client:
            await send(client, "POST", "/products", document("product", image_id.product_id))
        fuse = Fuse(left, is_late=is_late)
        try:
            async with stage.client(fuse) as client:
                await story(client, image_id)
        except DeadError:
            pass
        await stage.sweep()
        await check_whole(stage, image_id)
        async with stage.client() as client:
            await upload(client, image_id)
            assert (await send(client, "GET", f"/images/{image_id}")).status_code == 200
            await check_whole(stage, image_id)
            assert len(await stage.keys(image_id)) == 2
            assert (await send(client, "DELETE", f"/images/{image_id}")).status_code == 200
            assert (await send(client, "DELETE", f"/products/{image_id.product_id}")).status_code == 200
        assert await stage.keys(image_id) == []
        for kind in ("images", "claims", "removals"):
            assert stage.documents(kind, record_name(image_id)) == []
        if not fuse.is_blown:
            assert left > 4, "the story makes more changes than that"
            return


async def test_a_crash_on_a_bucket_leaves_nothing_that_is_not_ended(bucket_stage: Stage) -> None:
    await test_a_crash_at_any_change_leaves_nothing_that_is_not_ended(bucket_stage, upload_and_delete, is_late=True)


async def test_an_image_moved_to_another_engine_is_deleted_there_with_its_files(
    stage: Stage, bucket_stage: Stage
) -> None:
    image_id = ImageId("t:p", "moved")
    async with stage.client() as client:
        await send(client, "POST", "/products", document("product", "t:p"))
        await upload(client, image_id)
    state = Migration()
    await migrate(stage.store, stage.records, bucket_stage.store, bucket_stage.records, state)  # type: ignore[arg-type]
    assert not [failure for failure in state.failures if "catalog" in failure.what]
    assert len(await bucket_stage.keys(image_id)) == 2
    async with bucket_stage.client() as client:
        assert (await send(client, "DELETE", f"/images/{image_id}")).status_code == 200
        assert (await send(client, "DELETE", "/products/t:p")).status_code == 200
    assert await bucket_stage.keys(image_id) == []
    assert len(await stage.keys(image_id)) == 2


async def test_a_late_removal_spares_the_same_bytes_uploaded_anew(stage: Stage) -> None:
    address = Address(stage.namespace, "products", "t:p/x/a.tif")
    blob = await stage.store.put(address, b"the same bytes")
    assert blob.modified is not None
    gone = {**file_fields(blob), "etag": "of the first upload"}
    removals = Removals(Documents(stage.records), stage.store)
    await removals.drop_files(stage.namespace, [gone], before=blob.modified)
    await removals.drop_files(stage.namespace, [{**gone, "crc32c": "AAAAAA=="}], before=datetime.now(UTC))
    assert (await stage.store.stat(address)).etag == blob.etag
    await removals.drop_files(stage.namespace, [gone], before=blob.modified + timedelta(seconds=1))
    with pytest.raises(NotFoundError):
        await stage.store.stat(address)


async def check_whole(stage: Stage, image_id: ImageId) -> None:
    """The image is there with all its files, or no file is there that no upload waits for."""
    async with stage.client() as client:
        answer = await send(client, "GET", f"/images/{image_id}")
    keys = await stage.keys(image_id)
    if answer.status_code == 200:
        assert len(keys) == len(answer.json()["data"]["attributes"]["files"]) > 0
    elif not stage.documents("claims", record_name(image_id)):
        assert keys == []
    assert stage.documents("removals", record_name(image_id)) == []


async def test_an_upload_that_nobody_comes_back_for_leaves_nothing(stage: Stage) -> None:
    image_id = ImageId("t:p", "left")
    async with stage.client() as client:
        await send(client, "POST", "/products", document("product", "t:p"))
        answer = await send(client, "POST", "/uploads_v2", upload_document(str(image_id), ["a.tif", "b.tif"]))
        data = answer.json()["data"]
        await client.put(data["attributes"]["resumable_urls"][0], content=b"file")
        documents = Documents(stage.records)
        tasks = Tasks(documents, stage.store, Removals(documents, stage.store))
        await tasks.sweep(datetime.now(UTC) + LIFETIME - timedelta(minutes=1))
        assert len(await stage.keys(image_id)) == 1, "its time is not over"
        await tasks.sweep(datetime.now(UTC) + LIFETIME + timedelta(minutes=1))
        assert await stage.keys(image_id) == []
        assert (await client.put(data["attributes"]["resumable_urls"][1], content=b"file")).status_code == 499
        assert (await send(client, "GET", f"/uploads_v2/{data['id']}")).status_code == 404
        assert (await send(client, "DELETE", "/products/t:p")).status_code == 200


@pytest.fixture
def mortal_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that kills itself when it takes out the second file."""
    server = RunningServer(tmp_path / "data", prelude=death_at_the_second_withdrawal)
    server.start()
    yield server
    server.stop()


def test_a_killed_delete_is_ended_by_the_same_call_after_the_restart(mortal_server: RunningServer) -> None:
    with mortal_server.client() as ann:
        save_product(ann, "t:p")
        upload_image(ann, "t:p:x", ["a.tif", "b.tif", "c.tif"])
        with pytest.raises(httpx.TransportError):
            call(ann, "DELETE", "/images/t:p:x")
    assert mortal_server.process.wait(30) == -signal.SIGKILL
    assert mortal_server.process.stdout is not None
    mortal_server.process.stdout.close()
    mortal_server.prelude = None
    mortal_server.start()
    with mortal_server.client() as ann:
        assert image_status(ann, "t:p:x") == 404
        assert stored_keys(ann, "t:p/") == ["t:p/x/b.tif", "t:p/x/c.tif"]
        assert call(ann, "DELETE", "/images/t:p:x").status_code == 200
        assert stored_keys(ann, "t:p/") == []
        begin_upload(ann, "t:p:x", ["a.tif"])


async def test_damaged_records_keep_nothing_from_the_sweep_nor_from_a_search(stage: Stage) -> None:
    image_id = ImageId("t:p", "image")
    async with stage.client() as client:
        for product_id in ("t:p", "t:q"):
            await send(client, "POST", "/products", document("product", product_id))
        await upload(client, image_id)
        for kind in ("products", "images", "removals", "claims", "emptyings"):
            stage.records.write(f"catalog/{kind}/{stage.namespace}/t:a", b"{")
        stage.records.write(f"catalog/uploads/{stage.namespace}/{'0' * 13}-{'0' * 16}", b"[]")
        found = await send(client, "PUT", "/products", {"limit": 10})
        assert [row["id"] for row in found.json()["data"]] == ["t:p", "t:q"]
        refused = await send(client, "GET", "/products/t:a")
        assert (refused.status_code, refused.headers["x-error-code"]) == (500, "damaged")
        documents = Documents(stage.records)
        image = documents.read_now("images", stage.namespace, record_name(image_id))
        assert image is not None
        left = {"uid": image.fields["uid"], "files": image.fields["files"], "created": now_text()}
        documents.write_now("removals", stage.namespace, record_name(image_id), left)
        await stage.sweep()
        assert (await send(client, "GET", f"/images/{image_id}")).status_code == 404
        assert await stage.keys(image_id) == []
