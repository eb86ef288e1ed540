"""What a refusal of somebody else's bucket means, each as one line with the next step."""

import shlex
from collections.abc import Callable
from urllib.parse import unquote

from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    ExpiredCredentialsError,
    ForbiddenError,
    NotFoundError,
    SignInError,
    StorageError,
    UnavailableError,
)
from storage_tui.contract.visible import one_line
from storage_tui.server.stores.bucket.identity import Identity
from storage_tui.server.stores.s3.protocol.requests import Refusal

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"})
_REGIONS = frozenset({
    "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
})  # fmt: skip

_OF_CUSTOMER_KEYS = frozenset({"InvalidRequest", "InvalidArgument"})
_USUAL = frozenset({404, 408, 409, 412, 416, 429})  # missing, late, changed, past the end, too many
_RACES = frozenset({"", "ConditionalRequestConflict", "OperationAborted", "PreconditionFailed"})
_OF_BYTES = frozenset({"BadDigest", "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "KeyTooLongError"})


class DeniedError(ForbiddenError):
    """The credentials are good, or were not looked at, and do not allow this call."""


class UnsupportedError(StorageError):
    """The engine of the bucket lacks what was asked for."""

    status = 400
    code = "bad_request"


def explaining(bucket: str, identity: Identity) -> Callable[[Refusal], StorageError | None]:
    """Return the function that turns a refusal into its error; None for a refusal that has no better words here, such
    as that of a condition or of a missing object."""

    def explain(refusal: Refusal) -> StorageError | None:
        return _explain(bucket, identity, refusal)

    return explain


def archived(bucket: str, name: str, storage_class: str) -> ConflictError:
    """Return the error for an object whose bytes must be restored before they can be read."""
    where = storage_class or "GLACIER or DEEP_ARCHIVE"
    place = shlex.quote(one_line(f"s3://{bucket}/{name}"))
    return ConflictError(
        f"{name!r} is archived in {where} and must be asked back before it can be read: "
        f"storage-tui thaw {place} --write",
        key=name,
    )


def _explain(bucket: str, identity: Identity, refusal: Refusal) -> StorageError | None:
    code, who = refusal.code, identity.name
    if code == "NoSuchBucket":
        where = identity.endpoint_url or "Amazon S3"
        return NotFoundError(f"there is no bucket {bucket!r} at {where}; check its name and the endpoint")
    if code in _REGIONS or refusal.status == 301:
        region = refusal.region[:40] or "another region"
        return BadRequestError(
            f"the bucket {bucket!r} is in {region!a}, and the endpoint does not lead there; give the region or endpoint"
        )
    if code in _EXPIRED:
        return _expired(identity)
    if code == "InvalidAccessKeyId":
        return ForbiddenError(
            f"the access key of {who} is unknown at {identity.endpoint_url or 'Amazon S3'}; set another AWS_PROFILE"
        )
    if code == "SignatureDoesNotMatch":
        return ForbiddenError(f"the secret key of {who} is wrong; correct it with: aws configure")
    if code == "RequestTimeTooSkewed":
        return UnavailableError("the clock of this machine is wrong by more than 15 minutes; set the clock")
    if code == "InvalidObjectState":
        return archived(bucket, _name_in(refusal), "")
    if code in _OF_CUSTOMER_KEYS and "server side encryption" in refusal.text.lower():
        return ForbiddenError(
            f"{_name_in(refusal)!r} is encrypted with a key that its writer kept (SSE-C), which cannot be given here; "
            "read it with the program that wrote it"
        )
    if code.startswith("KMS") or (code == "AccessDenied" and "kms:" in refusal.text.lower()):
        return ForbiddenError(f"{who} may not use the KMS key of this object ({code}); ask for kms:Decrypt on the key")
    if refusal.status in (401, 403):
        return _forbidden(bucket, identity, code or str(refusal.status))
    if refusal.status == 501 or code == "NotImplemented":  # Google sends this code with 400 too
        return UnsupportedError(f"the bucket {bucket!r} cannot do this ({code or 501}); its engine does not offer it")
    if refusal.status == 409 and code not in _RACES:
        return ConflictError(f"the bucket {bucket!r} refuses this ({code or 409}): {one_line(refusal.text)[:200]}")
    if 400 <= refusal.status < 500 and refusal.status not in _USUAL and code not in _OF_BYTES:
        text = f": {one_line(refusal.text)[:200]}" if refusal.text else ""
        return BadRequestError(f"the bucket {bucket!r} refuses this ({code or refusal.status}){text}")
    return None


def _expired(identity: Identity) -> StorageError:
    whose = identity.name if identity.name.startswith("these") else f"the credentials of {identity.name}"
    text = f"{whose} have expired; {identity.way_in}"
    if identity.credentials is None or not identity.credentials.is_renewable:
        return ExpiredCredentialsError(text)
    identity.credentials.expire()
    return SignInError(text)


def _forbidden(bucket: str, identity: Identity, code: str) -> DeniedError:
    if identity.is_nobody:
        return DeniedError(
            f"the bucket {bucket!r} does not allow this without credentials ({code}), and none were found; set "
            "AWS_PROFILE, or run: aws configure"
        )
    if identity.credentials is None:
        return DeniedError(
            f"the bucket {bucket!r} does not allow this without a signature ({code}); leave out --no-sign-request"
        )
    payer = "" if identity.pays else ", or give --request-payer where the requester pays"
    return DeniedError(
        f"the bucket {bucket!r} does not allow this to {identity.name} ({code}); ask its owner for access{payer}"
    )


def _name_in(refusal: Refusal) -> str:
    return unquote(refusal.path.partition("/")[2].partition("/")[2])
