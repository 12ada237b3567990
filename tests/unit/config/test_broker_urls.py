"""The addresses of brokers: which forms there are, and what is made of them."""

import pytest

from environment import variables
from environment.broker_urls import parsed
from environment.variables import Environment, InvalidVariable

GOOD = {
    "redis://localhost:6379/0": "single",
    "rediss://user:secret@broker.example.org/1": "single",
    "unix:///run/valkey.sock?db=2": "single",
    "redis+cluster://a:7000,b:7001,c": "cluster",
    "rediss+cluster://:secret@[::1]:7000,[2001:db8::1]:7001/0": "cluster",
    "redis+sentinel://a:26379,b/primary": "sentinel",
    "rediss+sentinel://me:secret@a:26379/primary/3?sentinel_password=other": "sentinel",
}
WRONG = [
    "redis://a:6379,b:6379/0",
    "redis+cluster://a:7000/1",
    "redis+cluster://",
    "redis+cluster://a:0",
    "redis+cluster://a:7000,,b:7000",
    "redis+cluster://a:7000?db=1",
    "redis+sentinel://a:26379",
    "redis+sentinel://a:26379/primary/first",
    "redis+sentinel://a:26379/primary/0?password=x",
    "redis+clutser://a:7000",
    "sentinel://a:26379",
]


@pytest.mark.parametrize(("text", "kind"), GOOD.items())
def test_every_form_is_accepted(text: str, kind: str) -> None:
    assert parsed(text).kind == kind
    assert "secret" not in repr(parsed(text))


@pytest.mark.parametrize("text", WRONG)
def test_an_address_of_no_form_is_refused_with_the_forms_and_without_its_password(text: str) -> None:
    with pytest.raises(InvalidVariable) as refusal:
        Environment({"REDIS_URL": text.replace("://", "://:geheim@")}).str("REDIS_URL", kind=variables.BROKER)
    assert "redis+cluster://HOST:PORT" in str(refusal.value)
    assert "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/NUMBER" in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_hosts_credentials_and_service_are_told_apart() -> None:
    url = parsed("rediss+sentinel://me:p%40ss@a:1,b/primary/3?sentinel_password=other")
    assert url.hosts == (("a", 1), ("b", 26379))
    assert (url.service, url.database, url.has_tls) == ("primary", 3, True)
    assert url.credentials == {"username": "me", "password": "p@ss"}
    assert url.sentinel_options() == {"password": "other", "ssl": True}


def test_the_live_pages_use_one_node_of_a_cluster() -> None:
    assert parsed("redis+cluster://:p%40ss@a:7000,b:7001").channel_host() == "redis://:p%40ss@a:7000/0"
    assert parsed("rediss+cluster://me:x@[::1]:7000").channel_host() == "rediss://me:x@[::1]:7000/0"
    assert parsed("redis://localhost/0").channel_host() == "redis://localhost/0"


def test_a_cluster_is_no_broker_of_live_pages() -> None:
    with pytest.raises(InvalidVariable, match="CHANNEL_URL"):
        Environment({"CHANNEL_URL": "redis+cluster://a:1"}).str("CHANNEL_URL", kind=variables.LIVE_BROKER)
