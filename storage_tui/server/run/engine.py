"""An engine: the place of the blobs, and the records beside them. A server uses one engine; servers may share one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_tui.contract.errors import UnavailableError
from storage_tui.contract.places import OpenPlace, Place, PlaceOptions
from storage_tui.machine.private_files import make_private_dir
from storage_tui.server.stores.audit import AuditLog
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.bucket.every.names import note_place, opened_before
from storage_tui.server.stores.local.database.audit import open_audit as open_local_audit
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.s3.protocol.place import S3Place
from storage_tui.server.stores.trash import RETENTION

if TYPE_CHECKING:
    from storage_tui.server.stores.s3.protocol.bucket import Bucket
    from storage_tui.server.stores.s3.store import S3Store


@dataclass(frozen=True, slots=True)
class Engine:
    """The storage that `serve` runs on. `records` may be used before the store has started. `place` describes the
    bucket or folder that the store shows as it is; None for a store of our own."""

    store: Store
    records: Records
    place: OpenPlace | None = None


def open_engine(place: Path | S3Place, *, owner_note: Mapping[str, Any], kept_for: timedelta | None = None) -> Engine:
    """The engine at the place; `owner_note` is told to whoever finds a directory taken. `kept_for` is how long deleted
    and overwritten blobs can be brought back; None is the engine's own time."""
    if isinstance(place, S3Place):
        return open_s3(place, kept_for=kept_for)
    return open_local(place, owner_note=owner_note, kept_for=kept_for)


def open_place(place: Place, options: PlaceOptions, state: Path) -> Engine:
    """Return the engine that shows a bucket or a folder as it is. Its records are in the directory `state`."""
    told = OpenPlace(str(place), place.kind, place.title, is_writable=options.is_writable, prefixes=options.types)
    make_private_dir(state)
    note_place(state, str(place), options.endpoint_url)
    return Engine(_place_store(place, options, state), LocalRecords(state), told)


def _place_store(place: Place, options: PlaceOptions, state: Path) -> Store:
    if place.kind == "file":
        from storage_tui.server.stores.folder.store import FolderStore

        return FolderStore(Path(place.root))
    if place.kind == "web":
        from storage_tui.server.stores.web.store import WebStore

        return WebStore(place.root)
    try:
        from storage_tui.server.stores.bucket.connecting import list_buckets
        from storage_tui.server.stores.bucket.every.names import find_buckets
        from storage_tui.server.stores.bucket.every.store import EveryBucketStore
        from storage_tui.server.stores.bucket.options import BucketOptions
        from storage_tui.server.stores.bucket.store import BucketStore
        from storage_tui.server.stores.bucket.types.mapped import MappedStore
    except ImportError as exc:
        raise UnavailableError(
            "a bucket needs more packages; install them with: pip install 'storage-tui[s3]'"
        ) from exc
    reached = BucketOptions(
        endpoint_url=options.endpoint_url, region=options.region, profile=options.profile,
        no_sign_request=options.no_sign_request, request_payer=options.request_payer,
    )  # fmt: skip
    if not place.bucket:
        return EveryBucketStore(
            lambda: find_buckets(lambda: list_buckets(reached), opened_before(state.parent, options.endpoint_url)),
            lambda bucket: BucketStore.at(bucket, "", reached, is_writable=False),
        )
    store = BucketStore.at(place.bucket, place.prefix, reached, is_writable=options.is_writable)
    return MappedStore(store, options.types) if options.types else store


def open_records(place: Path | S3Place) -> Records:
    """The records of the engine at the place alone."""
    return open_s3_records(place) if isinstance(place, S3Place) else LocalRecords(place)


def open_audit(place: Path | S3Place) -> AuditLog:
    """The log of deletes of the engine at the place, for reading."""
    return open_s3_audit(place) if isinstance(place, S3Place) else open_local_audit(place)


def open_local(data_dir: Path, *, owner_note: Mapping[str, Any], kept_for: timedelta | None = None) -> Engine:
    """The engine in a directory of this machine; `owner_note` is told to whoever finds the directory taken."""
    kept_for = RETENTION if kept_for is None else kept_for
    return Engine(LocalStore(data_dir, owner_note=owner_note, kept_for=kept_for), LocalRecords(data_dir))


def open_s3(place: S3Place, *, kept_for: timedelta | None = None) -> Engine:
    """Return the engine on a bucket, which other servers may use at the same time."""
    return Engine(open_s3_store(place, kept_for=kept_for), open_s3_records(place))


def open_s3_store(place: S3Place, *, kept_for: timedelta | None = None) -> "S3Store":
    """Return the store of that engine alone."""
    bucket = open_s3_bucket(place)
    from storage_tui.server.stores.s3.store import S3Store

    return S3Store(bucket, is_direct=place.is_direct, kept_for=kept_for or timedelta(0))


def open_s3_records(place: S3Place) -> Records:
    """Return the records of that engine alone."""
    bucket = open_s3_bucket(place)
    from storage_tui.server.stores.s3.records import S3Records

    return S3Records(bucket)


def open_s3_audit(place: S3Place) -> AuditLog:
    """Return the log of deletes of that engine, for reading."""
    bucket = open_s3_bucket(place)
    from storage_tui.server.stores.s3.audit import S3Audit

    return S3Audit(bucket)


def open_s3_bucket(place: S3Place) -> "Bucket":
    """Return the bucket of that engine. Raise UnavailableError when packages or credentials are missing."""
    try:
        from storage_tui.server.stores.s3.protocol.opening import open_bucket
    except ImportError as exc:
        raise UnavailableError(
            "a store on an S3 engine needs more packages; install them with: pip install 'storage-tui[s3]'"
        ) from exc
    return open_bucket(place)
