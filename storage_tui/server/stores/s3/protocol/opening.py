"""Opening a bucket with the credentials and settings that AWS programs use on this machine."""

from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.place import S3Place
from storage_tui.server.stores.s3.protocol.requests import S3Engine

DEFAULT_REGION = "us-east-1"  # the region that engines other than Amazon's expect


def open_bucket(place: S3Place) -> Bucket:
    """Return the bucket at the place. Region and credentials come from the sources of AWS programs: environment, shared
    files, the role of the machine. They never come from the command line, which others can read.

    Raise UnavailableError when there are no credentials.
    """
    try:
        session: Any = Session()
        credentials = session.get_credentials()
        region = session.get_config_variable("region") or DEFAULT_REGION
        ca_bundle = session.get_config_variable("ca_bundle")
    except BotoCoreError as exc:
        raise UnavailableError(f"the AWS settings cannot be used: {exc}") from exc
    if credentials is None:
        raise UnavailableError(
            "no credentials for the S3 engine: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    url = place.endpoint or f"https://s3.{region}.amazonaws.com"
    engine = S3Engine(url, region, credentials.get_frozen_credentials, ca_bundle=ca_bundle)
    return Bucket(engine, place.bucket, place.root)
