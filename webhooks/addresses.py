"""Which addresses webhooks may call: only public ones, also where a private address is written in an unusual form.

The setting WEBHOOK_ALLOWED_HOSTS names private hosts, with their ports, that may still be called, but only for owners
with the permission to change every webhook.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from webhooks.errors import InvalidUrl, RefusedAddress

if TYPE_CHECKING:
    from urllib3.util import Url

# A DNS name, an IPv4 address or an IPv6 address.
HOST = re.compile(r"[a-z0-9._:-]+")
PORTS = range(1, 65_536)
# The port for each scheme; an allowed host that is named without a port is allowed on these two.
USUAL_PORTS = {"http": 80, "https": 443}
# IPv6 addresses that contain an IPv4 address: a NAT64 gateway would connect to the inner one.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


def normalized_url(url: str, *, may_be_private: bool = False) -> str:
    """Return the URL in normal form, without its fragment. Raises InvalidUrl or RefusedAddress.

    A host name is not resolved here; only a host that is a number is checked at once.
    """
    from urllib3.exceptions import LocationParseError  # where it is needed: it takes a twentieth of a start
    from urllib3.util import parse_url

    try:
        parsed = parse_url(url.strip())
    except (LocationParseError, UnicodeError) as error:
        raise InvalidUrl(_("This is not a valid web address: %(why)s") % {"why": error}) from error
    host = host_of(parsed)
    if parsed.scheme not in USUAL_PORTS or not HOST.fullmatch(host) or port_of(parsed) not in PORTS:
        raise InvalidUrl(_("The address has to be complete and to start with http:// or https://."))
    if parsed.auth is not None:
        raise InvalidUrl(
            _("The address must not contain a name or a password: the receiver verifies the signature instead.")
        )
    if not (may_be_private and is_allowed(host, port_of(parsed))):
        require_public_if_number(host)
    return parsed._replace(fragment=None).url


def require_public_if_number(host: str) -> None:
    """Raise RefusedAddress if the host is an IP address in any notation that is not public."""
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    require_public(host, [str(entry[4][0]) for entry in entries])


def permitted_addresses(host: str, port: int, *, may_be_private: bool = False) -> list[str]:
    """Return the IP addresses of the host. Raises RefusedAddress if even one of them may not be called."""
    addresses = resolve_host(host, port)
    if not (may_be_private and is_allowed(host, port)):
        require_public(host, addresses)
    return addresses


def port_of(url: "Url") -> int:
    """Return the port that is called; 0 where there can be none."""
    return USUAL_PORTS.get(url.scheme or "", 0) if url.port is None else url.port


def host_of(url: "Url") -> str:
    """Return the host without the brackets of an IPv6 address."""
    return (url.host or "").strip("[]")


def is_allowed_url(url: str) -> bool:
    """Return True if the setting allows the host and port of the URL to be private."""
    from urllib3.util import parse_url

    parsed = parse_url(url)
    return is_allowed(host_of(parsed), port_of(parsed))


def is_allowed(host: str, port: int) -> bool:
    """Return True if the setting names the host with this port, or without a port and the port is 80 or 443."""
    allowed = {entry.lower() for entry in settings.WEBHOOK_ALLOWED_HOSTS}
    bracketed = f"[{host}]" if ":" in host else host
    names = {
        f"{bracketed}:{port}".lower(),
        *({host.lower(), bracketed.lower()} if port in USUAL_PORTS.values() else ()),
    }
    return bool(allowed & names)


def resolve_host(host: str, port: int) -> list[str]:
    """Return the IP addresses that the resolver of the system gives now. Raises ConnectionError."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectionError(_("%(host)s has no address: %(why)s") % {"host": host, "why": error}) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def require_public(host: str, addresses: Iterable[str]) -> None:
    """Raise RefusedAddress unless all addresses are public."""
    for address in addresses:
        if not is_public(ipaddress.ip_address(address)):
            words = _("%(host)s has the address %(address)s, which is not public: events are not sent there.")
            raise RefusedAddress(words % {"host": host, "address": address})


def is_public(address: Address) -> bool:
    """Return True if the address is public; of an IPv6 address with an IPv4 address inside, the inner one counts."""
    inner = embedded_ipv4(address)
    if inner is not None:
        return is_public(inner)
    special = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not special


def embedded_ipv4(address: Address) -> IPv4Address | None:
    """Return the IPv4 address inside a mapped, 6to4 or NAT64 IPv6 address; None if there is none."""
    if isinstance(address, IPv4Address):
        return None
    in_nat64 = IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None
    return address.ipv4_mapped or address.sixtofour or in_nat64
