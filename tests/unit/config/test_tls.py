"""Behind a proxy with TLS: what is set, and what is refused."""

import pytest

from environment import tls
from environment.variables import Environment, InvalidVariable


def test_tls_needs_the_proxy_that_says_so() -> None:
    with pytest.raises(InvalidVariable, match="Set TRUSTED_PROXIES to the address of the proxy"):
        tls.is_behind_tls(Environment({"BEHIND_TLS": "true"}))
    assert tls.is_behind_tls(Environment({"BEHIND_TLS": "true", "TRUSTED_PROXIES": "10.0.0.5"}))
    assert not tls.is_behind_tls(Environment({}))


def test_a_proxy_is_an_address_or_a_network() -> None:
    read = tls.trusted_proxies(Environment({"TRUSTED_PROXIES": "127.0.0.1, 172.16.3.4/12, ::1"}))
    assert read == ["127.0.0.1/32", "172.16.0.0/12", "::1/128"]
    with pytest.raises(InvalidVariable, match="TRUSTED_PROXIES is 'proxy', which cannot be read"):
        tls.trusted_proxies(Environment({"TRUSTED_PROXIES": "proxy"}))


def test_browsers_keep_to_tls_for_the_hosts_below_too_unless_it_is_switched_off() -> None:
    behind = {"BEHIND_TLS": "true", "TRUSTED_PROXIES": "10.0.0.5"}
    assert tls.hsts(Environment(behind)) == (365 * 24 * 3600, True)
    assert tls.hsts(Environment({**behind, "HSTS_SUBDOMAINS": "false"})) == (365 * 24 * 3600, False)
    assert tls.hsts(Environment({})) == (0, False)
