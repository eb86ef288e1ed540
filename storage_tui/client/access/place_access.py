"""How a client reaches a place: the socket of its server, and what that server is given.

Each place has a server of its own for each set of options and credentials, so that no command uses the rights of an
earlier one. The server of a bucket gets the environment variables of AWS programs, also those with secrets. All other
variables with secrets are kept back. Only a digest of these names the folder of the socket.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.places import OpenPlace, Place, PlaceOptions
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES
from storage_tui.machine import directories

AWS = "AWS_"
# Of these names the values are no secrets: which files and which profile in them, which endpoint. All others may be.
PLAIN_NAMES = frozenset({
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_NO_SIGN_REQUEST", "AWS_REQUEST_PAYER",
    "AWS_EC2_METADATA_DISABLED", "AWS_SDK_LOAD_CONFIG", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE",
})  # fmt: skip
PROXIES = frozenset(("http_proxy", "https_proxy", "no_proxy"))  # in capitals too
WEB = frozenset(("all_proxy", "ssl_cert_file", "ssl_cert_dir"))  # what else a program needs to reach the web


@dataclass(frozen=True, slots=True)
class PlaceAccess:
    """A place and how it is opened. The root of a folder is an absolute path. `handed` are the variables of AWS
    programs that another process gave, in the place of those of this one."""

    place: Place
    options: PlaceOptions
    handed: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, place: Place, options: PlaceOptions) -> "PlaceAccess":
        """Return the access to a place as a person named it: a folder relative to the working directory, and a prefix
        as the folder of that name. Raise BadRequestError for options that the place does not have."""
        options.check_for(place)
        if place.prefix:
            place = replace(place, prefix=as_folder(Location(DEFAULT, place.prefix)).key)
        if place.kind == "file":
            place = Place("file", root=str(Path(place.root).expanduser().absolute()))
        return cls(place, options)

    @property
    def url(self) -> str:
        """Return the URL of the place."""
        return str(self.place)

    @property
    def refusal(self) -> str | None:
        """Return why no change is sent to the place; None for a place that is open for changes."""
        return self.described().refusal

    def described(self) -> OpenPlace:
        """Return the description of the place, as far as it is known before its server answers."""
        options = self.options
        rules = [STORAGE_TYPES[name] for name in options.types]
        types = {rule.name: "…" if rule.expires_after is not None else rule.summary for rule in rules}
        return OpenPlace(
            self.url, self.place.kind, self.place.title, is_writable=options.is_writable, types=types,
            prefixes=options.types,
        )  # fmt: skip

    @property
    def account(self) -> str:
        """Return a text that differs for places in which a key means another object."""
        parts = [self.place.title]
        if (opened := self.opened_as()) is not None:
            parts.append(opened)
        if self.options.types:
            parts.append(json.dumps(dict(self.options.types)))
        return " ".join(parts)

    def state_dir(self) -> Path:
        """Return the directory of what the server keeps on this machine."""
        return directories.place_dir(f"{self.options.endpoint_url or ''} {self.url}")

    def runtime_dir(self) -> Path:
        """Return the directory of the server's socket."""
        identity = [self.url, self.options.to_json(), sorted(self.environment().items()), directories.home()]
        return directories.place_runtime_dir(json.dumps(identity))

    def argument(self) -> str:
        """Return what the server is told on its command line; it holds no secret."""
        return json.dumps(
            {
                "url": self.url,
                "options": self.options.to_json(),
                "runtime": str(self.runtime_dir()),
                "state": str(self.state_dir()),
            }
        )

    def opened_as(self) -> str | None:
        """Return a short text that is different for buckets of one name at two endpoints, and for two profiles; it is
        made from no secret. None for a folder."""
        if self.place.kind != "s3":
            return None
        found = self.environment()
        told = {name: value for name, value in found.items() if is_plain(name, value)}
        options = self.options
        how = [options.endpoint_url, options.no_sign_request, sorted(told.items()), len(told) == len(found)]
        how += [] if options.profile is None else [options.profile]
        return hashlib.sha256(json.dumps(how).encode()).hexdigest()[:12]

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the names of AWS programs and of proxies with their values, for a bucket; for the web the proxies and
        the certificates."""
        if self.place.kind == "file":
            return {}
        if self.handed is not None:
            return dict(self.handed)
        if self.place.kind == "web":
            return {name: value for name, value in environ.items() if name.lower() in PROXIES | WEB}
        return {name: value for name, value in environ.items() if name.startswith(AWS) or name.lower() in PROXIES}


def is_plain(name: str, value: str) -> bool:
    """Return whether a variable of AWS programs, or of a proxy, holds no secret, also not in a URL."""
    return (name in PLAIN_NAMES or name.lower() in PROXIES | WEB) and "@" not in value
