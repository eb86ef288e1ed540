"""Which addresses of a host may be connected: private ones only where they were named.

A name of the public internet that resolves to an address of a private network would let its owner read what only this
machine can reach (server-side request forgery, DNS rebinding). The address that is checked is the connected one.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from storage_tui.contract.errors import ForbiddenError

# Names of private networks: RFC 6761, RFC 6762, RFC 8375, the reserved `internal` of ICANN, and what routers give out.
_PRIVATE_SUFFIXES = ("localhost", "local", "lan", "internal", "home.arpa", "test")
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


def check_address(host: str, address: str) -> None:
    """Raise ForbiddenError for an address that the name `host` must not lead to.

    An address that was typed is connected as it is. A name without a dot, or of a private network, may lead to a
    private address, but not to one of this link alone. Any other name leads to public addresses only.
    """
    if _literal(host) is not None:
        return
    found = _inner(ip_address(address.partition("%")[0]))
    if found.is_global and not found.is_multicast:
        return
    is_private_name = "." not in host.rstrip(".") or host.rstrip(".").lower().endswith(
        tuple(f".{suffix}" for suffix in _PRIVATE_SUFFIXES)
    )
    if is_private_name and not (found.is_link_local or found.is_multicast or found.is_unspecified):
        return
    raise ForbiddenError(
        f"the name {host[:200]!a} leads to {found}, an address of a private network; to open that, type the address"
    )


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 address that stands for it, else the address."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
