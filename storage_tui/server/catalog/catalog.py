"""The catalog as a whole: its routes, and its part of the sweep."""

from datetime import UTC, datetime

from storage_tui.contract.catalog import CATALOG_PATH
from storage_tui.server.catalog.documents import SWEEPER, Documents
from storage_tui.server.catalog.emptying import Emptying, Running
from storage_tui.server.catalog.images import Images
from storage_tui.server.catalog.naming import (
    names_all,
    names_image,
    names_new_image,
    names_new_product,
    names_new_upload,
    names_product,
)
from storage_tui.server.catalog.paging import CONTINUE
from storage_tui.server.catalog.products import Products
from storage_tui.server.catalog.removals import Removals
from storage_tui.server.catalog.strays import Strays
from storage_tui.server.catalog.tasks import Tasks
from storage_tui.server.catalog.uploads import ImageUploads
from storage_tui.server.http.grants import Verb
from storage_tui.server.http.naming import Naming
from storage_tui.server.http.routes import Handler, Route
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.resources.upload.uploads import UploadResource
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.records import Records

PARAMETERS = frozenset(("include", CONTINUE))
DELETE_RELATED = "delete_related_objects"


class Catalog:
    """The catalog over an engine. `uploads` makes the upload URLs of files."""

    def __init__(
        self, store: Store, records: Records, uploads: UploadResource, quotas: Quotas, public_url: str | None
    ) -> None:  # fmt: skip
        documents, running = Documents(records, quotas), Running()
        removals = Removals(documents, store)
        tasks = Tasks(documents, store, removals)
        products = Products(documents, Emptying(documents, removals, tasks, running), public_url)
        images = Images(documents, store, products, removals, public_url)
        strays = Strays(documents, store, removals)
        image_uploads = ImageUploads(documents, products, images, tasks, uploads, public_url)
        swept = Documents(records, quotas, user=SWEEPER)  # separate threads: the sweep waits for no user
        self._removals = Removals(swept, store)
        self._tasks = Tasks(swept, store, self._removals)
        self._emptying = Emptying(swept, self._removals, self._tasks, running)
        self._documents = (documents, swept)
        self.routes = (
            _route("POST", "/products", products.create, names_new_product),
            _route("PUT", "/products", products.search, names_all, Verb.LIST),
            _route("GET", "/products/{id}", products.get, names_product(Verb.READ)),
            _route("HEAD", "/products/{id}", products.get, names_product(Verb.READ)),
            _route("PATCH", "/products/{id}", products.change, names_product(Verb.WRITE)),
            _route("DELETE", "/products/{id}", products.delete, names_product(Verb.DELETE)),
            _route("POST", f"/products/{{id}}/{DELETE_RELATED}", products.empty, names_product(Verb.DELETE)),
            _route("GET", f"/products/{{id}}/{DELETE_RELATED}", products.emptying_state, names_product(Verb.READ)),
            _route("POST", "/images", images.create, names_new_image),
            _route("PUT", "/images", images.search, names_all, Verb.LIST),
            _route("GET", "/images/{id}", images.get, names_image(Verb.READ)),
            _route("HEAD", "/images/{id}", images.get, names_image(Verb.READ)),
            _route("PATCH", "/images/{id}", images.change, names_image(Verb.WRITE)),
            _route("DELETE", "/images/{id}", images.delete, names_image(Verb.DELETE)),
            _route("DELETE", "/files/{key}", strays.delete, strays.names),
            _route("POST", "/uploads_v2", image_uploads.create, names_new_upload),
            _route("PUT", "/uploads_v2", image_uploads.search, names_all, Verb.LIST),
            _route("GET", "/uploads_v2/{id}", image_uploads.get, image_uploads.names_write),
            _route("PATCH", "/uploads_v2/{id}", image_uploads.change, image_uploads.names_write),
        )

    def close(self) -> None:
        """Close the threads. Call this after the last request and the last sweep."""
        for documents in self._documents:
            documents.close()

    async def sweep(self) -> None:
        """Finish work that crashes have interrupted, and end abandoned uploads. Any number of servers on one engine may
        do so at once."""
        await self._removals.sweep()
        await self._tasks.sweep(datetime.now(UTC))
        await self._emptying.sweep()


def _route(method: str, path: str, handler: Handler, names: Naming, verb: Verb | None = None) -> Route:
    return Route(method, path, handler, parameters=PARAMETERS, names=names, verb=verb, base=CATALOG_PATH)
