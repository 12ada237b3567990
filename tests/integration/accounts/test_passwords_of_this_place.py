"""A password is any text, but not the words that everybody here thinks of first."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from environment.sign_in import SingleSignOn


@pytest.fixture(autouse=True)
def place(settings: Any) -> None:
    """An installation with a name of its own."""
    settings.PUBLIC_URL = "https://desk.northwind.example/"
    sso = SingleSignOn("https://login.example", "x", "", name="Contoso Login")
    settings.SIGN_IN = replace(settings.SIGN_IN, sso=sso)


@pytest.mark.parametrize(
    "password", ["Interlock2026!", "northwind-1", "Operator123", "contoso!interlock", "CONTOSO2026"]
)
def test_a_password_that_is_little_more_than_the_names_of_this_place_is_refused(password: str) -> None:
    with pytest.raises(ValidationError, match="names of this system"):
        validate_password(password)


@pytest.mark.parametrize(
    "password", ["interlock and a horse", "desk work by the sea", "ünïcödé ✓ 日本語 ok", "x9" * 64]
)
def test_other_passwords_of_any_signs_and_any_length_are_taken(password: str) -> None:
    validate_password(password)


@pytest.mark.django_db
def test_the_page_of_the_own_password_refuses_it_and_takes_a_long_one_unchanged() -> None:
    old, new = "a long enough password", "  Ab" + "ü✓ " * 60 + "  "
    rita, client = User.objects.create_user("rita", password=old), Client()
    client.force_login(rita)
    for typed, is_taken in (("Interlock2026!", False), (new, True)):
        sent = {"old_password": old, "new_password1": typed, "new_password2": typed}
        assert (client.post("/preferences/password/", sent).status_code == 302) == is_taken
    rita.refresh_from_db()
    assert [rita.check_password(text) for text in (new, new.strip(), new.casefold(), new[:72])] == [True] + [False] * 3
