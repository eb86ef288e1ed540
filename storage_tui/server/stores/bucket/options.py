"""How somebody else's bucket is reached, as people say it on the command line and in profiles."""

from dataclasses import dataclass
from typing import Literal

Addressing = Literal["auto", "path", "virtual"]


@dataclass(frozen=True, slots=True)
class BucketOptions:
    """The settings of one bucket. What is None or False comes from the sources of AWS programs: the environment and the
    shared files.

    `addressing` says where a request names the bucket: in the path, or in the host (`virtual`). `auto` is the host for
    Amazon and the path elsewhere. `ca_bundle` is a file with the certificates to trust.
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    no_sign_request: bool = False
    request_payer: bool = False
    addressing: Addressing = "auto"
    ca_bundle: str | None = None
