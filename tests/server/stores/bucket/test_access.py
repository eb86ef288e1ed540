"""How a bucket is reached: identity, endpoint, region, clock; and what refusals say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    ExpiredCredentialsError,
    ForbiddenError,
    NotFoundError,
    SignInError,
    StorageError,
    TypeRuleError,
    UnavailableError,
)
from storage_tui.contract.moves import Move
from storage_tui.server.stores.bucket.connecting import amazon as amazon_endpoint
from storage_tui.server.stores.bucket.connecting import connect, list_buckets
from storage_tui.server.stores.bucket.identity import find_identity
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.store import BucketStore
from tests.faults.answering import AnsweringServer
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at, content_of

EMPTY = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


class Engine(AnsweringServer):
    """An engine that answers every request in one way, and remembers the headers of all."""

    def __init__(
        self, status: int = 200, code: str = "", *, text: str = "", region: str = "", content: bytes | None = None,
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        super().__init__("")
        self.headers: list[dict[str, str]] = []
        self.methods: list[str] = []
        self._status = status
        self._content = content or (
            f"<Error><Code>{code}</Code><Message>{text}</Message><Region>{region}</Region></Error>".encode()
            if code
            else EMPTY
        )
        self._at = at

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        self.methods.append(handler.command)
        self.refuse(handler, self._status, self._content)

    def refuse(self, handler: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
        handler.send_response_only(status)
        handler.send_header("Date", format_datetime(self._at or datetime.now(UTC), usegmt=True))
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


class Elsewhere(Engine):
    """An engine whose bucket is in eu-west-1."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        if "/eu-west-1/s3/" in handler.headers.get("authorization", ""):
            self.refuse(handler, 200, EMPTY)
        else:
            self.refuse(handler, self._status, self._content)


class Early(Engine):
    """An engine whose clock is an hour behind, and that believes no other one."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self._at = datetime.now(UTC) - timedelta(hours=1)
        told = datetime.strptime(handler.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(told - self._at) < timedelta(minutes=15):
            self.refuse(handler, 200, EMPTY)
        else:
            self.refuse(handler, 403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>")


REFUSALS = [
    (404, "NoSuchBucket", "", NotFoundError, r"no bucket 'test'.*check its name"),
    (403, "ExpiredToken", "", ForbiddenError, r"^these credentials have expired; set new AWS_ACCESS_KEY_ID"),
    (400, "ExpiredToken", "", ExpiredCredentialsError, r"AWS_SESSION_TOKEN, or AWS_PROFILE$"),
    (403, "InvalidAccessKeyId", "", ForbiddenError, r"unknown at http.*AWS_PROFILE"),
    (403, "SignatureDoesNotMatch", "", ForbiddenError, r"secret key of .* is wrong"),
    (403, "AccessDenied", "not allowed: kms:Decrypt", ForbiddenError, r"KMS key.*kms:Decrypt"),
    (400, "KMS.DisabledException", "", ForbiddenError, r"KMS key"),
    (403, "InvalidObjectState", "", ConflictError, r"storage-tui thaw s3://test/"),
    (301, "PermanentRedirect", "", BadRequestError, r"is in .*; give the region"),
    (400, "InvalidArgument", "bad \x1b[31m", BadRequestError, r"refuses this \(InvalidArgument\)"),
    (503, "SlowDown", "", UnavailableError, r"SlowDown.*try again"),
    (400, "InvalidRequest", "a form of Server Side Encryption", ForbiddenError, r"SSE-C.*read it with the program"),
]


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "words"), REFUSALS, ids=[f"{r[0]} {r[1]}" for r in REFUSALS]
)
def test_a_refusal_is_one_line_with_the_next_step(
    status: int, code: str, text: str, kind: type[StorageError], words: str
) -> None:
    with Engine(status, code, text=text) as engine:
        bucket, _ = connect("test", "", BucketOptions(endpoint_url=engine.url))
        for call in (lambda: bucket.list(""), lambda: bucket.head("k")):
            with pytest.raises(kind, match=words) as caught:
                call()
            assert "\n" not in caught.value.message
            assert "\x1b" not in caught.value.message
            if status not in (400, 403):  # the code of other refusals of a HEAD is not asked for
                break


@pytest.mark.parametrize(("status", "code"), [(301, "PermanentRedirect"), (400, "AuthorizationHeaderMalformed")])
async def test_the_region_is_found_by_itself(status: int, code: str, tmp_path: Path) -> None:
    with Elsewhere(status, code, region="eu-west-1") as engine:
        async with amazon.opened(engine.url, "test", tmp_path) as store:
            assert (await store.list_page("", "data", limit=5)).blobs == ()
            wrong = [one for one in engine.headers if "/us-east-1/s3/" in one["authorization"]]
            assert len(wrong) == 1
            await store.list_page("", "data", limit=5)
        assert [one for one in engine.headers if "/us-east-1/s3/" in one["authorization"]] == wrong


class Redirecting(Engine):
    """An engine that sends every HEAD from the wrong region on, with the right one in a header alone."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        is_right = "/eu-west-1/s3/" in handler.headers.get("authorization", "")
        handler.send_response_only(200 if is_right else 301)
        handler.send_header("x-amz-bucket-region", "eu-west-1")
        handler.send_header("Content-Length", "0")
        handler.send_header("ETag", '"e"')
        handler.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        handler.end_headers()


def test_the_region_of_a_head_is_in_its_header() -> None:
    with Redirecting() as engine:
        bucket, _ = connect("test", "", BucketOptions(endpoint_url=engine.url))
        found = bucket.head("k")
        assert found is not None and found.etag == "e"
        assert len(engine.headers) == 2
        assert all(one["host"] == engine.url.removeprefix("http://") for one in engine.headers)


def test_a_region_that_is_no_name_is_not_believed() -> None:
    with Engine(301, "PermanentRedirect", region="evil.example.org/") as engine:
        bucket, _ = connect("test", "", BucketOptions(endpoint_url=engine.url))
        with pytest.raises(BadRequestError):
            bucket.list("")
        assert len(engine.headers) == 1


async def test_a_wrong_clock_is_corrected_by_that_of_the_engine(tmp_path: Path) -> None:
    with Early() as engine:
        async with amazon.opened(engine.url, "test", tmp_path) as store:
            assert (await store.list_page("", "data", limit=5)).blobs == ()


def test_a_clock_that_cannot_be_corrected_is_said() -> None:
    with Engine(403, "RequestTimeTooSkewed") as engine:
        bucket, _ = connect("test", "", BucketOptions(endpoint_url=engine.url))
        with pytest.raises(UnavailableError, match="set the clock"):
            bucket.list("")


async def test_without_credentials_the_bucket_is_tried_without_a_signature(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with Engine() as engine:
        async with amazon.opened(engine.url, "test", tmp_path, is_writable=False) as store:
            assert await store.place_rules() == ["read only", "without credentials"]
        assert not any("authorization" in one for one in engine.headers)
    with Engine(403, "AccessDenied") as engine:
        async with amazon.opened(engine.url, "test", tmp_path) as store:
            with pytest.raises(ForbiddenError, match=r"none were found; set AWS_PROFILE, or run: aws configure"):
                await store.list_page("", "data", limit=5)


@pytest.mark.parametrize("how", ["option", "environment"])
async def test_a_signature_can_be_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str) -> None:
    options = {"no_sign_request": True} if how == "option" else {}
    if how == "environment":
        monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "YES")
    with Engine(403, "AccessDenied") as engine:
        async with amazon.opened(engine.url, "test", tmp_path, **options) as store:
            with pytest.raises(ForbiddenError, match="leave out --no-sign-request"):
                await store.stat(at("k"))
        assert not any("authorization" in one for one in engine.headers)


@pytest.mark.parametrize("environ", [
    {}, {"AWS_SESSION_TOKEN": "t"}, {"AWS_SECURITY_TOKEN": "s", "AWS_SESSION_TOKEN": "t"}, {"AWS_REGION": "eu-x-1"},
    {"AWS_DEFAULT_REGION": "eu-x-2"}, {"AWS_ENDPOINT_URL": "http://a:1"}, {"AWS_CA_BUNDLE": "/ca"},
    {"AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_S3": "http://b:2"}, {"AWS_NO_SIGN_REQUEST": "YES"},
    {"AWS_REQUEST_PAYER": "requester"}, {"AWS_SECRET_ACCESS_KEY": ""},
    {"AWS_ENDPOINT_URL": "http://a:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
])  # fmt: skip
@pytest.mark.parametrize("options", [BucketOptions(), BucketOptions(region="r-1", endpoint_url="http://c:3")])
def test_the_environment_alone_means_what_it_means_to_aws_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environ: dict[str, str], options: BucketOptions
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    told = []
    for file in (tmp_path / "none", tmp_path / "empty"):  # of a file that exists botocore is asked
        if file.name == "empty":
            file.touch()
        monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
        try:
            found = find_identity(options)
            keys = found.credentials and found.credentials()
            told.append((replace(found, credentials=None), keys and (keys.access_key, keys.secret_key, keys.token)))
        except ForbiddenError as exc:
            told.append(exc.message)
    assert told[0] == told[1]


async def test_a_public_bucket_is_read_without_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = amazon.endpoint()
    client, bucket = amazon.client(url), amazon.new_bucket(url)
    client.put_object(Bucket=bucket, Key="open/k", Body=b"for all", ACL="public-read")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    async with amazon.opened(url, bucket, tmp_path, is_writable=False) as store:
        assert await content_of(store, "open/k") == b"for all"


async def test_the_one_who_pays_is_named_in_every_request(tmp_path: Path) -> None:
    with Engine() as engine:
        async with amazon.opened(engine.url, "test", tmp_path, request_payer=True) as store:
            await store.list_page("", "data", limit=5)
            assert "requester pays" in await store.place_rules()
        assert {one.get("x-amz-request-payer") for one in engine.headers} == {"requester"}
        assert all("x-amz-request-payer" in one["authorization"] for one in engine.headers)


async def test_a_bucket_that_may_not_be_listed_can_still_be_opened(tmp_path: Path) -> None:
    with Engine(403, "AccessDenied") as engine:
        async with amazon.opened(engine.url, "test", tmp_path) as store:
            with pytest.raises(ForbiddenError, match=r"ask its owner.*--request-payer"):
                await store.list_page("", "data", limit=5)


async def test_a_bucket_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no bucket 'nobody-has-this'"):
        async with amazon.opened(amazon.endpoint(), "nobody-has-this", tmp_path):
            pass
    with Engine(404) as engine, pytest.raises(BadRequestError, match="nothing of the S3 API"):
        async with amazon.opened(engine.url, "test", tmp_path):
            pass


def test_a_name_that_no_bucket_has_is_refused_before_anything_is_sent() -> None:
    for name in ("", "a", "a/b", "a?b", "ä" * 5, "a" * 64, ".ab", "a b c"):
        with pytest.raises(BadRequestError, match="no name of a bucket"):
            connect(name, "", BucketOptions(endpoint_url="http://127.0.0.1:9"))


CONFIG = """
[default]
region = eu-central-1
[profile there]
region = eu-north-1
endpoint_url = http://there.example:1
[profile split]
services = own
[profile signed-in]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = reader
region = eu-west-3
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
sso_registration_scopes = sso:account:access
[services own]
s3 =
  endpoint_url = http://own.example:2
  addressing_style = path
"""


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Shared files of a person, and no credentials in the environment."""
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(
        "".join(f"[{name}]\naws_access_key_id = k-{name}\naws_secret_access_key = s\n" for name in ("there", "split"))
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("config")
def test_profiles_bring_credentials_region_and_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    there = find_identity(BucketOptions(profile="there"))
    assert there.credentials is not None
    assert there.credentials().access_key == "k-there"
    assert (there.name, there.region, there.endpoint_url) == ("profile there", "eu-north-1", "http://there.example:1")
    monkeypatch.setenv("AWS_PROFILE", "split")
    assert find_identity(BucketOptions()).endpoint_url == "http://own.example:2"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all.example")
    monkeypatch.setenv("AWS_PROFILE", "there")
    assert find_identity(BucketOptions()).endpoint_url == "http://all.example"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.example")
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    found = find_identity(BucketOptions())
    assert (found.endpoint_url, found.region) == ("http://s3.example", "sa-east-1")
    options = BucketOptions(endpoint_url="http://typed.example", region="af-south-1")
    found = find_identity(options)
    assert (found.endpoint_url, found.region) == ("http://typed.example", "af-south-1")


@pytest.mark.usefixtures("config")
def test_a_profile_that_does_not_exist_is_named() -> None:
    with pytest.raises(ForbiddenError, match=r"no profile 'nobody'.*aws configure list-profiles"):
        find_identity(BucketOptions(profile="nobody"))


@pytest.mark.usefixtures("config")
async def test_a_sign_in_that_has_expired_names_the_command(tmp_path: Path) -> None:
    with Engine() as engine:
        with pytest.raises(SignInError, match=r"run aws sso login --profile signed-in$"):
            async with amazon.opened(engine.url, "test", tmp_path, profile="signed-in"):
                pass
        assert engine.headers == []


@pytest.mark.usefixtures("config")
def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    options = BucketOptions(profile="there", endpoint_url="https://127.0.0.1:9", ca_bundle=str(tmp_path / "none.pem"))
    with pytest.raises(UnavailableError, match=r"none\.pem' cannot be read"):
        connect("test", "", options)


def test_amazon_is_asked_at_the_host_of_the_bucket_and_others_by_the_path() -> None:
    def url(name: str, options: BucketOptions) -> str:
        return connect(name, "", options)[0].presign("a b", {}, valid_s=5).partition("?")[0]

    assert url("test", BucketOptions(region="eu-west-1")) == "https://test.s3.eu-west-1.amazonaws.com/a%20b"
    assert url("te.st", BucketOptions()) == "https://s3.us-east-1.amazonaws.com/te.st/a%20b"
    assert url("test", BucketOptions(addressing="path")) == "https://s3.us-east-1.amazonaws.com/test/a%20b"
    assert url("test", BucketOptions(endpoint_url="http://x:1")) == "http://x:1/test/a%20b"
    virtual = BucketOptions(endpoint_url="http://x:1", addressing="virtual")
    assert url("test", virtual) == "http://test.x:1/a%20b"
    assert amazon_endpoint("cn-north-1") == "https://s3.cn-north-1.amazonaws.com.cn"


def test_the_buckets_of_a_person_are_listed(bucket: str) -> None:
    assert bucket in list_buckets(BucketOptions(endpoint_url=amazon.endpoint()))
    with Engine(403, "AccessDenied") as engine, pytest.raises(ForbiddenError):
        list_buckets(BucketOptions(endpoint_url=engine.url))


async def test_a_place_that_is_open_read_only_sends_no_change(tmp_path: Path) -> None:
    with Engine() as engine:
        async with amazon.opened(engine.url, "test", tmp_path, prefix="p/", is_writable=False) as store:
            asked = len(engine.methods)
            await refuse_all_changes(store)
            assert len(engine.methods) == asked


async def refuse_all_changes(store: BucketStore) -> None:
    for call in (
        store.put(at("k"), b""), store.delete(at("k")), store.withdraw(at("k")), store.copy(at("k"), at("l")),
        store.move(at("k"), at("l")), store.create_upload(at("k")), store.delete_many("", "data", [("k", None)]),
    ):  # fmt: skip
        with pytest.raises(TypeRuleError, match=r"s3://test/p/ is open read only; --write allows changes"):
            await call
    for results in (await store.move_many("", [Move("k", "l")]), await store.copy_many("", [Move("k", "l")])):
        assert [one.error for one in results] == ["type_rule"]
