"""Who asks, and where: credentials, region and endpoint out of the sources of AWS programs.

Sources, as in AWS's "SDKs and Tools Reference Guide": the options of the call, then the environment (AWS_PROFILE,
AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE), then the shared files, then the
role of the machine. AWS_NO_SIGN_REQUEST and AWS_REQUEST_PAYER are those of GDAL.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from storage_tui.contract.errors import ForbiddenError, SignInError, UnavailableError
from storage_tui.contract.visible import one_line
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.s3.protocol.signing import Credentials

DEFAULT_REGION = "us-east-1"  # where Amazon redirects from, and what other engines expect
PACKAGES = "a bucket needs more packages; install them with: pip install 'storage-tui[s3]'"
_NEED_BOTOCORE = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CREDENTIAL_EXPIRATION", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)  # fmt: skip
_SHARED_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
_YES = frozenset({"1", "yes", "true", "on"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks and where. `credentials` is None for requests without a signature; `is_nobody` then says that none were
    found, so that nobody asked for this. `name` is what people call the credentials. `endpoint_url` is None for
    Amazon."""

    credentials: "Keys | None"
    name: str
    region: str
    endpoint_url: str | None
    addressing: str
    ca_bundle: str | None
    pays: bool
    is_nobody: bool = False

    @property
    def way_in(self) -> str:
        """The advice for credentials that are refused or have expired."""
        profile = self.name.removeprefix("profile ")
        if profile != self.name:
            return f"run aws sso login --profile {profile}, or renew the profile in the shared files"
        if self.credentials is not None and not self.credentials.is_renewable:
            return "set new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_PROFILE"
        return "run aws sso login, or renew them in the shared files"


def find_identity(options: BucketOptions) -> Identity:
    """Return the identity for these options; blocking, as the role of a machine is asked for over the network. Raise
    ForbiddenError for a profile that does not exist and for settings that cannot be read."""
    found_here = _from_environment(options)
    if found_here is not None:
        return found_here
    try:
        from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
        from botocore.session import Session
    except ImportError as exc:
        raise UnavailableError(PACKAGES) from exc
    unsigned, pays = _is_unsigned(options), _pays(options)
    try:
        session: Any = Session(profile=options.profile)
        scoped = session.get_scoped_config()
        profile = session.profile
        found = None if unsigned else session.get_credentials()
        region = options.region or os.environ.get("AWS_REGION") or session.get_config_variable("region")
        ca_bundle = options.ca_bundle or session.get_config_variable("ca_bundle")
        endpoint = options.endpoint_url or _endpoint(session, scoped)
    except ProfileNotFound as exc:
        raise ForbiddenError(
            f"the AWS settings of this machine have no profile {options.profile or os.environ.get('AWS_PROFILE')!r}; "
            "correct the name, or run: aws configure list-profiles"
        ) from exc
    except (BotoCoreError, ClientError) as exc:
        raise ForbiddenError(f"the AWS settings of this machine cannot be used: {one_line(str(exc))}") from exc
    name = f"profile {profile}" if profile else "these credentials"
    settings = scoped.get("s3")
    style = settings.get("addressing_style", "auto") if isinstance(settings, dict) else "auto"
    addressing = style if options.addressing == "auto" else options.addressing
    identity = Identity(
        None, "nobody", region or DEFAULT_REGION, endpoint, addressing, ca_bundle, pays,
        is_nobody=found is None and not unsigned,
    )  # fmt: skip
    if found is None:
        return identity
    return replace(identity, credentials=Keys(found, name, partial(_credentials, options)), name=name)


def _from_environment(options: BucketOptions) -> Identity | None:
    """Return the identity where the environment alone decides: it has the keys, or none are wanted, and neither a
    profile nor a shared file is there. None elsewhere. So botocore, which takes a tenth of a second to load, is loaded
    only for what the environment does not say."""
    environ = os.environ
    if options.profile is not None or any(environ.get(name) for name in _NEED_BOTOCORE):
        return None
    files = (Path(os.path.expandvars(environ.get(name) or default)) for name, default in _SHARED_FILES.items())
    if any(file.expanduser().exists() for file in files):
        return None
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    unsigned = _is_unsigned(options)
    if not unsigned and not (access_key and secret_key):
        return None
    token = environ.get("AWS_SECURITY_TOKEN", environ.get("AWS_SESSION_TOKEN")) or None
    name = "nobody" if unsigned else "these credentials"
    keys = None
    if not unsigned:
        keys = Keys(_EnvironmentKeys(access_key or "", secret_key or "", token), name, partial(_credentials, options))
    return Identity(
        keys, name,
        options.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION,
        options.endpoint_url or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL"),
        options.addressing, options.ca_bundle or environ.get("AWS_CA_BUNDLE"), _pays(options),
    )  # fmt: skip


def _is_unsigned(options: BucketOptions) -> bool:
    return options.no_sign_request or os.environ.get("AWS_NO_SIGN_REQUEST", "").lower() in _YES


def _pays(options: BucketOptions) -> bool:
    return options.request_payer or os.environ.get("AWS_REQUEST_PAYER", "").lower() == "requester"


def _endpoint(session: Any, scoped: Any) -> str | None:
    from botocore.configprovider import ConfiguredEndpointProvider

    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    found = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=scoped, client_name="s3", environ=os.environ
    ).provide()
    return None if found is None else str(found)


def _credentials(options: BucketOptions) -> Any:
    """Return the credentials that the sources have now; None without any."""
    from botocore.session import Session

    session: Any = Session(profile=options.profile)
    return session.get_credentials()


@dataclass(frozen=True, slots=True)
class _EnvironmentKeys:
    """The keys of the environment, which never change."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    method: str = "env"

    def get_frozen_credentials(self) -> "_EnvironmentKeys":
        return self


class Keys:
    """The credentials of one person for signatures. Sign-ins and roles are renewed by botocore; what has expired is
    looked for in the sources again by `find`. Any thread may call it."""

    def __init__(self, found: Any, name: str, find: Callable[[], Any]) -> None:
        self._found = found
        self._name = name
        self._find = find
        self._lock = Lock()
        self._has_expired = False

    @property
    def is_renewable(self) -> bool:
        """Whether the sources can have other credentials later: the environment of this process cannot."""
        return getattr(self._found, "method", None) != "env"

    def expire(self) -> None:
        """Look for the credentials again before the next signature, as the engine says that they have expired."""
        self._has_expired = True

    def __call__(self) -> Credentials:
        """Return the present credentials. Raise SignInError when somebody must sign in, ForbiddenError when there are
        none any more."""
        if isinstance(self._found, _EnvironmentKeys):
            return self._found
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with self._lock:
                if self._has_expired and self.is_renewable:
                    self._found, self._has_expired = self._find() or self._found, False
                found = self._found
            return found.get_frozen_credentials()  # type: ignore[no-any-return]
        except (BotoCoreError, ClientError) as exc:
            kind = type(exc).__name__
            if "SSO" in kind or "Token" in kind or "Login" in kind:
                profile = self._name.removeprefix("profile ") if self._name.startswith("profile ") else "default"
                raise SignInError(
                    f"the sign-in of {self._name} has expired; run aws sso login --profile {profile}"
                ) from exc
            raise ForbiddenError(f"the credentials of {self._name} cannot be had: {one_line(str(exc))}") from exc
