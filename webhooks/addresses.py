"""Which addresses may be called: public ones only, however a private one is spelled or hidden.

A setting names the private hosts that may be called all the same, each with its port, and only for owners who may
change every webhook: for anybody else they are as closed as any other.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from webhooks.errors import InvalidUrl, RefusedAddress

# A name as DNS has it, or a number.
HOST = re.compile(r"[a-z0-9._:-]+")
PORTS = range(1, 65_536)
# The ports that a host stands for which is named without one.
USUAL_PORTS = {"http": 80, "https": 443}
# Addresses that carry an IPv4 address inside: a translator on the way would unwrap them.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


def checked_url(url: str, *, may_be_private: bool = False) -> str:
    """The address as it will be called. Raises InvalidUrl or RefusedAddress."""
    try:
        parsed = parse_url(url.strip())
    except (LocationParseError, UnicodeError) as error:
        raise InvalidUrl(_("This is not an address: %(why)s") % {"why": error}) from error
    host = host_of(parsed)
    if parsed.scheme not in USUAL_PORTS or not HOST.fullmatch(host) or port_of(parsed) not in PORTS:
        raise InvalidUrl(_("The address has to be a whole one that starts with http:// or https://."))
    if parsed.auth is not None:
        raise InvalidUrl(_("The address must not hold a name or password: deliveries are signed instead."))
    if not (may_be_private and is_allowed(host, port_of(parsed))):
        refuse_private_number(host)
    return parsed._replace(fragment=None).url


def refuse_private_number(host: str) -> None:
    """Raise RefusedAddress where the host is a number, however spelled, that is not a public address."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    require_public(host, [str(entry[4][0]) for entry in found])


def permitted_addresses(host: str, port: int, *, may_be_private: bool = False) -> list[str]:
    """The addresses of the host, each of which may be called. Raises RefusedAddress if only one may not."""
    found = resolve(host, port)
    if not (may_be_private and is_allowed(host, port)):
        require_public(host, found)
    return found


def port_of(url: Url) -> int:
    """Return the port that is called; 0 where there can be none."""
    return USUAL_PORTS.get(url.scheme or "", 0) if url.port is None else url.port


def host_of(url: Url) -> str:
    """Return the host without the brackets of an IPv6 address."""
    return (url.host or "").strip("[]")


def is_allowed_url(url: str) -> bool:
    """Whether the address leads to a host that may be private."""
    parsed = parse_url(url)
    return is_allowed(host_of(parsed), port_of(parsed))


def is_allowed(host: str, port: int) -> bool:
    """Whether the setting names the host with this port, or without one and the port is a usual one."""
    named = {entry.lower() for entry in settings.WEBHOOK_ALLOWED_HOSTS}
    spelled = f"[{host}]" if ":" in host else host
    names = {f"{spelled}:{port}".lower(), *({host.lower(), spelled.lower()} if port in USUAL_PORTS.values() else ())}
    return bool(named & names)


def resolve(host: str, port: int) -> list[str]:
    """What the system's resolver answers now."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectionError(_("%(host)s has no address: %(why)s") % {"host": host, "why": error}) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def require_public(host: str, addresses: Iterable[str]) -> None:
    """Raise RefusedAddress unless all are public."""
    for address in addresses:
        if not is_public(ipaddress.ip_address(address)):
            words = _("%(host)s has the address %(address)s, which is not public: events are not sent there.")
            raise RefusedAddress(words % {"host": host, "address": address})


def is_public(address: Address) -> bool:
    """Whether the address, and the one it may carry inside, belongs to the public internet."""
    inside = carried(address)
    if inside is not None:
        return is_public(inside)
    special = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not special


def carried(address: Address) -> IPv4Address | None:
    """The IPv4 address inside a mapped, 6to4 or NAT64 one."""
    if isinstance(address, IPv4Address):
        return None
    in_nat64 = IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None
    return address.ipv4_mapped or address.sixtofour or in_nat64
