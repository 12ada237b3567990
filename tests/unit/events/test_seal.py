"""The seal on our own stream entries: only who knows the key can make it."""

from typing import Any

from events.seal import is_sealed, seal_of

WIRE = b'{"event_type":"PROJECT.OPENED"}'


def sealed(wire: bytes = WIRE, **others: bytes) -> dict[bytes, bytes]:
    """The fields of an entry with its seal."""
    return {b"event": wire, b"sig": seal_of(wire).encode()} | {name.encode(): value for name, value in others.items()}


def test_what_we_wrote_carries_a_seal_that_fits() -> None:
    assert is_sealed(sealed())
    assert is_sealed(sealed(type=b"anything"))


def test_other_bytes_do_not_fit_the_seal() -> None:
    assert not is_sealed(sealed() | {b"event": WIRE + b" "})
    assert not is_sealed({b"event": WIRE})
    assert not is_sealed({b"event": WIRE, b"sig": b""})
    assert not is_sealed({b"sig": seal_of(b"").encode()} | {b"event": WIRE})


def test_a_seal_of_another_key_does_not_fit_unless_the_key_is_a_fallback(settings: Any) -> None:
    fields, earlier = sealed(), settings.SECRET_KEY
    settings.SECRET_KEY = "another"
    assert not is_sealed(fields)
    settings.SECRET_KEY_FALLBACKS = [earlier]
    assert is_sealed(fields)


def test_a_seal_of_another_namespace_does_not_fit(settings: Any) -> None:
    fields = sealed()
    settings.NAMESPACE = "another"
    assert not is_sealed(fields)
