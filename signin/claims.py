"""What an OpenID provider says about a person, read with care: a claim may be missing, or of another type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_GROUPS, LONGEST_GROUP = 2000, 256
LONGEST_ADDRESS = 254


class ClaimsContradict(Exception):
    """The id token and the userinfo endpoint speak of different people."""


@dataclass(frozen=True)
class Claims:
    """Who the person is at the provider. Texts are empty where the provider says nothing."""

    # By what the provider knows the person: the subject and, at Entra ID, the number of the object in the directory.
    subjects: frozenset[str]
    name: str
    first_name: str
    last_name: str
    address: str
    address_is_verified: bool
    # The provider says that the address is not verified; silence is neither.
    address_is_doubtful: bool
    groups: frozenset[str]


def read_claims(said: Mapping[str, Any], groups_claim: str) -> Claims:
    """Return the claims of the id token and of the userinfo endpoint; those of the id token come first.

    Raises ClaimsContradict if they are not about the same subject, as OpenID Connect Core 5.3.2 demands.
    """
    userinfo, id_token = part(said, "userinfo"), part(said, "id_token")
    if userinfo and userinfo.get("sub") != id_token.get("sub"):
        raise ClaimsContradict
    merged = {**userinfo, **id_token}
    verified = merged.get("email_verified")
    address = text(merged, "email", LONGEST_ADDRESS)
    return Claims(
        subjects=frozenset({text(merged, "sub"), text(merged, "oid")} - {""}),
        name=text(merged, "preferred_username") or address or text(merged, "sub"),
        first_name=text(merged, "given_name"),
        last_name=text(merged, "family_name"),
        address=address if "@" in address else "",
        address_is_verified=verified is True or verified == "true",
        address_is_doubtful=verified is False or verified == "false",
        groups=groups_in(merged.get(groups_claim)),
    )


def part(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return one part of what the provider said; empty if it is none."""
    found = said.get(name)
    return dict(found) if isinstance(found, Mapping) else {}


def text(claims: Mapping[str, Any], name: str, longest: int = 150) -> str:
    """Return the claim if it is a text that can be stored; otherwise an empty one."""
    found = claims.get(name)
    is_storable = isinstance(found, str) and len(found) <= longest and found.isprintable()
    return str(found).strip() if is_storable else ""


def groups_in(claim: Any) -> frozenset[str]:
    """Return the groups of a claim that is a list of texts, or one text."""
    listed = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return frozenset(group for group in listed[:MOST_GROUPS] if isinstance(group, str) and len(group) <= LONGEST_GROUP)
