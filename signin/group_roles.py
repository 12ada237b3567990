"""The roles that follow from the groups of a person at the OpenID provider. This is the one place that says so."""

from collections.abc import Collection, Sequence

# A line of OIDC_ROLES for this group counts for everybody.
EVERYBODY = "*"


def roles_of_groups(groups: Collection[str], mapping: Sequence[tuple[str, str]]) -> set[str]:
    """Return the roles that the groups give, by the (group, role) pairs of OIDC_ROLES."""
    return {role for group, role in mapping if group == EVERYBODY or group in groups}
