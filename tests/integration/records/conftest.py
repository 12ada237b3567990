"""Whom the audit log tells of."""

from typing import Any

import pytest

from tests.audit_scene import PASSWORD, Scene


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment gives to commands."""
    for name in ("PERSON_PASSWORD", "DJANGO_SUPERUSER_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)


@pytest.fixture
def scene(settings: Any, password: None) -> Scene:
    """The people and machines."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    return Scene()
