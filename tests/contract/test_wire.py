"""The wire's forms: ranges, checksums, models, errors."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.contract import checksum, errors, models, wire
from storage_tui.contract.errors import BadRequestError, ProtocolError, RangeNotSatisfiableError, StorageError
from storage_tui.contract.moments import format_http_date, parse_http_date
from storage_tui.contract.storage_types import ALIASES, STORAGE_TYPES, find_storage_type
from storage_tui.contract.wire import Span, UploadRange


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-5", Span(2, 6)),
        ("bytes=2-", Span(2, 10)),
        ("bytes=2-99", Span(2, 10)),
        ("bytes=-3", Span(7, 10)),
        ("bytes=-99", Span(0, 10)),
        ("bytes=5-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=+1-2", None),
        ("bytes=1_0-", None),
        ("bytes=٣-", None),
        ("bytes=-", None),
        ("bytes=1e3-", None),
    ],
)
def test_a_range_of_ten_bytes(header, span):
    assert wire.parse_range(header, 10) == span


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-", 0), ("bytes=-0", 10), ("bytes=-5", 0)])
def test_a_range_past_the_end_is_refused_with_the_size(header, size):
    with pytest.raises(RangeNotSatisfiableError) as refusal:
        wire.parse_range(header, size)
    assert refusal.value.size_bytes == size


@given(st.integers(1, 10**12), st.data())
def test_ranges_go_round(size, data):
    start = data.draw(st.integers(0, size - 1))
    span = Span(start, data.draw(st.integers(start + 1, size)))
    assert wire.parse_range(wire.format_range(span), size) == span
    assert wire.parse_content_range(wire.format_content_range(span, size)) == (span, size)
    for total in (size, None):
        assert wire.parse_upload_range(wire.format_upload_range(span, total)) == UploadRange(span, total)
        assert wire.parse_upload_range(wire.format_upload_range(None, total)) == UploadRange(None, total)
    assert wire.parse_persisted(wire.format_persisted(size)) == size


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes 1-2", "bytes 5-2/9", "bytes 0-9/9", "bytes a-b/9", "bytes 0-1/+9", "bytes 0-٣/9",
     "items 0-1/2", "bytes 0-1/9, bytes 2-3/9", "bytes 0-1_0/99", "bytes 0-" + "9" * 20 + "/*"],
)  # fmt: skip
def test_a_malformed_content_range_is_refused(header):
    with pytest.raises(BadRequestError):
        wire.parse_upload_range(header)


@pytest.mark.parametrize("text", ["1_000", "+5", "-1", "٣", "", " 1", "1e3", "9" * 20])
def test_a_number_off_the_wire_is_plain_digits(text):
    with pytest.raises(BadRequestError, match="max bytes"):
        wire.parse_number(text, "max bytes")


def test_nothing_kept_has_no_range_header():
    assert wire.format_persisted(0) is None
    assert wire.parse_persisted(None) == 0


def test_crc32c_has_the_published_check_value():
    value = checksum.extend(0, b"123456789")
    assert value == 0xE3069283  # RFC 3720 B.4 and the catalogue of parametrised CRC algorithms
    assert checksum.decode(checksum.encode(value)) == value


@given(st.binary(), st.binary())
def test_crc32c_goes_on_from_its_value(one, other):
    assert checksum.extend(checksum.extend(0, one), other) == checksum.extend(0, one + other)


@pytest.mark.parametrize("text", ["", "AAAA", "AAAAAA=", "AAAAAAA", "é", "AAAA AA=="])
def test_a_malformed_checksum_is_refused(text):
    with pytest.raises(BadRequestError, match="crc32c"):
        checksum.decode(text)


def test_the_hash_header_with_and_without_crc32c():
    assert checksum.parse_hash_header("md5=abc, crc32c=4waSgw==") == "4waSgw=="
    assert checksum.parse_hash_header("md5=abc") is None


def test_a_blob_goes_round():
    blob = models.Blob("a/b", "tmp", 3, datetime(2026, 1, 2, tzinfo=UTC), "e", "AAAAAA==", "text/plain")
    assert models.Blob.from_json(blob.to_json(), "tmp") == blob
    page = models.Page((blob,), ("x/",), "token")
    assert models.Page.from_json(page.to_json(), "tmp", "token") == page
    usage = models.Usage("a/", 1, 3, blob.modified, blob.modified, (models.Usage("a/b/", 0, 0),))
    assert models.Usage.from_json(usage.to_json()) == usage
    result = models.DeleteResult("a", "not_found", "no such key")
    assert models.DeleteResult.from_json(result.to_json()) == result
    info = models.ServiceInfo(version="1", features=frozenset(models.FEATURES))
    assert models.ServiceInfo.from_json(info.to_json()) == info


@pytest.mark.parametrize(
    "raw",
    [None, [], {}, {"key": 1}, {"key": "a", "size": -1}, {"key": "a", "size": "3"}, {"key": "a", "modified": "x"}],
)
def test_what_is_no_blob_is_a_protocol_error(raw):
    with pytest.raises(ProtocolError):
        models.Blob.from_json(raw, "data")


@pytest.mark.parametrize(
    "raw",
    [{"key": "a\ud800"}, {"key": "a", "etag": 5}, {"key": "a", "content_type": ["text/plain"]},
     {"key": "a", "size": True}, {"key": "a", "modified": "0001-01-01T00:00:00+23:59"}],
)  # fmt: skip
def test_what_a_server_tells_of_a_blob_is_of_the_kind_it_should_be(raw):
    with pytest.raises(ProtocolError):
        models.Blob.from_json(raw, "data")
    with pytest.raises(ProtocolError):
        models.Page.from_json({"blobs": [raw], "prefixes": []}, "data", None)


@pytest.mark.parametrize("limits", [{"list_page": 0}, {"delete_batch": "9"}, {"key_bytes": None}, {"set_bytes": 1e9}])
def test_limits_are_numbers_above_zero(limits):
    with pytest.raises(ProtocolError):
        models.ServiceInfo.from_json({"service": "s", "features": [], "limits": limits})


def test_usage_is_counted_in_whole_numbers():
    for count in (float("inf"), -1, "1", None, 1.5):
        with pytest.raises(ProtocolError):
            models.Usage.from_json({"prefix": "", "count": count, "size": 1})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 10_000])
def test_an_answer_that_is_no_json_is_a_protocol_error(body):
    with pytest.raises(ProtocolError, match="not JSON"):
        wire.parse_answer(body)


@pytest.mark.parametrize("text", ["", "soon", "Mon,999999999999999999923 Nov 2026 05:58:39 GMT",
                                  "Fri, 31 Dec 9999 23:59:59 -2359"])  # fmt: skip
def test_what_is_no_http_date_is_none(text):
    assert parse_http_date(text) is None


def test_times_are_utc_with_an_offset():
    moment = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert models.format_time(moment) == "2026-01-02T01:00:00.000Z"
    assert models.parse_time("2026-01-02T01:00:00.000Z") == moment
    with pytest.raises(ValueError, match="offset"):
        models.parse_time("2026-01-02T01:00:00")
    assert parse_http_date(format_http_date(moment)) == moment
    assert parse_http_date("yesterday") is None


ALL_ERRORS = [row for row in vars(errors).values() if isinstance(row, type) and issubclass(row, StorageError)]


@pytest.mark.parametrize("row", ALL_ERRORS)
def test_every_error_class_is_made_from_a_message_and_a_key_and_is_in_the_drawn_tree(row):
    error = row("what happened", key="a")
    assert (error.message, error.key) == ("what happened", "a")
    assert str(error).startswith("what happened")
    assert row.__name__ in (errors.__doc__ or "")
    assert errors.error_class(row.status, row.code) is row


@pytest.mark.parametrize(
    ("status", "name"), [(404, "NotFoundError"), (409, "ConflictError"), (418, "BadRequestError"), (599, "ServerError"),
                         (400, "BadRequestError"), (503, "UnavailableError")],
)  # fmt: skip
def test_a_status_without_a_code_finds_the_general_class(status, name):
    assert errors.error_class(status).__name__ == name
    assert errors.error_class(status, "of a later version").__name__ == name


def test_the_codes_are_all_different():
    assert len({row.code for row in ALL_ERRORS}) == len(ALL_ERRORS)


def test_the_storage_types_are_the_five_of_the_service():
    assert list(STORAGE_TYPES) == ["data", "tmp", "products", "result", "logs"]
    assert STORAGE_TYPES["tmp"].expires_after == timedelta(days=7)
    assert [row.name for row in STORAGE_TYPES.values() if not row.may_delete] == ["products"]
    assert all(row.way_out for row in STORAGE_TYPES.values() if not (row.may_delete and row.may_overwrite))


@pytest.mark.parametrize("name", [*STORAGE_TYPES, *ALIASES])
def test_a_storage_type_is_found_by_name_and_alias(name):
    assert find_storage_type(name).name in STORAGE_TYPES


def test_an_unknown_storage_type_is_refused_with_the_known_ones():
    with pytest.raises(errors.UnknownStorageTypeError, match="use one of data, tmp, products, result, logs"):
        find_storage_type("cache\x1b[2J")
