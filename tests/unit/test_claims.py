"""What an OpenID provider says of a person is read with care, whatever it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signin.claims import ClaimsContradict, read_claims
from signin.group_roles import roles_of_groups

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["email", "email_verified", "groups", "preferred_username", "given_name", "sub"])


@given(st.dictionaries(NAMES, ANYTHING), ANYTHING)
def test_anything_can_be_claimed_and_nothing_unfit_is_taken(claims: dict[str, Any], other: Any) -> None:
    read = read_claims({"id_token": claims, "userinfo": other if not isinstance(other, dict) else None}, "groups")
    texts = [read.name, read.first_name, read.last_name, read.address]
    assert all(isinstance(text, str) and text.isprintable() and len(text) <= 254 for text in texts)
    verified = claims.get("email_verified")
    assert read.address_is_verified == (verified is True or verified == "true")
    assert all(isinstance(group, str) for group in read.groups)


def test_the_id_token_comes_before_the_userinfo_and_both_are_about_the_same_subject() -> None:
    said = {"id_token": {"sub": "1", "email": "a@b.c"}, "userinfo": {"sub": "1", "email": "x", "groups": ["g"]}}
    read = read_claims(said, "groups")
    assert (read.address, read.groups) == ("a@b.c", {"g"})
    with pytest.raises(ClaimsContradict):
        read_claims({"id_token": {"sub": "1"}, "userinfo": {"sub": "2"}}, "groups")


def test_an_address_that_is_silent_about_its_check_is_neither_verified_nor_doubtful() -> None:
    silent = (False, False)
    for said, expected in ((True, (True, False)), ("false", (False, True)), (None, silent), (1, silent)):
        read = read_claims({"id_token": {"email": "a@b.c", "email_verified": said}}, "groups")
        assert (read.address_is_verified, read.address_is_doubtful) == expected


def test_groups_give_the_roles_of_the_table_and_no_others() -> None:
    table = [("a", "requester"), ("b", "operator"), ("*", "answerer")]
    assert roles_of_groups({"a", "c"}, table) == {"requester", "answerer"}
    assert roles_of_groups(set(), table[:2]) == set()
