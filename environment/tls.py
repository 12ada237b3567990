"""What changes behind a proxy that speaks TLS: where callers come from, cookies, redirects.

Interlock itself speaks HTTP. A proxy in front of it says in headers who called and whether over TLS; these are believed
only when the connection comes from one of TRUSTED_PROXIES.
"""

from ipaddress import ip_network

from environment.variables import Environment, InvalidVariable, Kind

HSTS_SECONDS = 365 * 24 * 3600


def network(text: str) -> str:
    """Return the address or network in its usual form. Raises ValueError."""
    return str(ip_network(text, strict=False))


NETWORK = Kind(network, "addresses or networks with commas between them, such as 10.0.0.5, 172.16.0.0/12")


def trusted_proxies(env: Environment) -> list[str]:
    """Return the networks of the proxies whose headers are believed; none by default. Raises InvalidVariable."""
    return env.list("TRUSTED_PROXIES", default=[], kind=NETWORK)


def is_behind_tls(env: Environment) -> bool:
    """Return True if browsers reach the web over TLS alone. Raises InvalidVariable if no proxy is named for it."""
    behind_tls = env.bool("BEHIND_TLS", default=False)
    if behind_tls and not trusted_proxies(env):
        raise InvalidVariable(
            "BEHIND_TLS is true and TRUSTED_PROXIES is not set, so that nothing can say which calls came over TLS. Set "
            "TRUSTED_PROXIES to the address of the proxy, for example TRUSTED_PROXIES=127.0.0.1."
        )
    return behind_tls


def hsts(env: Environment) -> tuple[int, bool]:
    """Return for how many seconds browsers keep to TLS, and whether for all hosts below this one too."""
    below = env.bool("HSTS_SUBDOMAINS", default=True)
    return (HSTS_SECONDS, below) if is_behind_tls(env) else (0, False)


def cookie_names(behind_tls: bool) -> tuple[str, str]:
    """Return the names of the cookies of session and form token; `__Host-` keeps other hosts from setting them."""
    return ("__Host-sessionid", "__Host-csrftoken") if behind_tls else ("sessionid", "csrftoken")
