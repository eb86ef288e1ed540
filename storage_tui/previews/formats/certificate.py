"""Certificates, in PEM and DER: subject, issuer, validity and key (RFC 5280, RFC 7468; X.690 for the bytes)."""

import base64
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, LimitError, Preview, Source, View
from storage_tui.previews.heads.described import described

BEGIN, CERTIFICATE = b"-----BEGIN ", b"CERTIFICATE"
DER = re.compile(rb"\x30\x82..\x30\x82..\xa0\x03\x02\x01\x02", re.DOTALL)  # a certificate of version 3
MOST_BLOCKS = 50
SHOWN = 4  # certificates with their facts
NAMES = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU"}
KEYS = {"1.2.840.113549.1.1.1": "RSA", "1.2.840.10045.2.1": "elliptic curve", "1.3.101.112": "Ed25519",
        "1.3.101.113": "Ed448", "1.2.840.10040.4.1": "DSA"}  # fmt: skip
OTHER_NAMES = "2.5.29.17"
SEQUENCE, INTEGER, OID, UTC_TIME, TIME, EXTENSIONS, DNS = 0x30, 0x02, 0x06, 0x17, 0x18, 0xA3, 0x82
MOST_PARTS = 500
SHOWN_NAMES = 20

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")


class Certificate:
    """Certificates and keys; of a key only its kind is told."""

    kind = "certificate"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether a block of PEM begins the text, or a certificate of DER the bytes."""
        return DER.match(head) is not None or (head.lstrip()[:11] == BEGIN and _LABEL.match(head.lstrip()) is not None)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts; of PEM above the text."""
        if DER.match(head):
            return Preview(self.kind, facts=tuple(read_certificate(head)))
        blocks = list(_blocks(head))
        counts = Counter(label.decode("ascii").lower() for label, _ in blocks)
        facts = [("holds", ", ".join(f"{name} × {count}" for name, count in counts.most_common(6)))]
        certificates = [raw for label, raw in blocks if label == CERTIFICATE]
        for raw in certificates[:SHOWN]:
            try:
                facts += read_certificate(base64.b64decode(raw))
            except (LimitError, ValueError):
                facts.append(("certificate", "not understood"))
        return await described(self.kind if certificates else "PEM", facts, source, head, view)


def _blocks(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield label and text of the blocks that end in these bytes."""
    at = 0
    for _ in range(MOST_BLOCKS):
        at = head.find(BEGIN, at)
        match = _LABEL.match(head, at) if at != -1 else None
        if match is None:
            return
        end = head.find(b"-----END", match.end())
        if end == -1:
            yield match[1], b""
            return
        yield match[1], head[match.end() : end]
        at = end


def read_certificate(raw: bytes) -> list[tuple[str, str]]:
    """Return the facts of a certificate in DER; raise LimitError for something else."""
    try:
        return _facts(raw)
    except (ValueError, IndexError) as exc:
        raise LimitError("the certificate is not understood") from exc


def _facts(raw: bytes) -> list[tuple[str, str]]:
    parts = list(_parts(*_content(raw, 0)[:2], raw))
    tbs = [part for part in _parts(parts[0][1], parts[0][2], raw) if part[0] != 0xA0]
    serial, _, issuer, validity, subject, key = tbs[:6]
    times = [_time(raw, part) for part in _parts(validity[1], validity[2], raw)]
    algorithm, *_ = _parts(key[1], key[2], raw)
    first, *_ = _parts(algorithm[1], algorithm[2], raw)
    identifier = _oid(raw, first)
    facts = [
        ("subject", _name(raw, subject)),
        ("issuer", "itself" if raw[subject[1] : subject[2]] == raw[issuer[1] : issuer[2]] else _name(raw, issuer)),
        ("valid", f"{times[0]} to {times[1]}"),
        ("key", KEYS.get(identifier, identifier)),
        ("serial", raw[serial[1] : serial[2]].hex()[:60]),
    ]
    names = [name for part in tbs[6:] if part[0] == EXTENSIONS for name in _other_names(raw, part)]
    if names:
        facts.append(("names", ", ".join(names[:SHOWN_NAMES])))
    return [(label, visible(value, limit=100)) for label, value in facts]


Part = tuple[int, int, int]
"""Tag, start and stop of the content of one value."""


def _content(raw: bytes, at: int) -> tuple[int, int, int]:
    """Return start and stop of the content of the value at a place, and its tag."""
    tag, length, start = raw[at], raw[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4:
            raise ValueError("a length of DER is not understood")
        length, start = int.from_bytes(raw[start : start + count], "big"), start + count
    if start + length > len(raw):
        raise ValueError("its end is missing")
    return start, start + length, tag


def _parts(start: int, stop: int, raw: bytes) -> Iterator[Part]:
    at = start
    for _ in range(MOST_PARTS):
        if at >= stop:
            return
        begin, end, tag = _content(raw, at)
        yield tag, begin, end
        at = end


def _name(raw: bytes, part: Part) -> str:
    """Return a name in words: `CN=host, O=company`."""
    words = []
    for _, start, stop in _parts(part[1], part[2], raw):
        for _, begin, end in _parts(start, stop, raw):
            kind, value = list(_parts(begin, end, raw))[:2]
            label = NAMES.get(_oid(raw, kind))
            text = raw[value[1] : value[2]].decode("utf-16-be" if value[0] == 0x1E else "utf-8", "replace")
            if label:
                words.append(f"{label}={text}")
    return ", ".join(words) or "none"


def _oid(raw: bytes, part: Part) -> str:
    if part[0] != OID or part[1] == part[2]:
        raise ValueError("an identifier is missing")
    first, *rest = raw[part[1] : min(part[2], part[1] + 40)]
    numbers, value = [min(first // 40, 2), first - 40 * min(first // 40, 2)], 0
    for byte in rest:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return ".".join(map(str, numbers))


def _time(raw: bytes, part: Part) -> str:
    """Return a day (4.1.2.5)."""
    text = raw[part[1] : part[2]].decode("ascii", "replace")
    if part[0] == UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    try:
        return f"{datetime.strptime(text, '%Y%m%d%H%M%SZ'):%Y-%m-%d}"
    except ValueError:
        return text[:20]


def _other_names(raw: bytes, part: Part) -> list[str]:
    for _, start, stop in _parts(part[1], part[2], raw):
        for _, begin, end in _parts(start, stop, raw):
            kind, *_, value = list(_parts(begin, end, raw))
            if _oid(raw, kind) == OTHER_NAMES:
                first, last, _ = _content(raw, value[1])
                names = [raw[a:b] for tag, a, b in _parts(first, last, raw) if tag == DNS]
                return [name.decode("ascii", "replace") for name in names[:SHOWN_NAMES]]
    return []
