"""An identity provider on this machine: RSA keys, tokens signed with them, and the document that shows them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm


class Issuer:
    """One RSA key under one id."""

    def __init__(self, kid: str = "theirs", *, bits: int = 2048) -> None:
        self.kid = kid
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def token(self, *, kid: str | None = None, **changes: Any) -> str:
        """A token of theirs; a claim that is None is left out."""
        claims = {"sub": "ann", "exp": int(time.time()) + 60, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        content = json.dumps(claims).encode()  # also claims that the library would not write
        return jwt.PyJWS().encode(content, self.private, "RS256", headers={"kid": kid or self.kid})

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """The public key as a row of the document."""
        return {**RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True), "kid": self.kid, **changes}

    def pem(self) -> bytes:
        """The public key in the form that confused servers take for a shared secret."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def document(*rows: dict[str, Any]) -> bytes:
    """A JWKS document."""
    return json.dumps({"keys": rows}).encode()


class Site:
    """What the provider's address answers, and how often it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.url = ""


@contextmanager
def serving(content: bytes) -> Iterator[Site]:
    """The document on a loopback address."""
    site = Site(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked += 1
            self.send_response(site.status)
            for name, value in site.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(site.content)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        site.url = f"http://127.0.0.1:{server.server_port}/jwks.json"
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
