"""The way to an engine through the proxy that the environment names, as curl and AWS programs obey it.

HTTPS_PROXY is for https, HTTP_PROXY for http, each in small letters too; NO_PROXY names the hosts that are reached
directly. Through a proxy, https is a tunnel (CONNECT, RFC 9110 9.3.6): the proxy sees the host, and no header.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3

from storage_tui.contract.errors import BadRequestError


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. `url` has no user name and password; `headers` has them, for the proxy alone."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def pool(self, scheme: str, host: str, port: int | None, **how: Any) -> urllib3.HTTPConnectionPool:
        """Return the connections to a host through the proxy. `how` is that of an HTTPConnectionPool."""
        manager = urllib3.ProxyManager(self.url, proxy_headers=self.headers, **how)
        return manager.connection_from_host(host, port, scheme)


def find_proxy(scheme: str, host: str, port: int | None) -> Proxy | None:
    """Return the proxy for a host; None for one that is reached directly. Raise BadRequestError for a name in the
    environment that is no proxy."""
    proxies = getproxies_environment()
    named = proxies.get(scheme)
    if not named or proxy_bypass(host if port is None else f"{host}:{port}"):
        return None
    text = named if "://" in named else f"http://{named}"
    try:
        url = urlsplit(text)
        at = "" if url.port is None else f":{url.port}"
    except ValueError:
        url, at = urlsplit(""), ""
    if url.scheme not in ("http", "https") or not url.hostname:
        raise BadRequestError(f"{scheme.upper()}_PROXY is not the URL of a proxy, such as http://host:3128")
    host_text = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    headers = {}
    if url.username is not None:
        basic = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers = urllib3.util.make_headers(proxy_basic_auth=basic)
    return Proxy(f"{url.scheme}://{host_text}{at}", dict(headers))
