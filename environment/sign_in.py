"""How people sign in: the single sign-on, who needs a second factor, and how long links to a new password are good."""

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from environment.variables import Environment, InvalidVariable, Kind, matching

Required = Literal["nobody", "staff", "everybody"]
REQUIRED: dict[str, Required] = {"nobody": "nobody", "staff": "staff", "everybody": "everybody"}
DANGEROUS_ACTS = ("waive", "erase")
# A provider on this machine may speak HTTP: for trying things out.
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
WELL_KNOWN = "/.well-known/openid-configuration"
HUNDRED_YEARS = 876_000


def issuer(text: str) -> str:
    """Return the address of an OpenID provider without a slash at its end. Raises ValueError."""
    address = urlsplit(text)
    is_local = address.hostname in THIS_MACHINE
    if not address.hostname or address.scheme not in (("https", "http") if is_local else ("https",)) or address.query:
        raise ValueError(text)
    return text.removesuffix(WELL_KNOWN).rstrip("/")


def group_role(text: str) -> str:
    """Return the text unchanged if it is GROUP=ROLE. Raises ValueError."""
    group, sign, role = text.rpartition("=")
    if not (group.strip() and sign and role.strip()):
        raise ValueError(text)
    return text


ISSUER = Kind(issuer, "the https:// address of an OpenID provider, such as https://login.example.org/realms/company")
DANGEROUS_ACT = Kind(
    lambda text: DANGEROUS_ACTS[DANGEROUS_ACTS.index(text)], "waive and erase, with commas between them"
)
REQUIREMENT = Kind(lambda text: REQUIRED[text], "nobody, staff or everybody")
GROUP_ROLE = Kind(group_role, "GROUP=ROLE with commas between them, such as finance=requester, it-ops=operator")
SCOPES = Kind(matching(re.compile(r"openid( [!-~]+)*")), "openid, and further scopes with blanks between them")
CLAIM = Kind(matching(re.compile(r"[^\s,\x00-\x1f]+")), "the name of a claim, such as groups")


@dataclass(frozen=True)
class SingleSignOn:
    """The OpenID provider at which people sign in, and what Interlock does with what it says."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str = ""
    groups_claim: str = "groups"
    # (group, role): who is in the group has the role.
    roles: tuple[tuple[str, str], ...] = ()
    scopes: str = "openid profile email"
    links_by_address: bool = False


@dataclass(frozen=True)
class SignInSettings:
    """`sso` is None where there is no single sign-on; hours are for how long a link is good."""

    sso: SingleSignOn | None
    second_factor: Required
    # Who comes from the single sign-on was asked for a second factor there.
    provider_asks_twice: bool
    # For an hour: a mailbox is read by others, too. An invitation may wait for a person's first day at work.
    password_link_hours: float
    invitation_hours: float
    # Acts that one person asks for and another one confirms (`accounts/second_person`).
    four_eyes: tuple[str, ...] = ()


def sign_in_settings(env: Environment) -> SignInSettings:
    """Return what the environment says about signing in. Raises InvalidVariable."""
    return SignInSettings(
        sso=single_sign_on(env),
        second_factor=env.read("REQUIRE_SECOND_FACTOR", REQUIREMENT, "nobody"),
        provider_asks_twice=env.bool("OIDC_SECOND_FACTOR", default=False),
        password_link_hours=env.float("PASSWORD_LINK_HOURS", default=1.0, least=0.1, most=HUNDRED_YEARS),
        invitation_hours=env.float("INVITATION_HOURS", default=168.0, least=0.1, most=HUNDRED_YEARS),
        four_eyes=tuple(env.list("FOUR_EYES", default=[], kind=DANGEROUS_ACT)),
    )


def single_sign_on(env: Environment) -> SingleSignOn | None:
    """Return the single sign-on, or None without OIDC_ISSUER. Raises InvalidVariable if a part of it is missing."""
    address = env.read("OIDC_ISSUER", ISSUER, "")
    roles = env.list("OIDC_ROLES", default=[], kind=GROUP_ROLE)
    found = SingleSignOn(
        issuer=address,
        client_id=env.str("OIDC_CLIENT_ID"),
        client_secret=env.str("OIDC_CLIENT_SECRET"),
        name=env.str("OIDC_NAME", default="Single sign-on"),
        groups_claim=env.str("OIDC_GROUPS_CLAIM", default="groups", kind=CLAIM),
        roles=tuple((group.strip(), role.strip()) for group, _sign, role in (text.rpartition("=") for text in roles)),
        scopes=env.str("OIDC_SCOPES", default="openid profile email", kind=SCOPES),
        links_by_address=env.bool("OIDC_LINK_BY_ADDRESS", default=False),
    )
    if not address:
        return None
    for name, value in (("OIDC_CLIENT_ID", found.client_id), ("OIDC_ROLES", found.roles)):
        if not value:
            raise InvalidVariable(f"OIDC_ISSUER is set and {name} is not: the single sign-on needs both.")
    return found
