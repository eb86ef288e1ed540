"""The address of a client, also behind a proxy that the operator trusts.

Anybody can write a forwarded address into a request. So the header counts only from a proxy that is named, and only as
far as named proxies have passed it on: the list is read from its end, and the first address that is no proxy of ours
is the client. Source: RFC 7239 section 7.4 on the trust in forwarded addresses.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from storage_tui.contract.errors import BadRequestError

FORWARDED_FOR = "X-Forwarded-For"
MOST_HOPS = 16  # of proxies in a row; further ones are not looked at
SITE_BITS = 64  # of an IPv6 address: whoever has one address has all addresses of a site

Address = IPv4Address | IPv6Address


class TrustedProxies:
    """The proxies whose word counts. Without any, the peer of a connection is the client."""

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self._networks = tuple(networks)

    @classmethod
    def parse(cls, names: Sequence[str]) -> "TrustedProxies":
        """Return the proxies at these addresses or networks, such as `10.0.0.7` and `fd00::/8`. Raise BadRequestError
        for any other text."""
        try:
            return cls([ip_network(name.strip(), strict=False) for name in names])
        except ValueError as exc:
            raise BadRequestError(f"a trusted proxy is an address or a network, such as 10.0.0.0/8: {exc}") from exc

    def includes(self, address: Address) -> bool:
        """Return whether the address is that of a trusted proxy."""
        plain = _plain(address)
        return any(plain in network for network in self._networks)

    def client_of(self, peer: Address, forwarded: str | None) -> Address:
        """Return the address of the client of a request that came from `peer` with the list `forwarded`. A list that
        cannot be read ends the search at the last address that could."""
        found = _plain(peer)
        if not forwarded or not self._networks:
            return found
        for text in reversed(forwarded.split(",")[-MOST_HOPS:]):
            if not self.includes(found):
                break
            named = _parse(text)
            if named is None:
                break
            found = named
        return found


def site_of(address: Address) -> str:
    """Return the name under which an address is counted: an IPv4 address by itself, an IPv6 address as its network of
    SITE_BITS bits."""
    plain = _plain(address)
    return str(plain) if isinstance(plain, IPv4Address) else str(IPv6Network((plain, SITE_BITS), strict=False))


def _plain(address: Address) -> Address:
    """Return an IPv4 address for one that is written as IPv6, which a socket for both kinds has."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _parse(text: str) -> Address | None:
    """Return the address in an entry of the list, which may have a port: `10.1.2.3:4711`, `[2001:db8::1]:4711`."""
    name = text.strip().strip('"')
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        return _plain(ip_address(name))
    except ValueError:
        return None
