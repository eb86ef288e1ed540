"""Sizes and times from single questions, for lists of keys only, such as those of a plain published server."""

from collections import OrderedDict
from collections.abc import Iterable

from storage_tui.contract.models import Blob

KEPT = 5000  # a hundred screens of rows

Name = tuple[str, str]


class Sizes:
    """Blobs by storage type and key; None for a blob that is being asked for, or is gone."""

    def __init__(self) -> None:
        self._known: OrderedDict[Name, Blob | None] = OrderedDict()

    def fill(self, blob: Blob) -> Blob:
        """Return the blob with its known size and times."""
        if blob.size_bytes is not None:
            return blob
        return self._known.get((blob.storage_type, blob.key)) or blob

    def to_ask(self, blobs: Iterable[Blob]) -> list[Blob]:
        """Return the blobs of unknown size that nobody asks for yet; they count as asked for from now on."""
        found = [blob for blob in blobs if blob.size_bytes is None and (blob.storage_type, blob.key) not in self._known]
        for blob in found:
            self._known[blob.storage_type, blob.key] = None
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found

    def take(self, blob: Blob) -> None:
        """Keep the answer for one blob."""
        self._known[blob.storage_type, blob.key] = blob

    def drop(self, blobs: Iterable[Blob]) -> None:
        """Note that no answer came: these blobs may be asked for again."""
        for blob in blobs:
            if self._known.get((blob.storage_type, blob.key)) is None:
                self._known.pop((blob.storage_type, blob.key), None)

    def forget(self, storage_type: str) -> None:
        """Forget the blobs of a type, which have changed."""
        for name in [name for name in self._known if name[0] == storage_type]:
            del self._known[name]
