"""Delete in `products`: the catalog deletes whole images, so the images of the rows are found and their files shown.
Blobs of no image are deleted one by one."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from textual.app import App

from storage_tui.contract.catalog import STORED_IN, STRAYS_FEATURE, CatalogImage, ImageId
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError, StorageError
from storage_tui.contract.models import Blob, DeleteResult
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.delete import DeleteScreen
from storage_tui.tui.rows.dry_run import write_list
from storage_tui.tui.rows.gathering import TooManyError, gather
from storage_tui.tui.rows.outcome import Outcome
from storage_tui.tui.state.images import images_note, images_title, strays_note
from storage_tui.tui.state.listing import Row

IMAGES_AT_MOST = 100  # each needs its own request; a product is emptied with product.delete_related_objects()


async def delete_images(app: App[Any], desk: Desk, rows: Sequence[Row]) -> Outcome | None:
    """Ask, and delete the images of the rows after a yes. Return None when nothing was tried."""
    try:
        blobs = [one.blob for one in await gather(desk, rows)]
        chosen = [blob.key for blob in blobs]
        images = await _find_images(desk, chosen)
    except (*EXPECTED, TooManyError) as exc:
        desk.fail("cannot find the images of what would be deleted", exc)
        return None
    files = [blob for image in images for blob in image.blobs]
    if blobs and not files and STRAYS_FEATURE in (await desk.storage.describe()).features:
        return await _delete_strays(app, desk, blobs)
    if not files:
        way_out = STORAGE_TYPES[STORED_IN].way_out.rpartition(", or ")[2]
        desk.refuse(f"cannot delete from {STORED_IN}: {way_out}; this is not a file of an image there")
        return None
    left_behind = len({*chosen} - {blob.key for blob in files})
    question = DeleteScreen(
        files,
        partial(write_list, files, desk.download_folder),
        title=images_title(images),
        note=images_note(images, left_behind=left_behind),
    )
    if not await app.push_screen_wait(question):
        return None
    return await _delete(desk, images)


async def _delete_strays(app: App[Any], desk: Desk, blobs: Sequence[Blob]) -> Outcome | None:
    """Ask, and delete blobs of no image after a yes."""
    write = partial(write_list, blobs, desk.download_folder)
    if not await app.push_screen_wait(DeleteScreen(blobs, write, note=strays_note(len(blobs)))):
        return None
    outcome = Outcome(len(blobs))
    is_stopped = True
    try:
        for number, blob in enumerate(blobs):
            desk.working = f"Deleting {number:,} of {len(blobs):,} (Esc stops)"
            result = DeleteResult(blob.key)
            try:
                await desk.storage.delete_stray(blob.key, blob.etag)
            except EXPECTED as exc:
                code, message = (exc.code, exc.message) if isinstance(exc, StorageError) else ("failed", str(exc))
                result = DeleteResult(blob.key, code, message)
                desk.log.error(f"{blob.key!a} was not deleted: {message}")
            outcome.take(blob, result)
        is_stopped = False
    finally:
        desk.working = ""
        desk.history.forget(STORED_IN)
        desk.marks.discard_keys(STORED_IN, [key for _, key in outcome.gone])
        if is_stopped:
            desk.say(f"stopped: deleted at least {outcome.deleted:,} of {outcome.count:,}")
            desk.changed.add(STORED_IN)  # the delete in flight may have succeeded
    if outcome.failed or outcome.kept:
        failed = len(outcome.failed) + len(outcome.kept)
        desk.fail(f"deleted {outcome.deleted:,} of {outcome.count:,}, {failed:,} failed (L shows why)")
    else:
        desk.say(f"deleted {plural(outcome.deleted, 'blob')}")
    return outcome


async def _find_images(desk: Desk, keys: Sequence[str]) -> list[CatalogImage]:
    image_ids = list(dict.fromkeys(filter(None, map(ImageId.of_key, keys))))
    if len(image_ids) > IMAGES_AT_MOST:
        raise TooManyError(
            f"{plural(len(image_ids), 'image')}; choose at most {IMAGES_AT_MOST}, or empty the product with "
            "product.delete_related_objects() of the catalog"
        )
    chosen, found = set(keys), []
    try:
        for number, image_id in enumerate(image_ids):
            desk.working = f"Asking the catalog {number:,} of {len(image_ids):,} (Esc stops)"
            image = await desk.storage.find_image(image_id)
            if image is not None and not chosen.isdisjoint(blob.key for blob in image.blobs):
                found.append(image)
    finally:
        desk.working = ""
    return found


async def _delete(desk: Desk, images: Sequence[CatalogImage]) -> Outcome:
    outcome = Outcome(sum(len(image.blobs) for image in images))
    deleted = failed = 0
    is_stopped = True
    try:
        for number, image in enumerate(images):
            desk.working = f"Deleting image {number + 1:,} of {len(images):,} (Esc stops)"
            try:
                await desk.storage.delete_image(image.image_id)
                deleted += 1
                outcome.deleted += len(image.blobs)
            except NotFoundError:
                pass  # somebody else was faster
            except EXPECTED as exc:
                failed += 1
                desk.fail(f"the image {image.image_id} was not deleted", exc)
                continue
            outcome.gone.update((blob.storage_type, blob.key) for blob in image.blobs)
            desk.marks.discard_keys(STORED_IN, [blob.key for blob in image.blobs])
        is_stopped = False
    finally:
        desk.working = ""
        desk.history.forget(STORED_IN)
        if is_stopped:
            desk.say(f"stopped: deleted at least {deleted:,} of {plural(len(images), 'image')}")
            desk.changed.add(STORED_IN)  # the delete in flight may have succeeded
        desk.marks.discard(row for row in list(desk.marks) if not isinstance(row, Blob))
    if failed and len(images) > 1:
        desk.fail(f"deleted {deleted:,} of {plural(len(images), 'image')}, {failed:,} failed (L shows why)")
    elif not failed:
        before = len(images) - deleted
        words = [f"deleted {plural(deleted, 'image')}, {plural(outcome.deleted, 'file')}"] if deleted else []
        words += [f"{plural(before, 'image')} gone before"] if before else []
        desk.say(", ".join(words))
    return outcome
