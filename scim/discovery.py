"""What SCIM says about itself: the configuration, the kinds of resources, and their schemas (RFC 7643, 5 to 7)."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from scim import urns
from scim.endpoint import LARGEST_PAGE, ScimView, list_body, location

MOST_BYTES = 1024 * 1024


class ServiceProviderConfig(ScimView):
    """What of SCIM is supported."""

    def get(self, request: Request) -> Response:
        """Return the configuration."""
        bearer = {
            "type": "oauthbearertoken",
            "name": "API key",
            "description": "An API key with the scope “people”, in the header Authorization: Bearer",
            "primary": True,
        }
        return Response(
            {
                "schemas": [urns.CONFIG],
                "patch": {"supported": True},
                "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": MOST_BYTES},
                "filter": {"supported": True, "maxResults": LARGEST_PAGE},
                "changePassword": {"supported": False},
                "sort": {"supported": False},
                "etag": {"supported": False},
                "authenticationSchemes": [bearer],
                "meta": {"resourceType": "ServiceProviderConfig", "location": location(request, "scim:config")},
            }
        )


class ResourceTypes(ScimView):
    """The kinds of resources."""

    def get(self, request: Request, name: str = "") -> Response:
        """Return both kinds, or the one of this name. Raises Http404."""
        kinds = {
            kind: {
                "schemas": [urns.RESOURCE_TYPE],
                "id": kind,
                "name": kind,
                "endpoint": f"/{kind}s",
                "schema": schema,
                "meta": {"resourceType": "ResourceType", "location": location(request, "scim:resource-type", kind)},
            }
            for kind, schema in (("User", urns.USER), ("Group", urns.GROUP))
        }
        return one_or_all(kinds, name)


class Schemas(ScimView):
    """The schemas of the resources."""

    def get(self, request: Request, name: str = "") -> Response:
        """Return both schemas, or the one of this name. Raises Http404."""
        schemas = {
            urn: {
                "schemas": [urns.SCHEMA],
                "id": urn,
                "name": kind,
                "description": words,
                "attributes": attributes,
                "meta": {"resourceType": "Schema", "location": location(request, "scim:schema", urn)},
            }
            for urn, kind, words, attributes in (
                (urns.USER, "User", "A person", USER_ATTRIBUTES),
                (urns.GROUP, "Group", "A group of people, or a role", GROUP_ATTRIBUTES),
            )
        }
        return one_or_all(schemas, name)


def one_or_all(known: dict[str, dict[str, Any]], name: str) -> Response:
    """Return the one of this name; without a name all of them as a list. Raises Http404."""
    if not name:
        return Response(list_body(list(known.values()), total=len(known)))
    if name not in known:
        raise Http404
    return Response(known[name])


def attribute(name: str, words: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """Return the description of an attribute; `more` is what differs from the usual."""
    usual = {"multiValued": False, "required": False, "mutability": "readWrite", "returned": "default"}
    exact = {"caseExact": False, "uniqueness": "none"} if kind == "string" else {}
    return {"name": name, "type": kind, "description": words, **usual, **exact, **more}


NAME_PARTS = [
    attribute("givenName", "The first name"),
    attribute("familyName", "The last name"),
    attribute("formatted", "Both; counts only where neither part is said"),
]
ADDRESS_PARTS = [
    attribute("value", "The address"),
    attribute("type", "work"),
    attribute("primary", "true", "boolean"),
]
REFERENCE_PARTS = [
    attribute("value", "The id", mutability="immutable"),
    attribute("display", "The name", mutability="readOnly"),
    attribute("$ref", "The address", "reference", mutability="readOnly", referenceTypes=["User", "Group"]),
]
USER_ATTRIBUTES = [
    attribute("userName", "The name to sign in with", required=True, uniqueness="server"),
    attribute("name", "The parts of the name", "complex", subAttributes=NAME_PARTS),
    attribute("displayName", "The whole name; counts only where neither part is said"),
    attribute("emails", "One address is kept", "complex", multiValued=True, subAttributes=ADDRESS_PARTS),
    attribute("active", "Whether the person may sign in", "boolean"),
    attribute("externalId", "What the directory calls the person", caseExact=True),
    attribute(
        *("groups", "The person's groups and roles", "complex"),
        multiValued=True,
        mutability="readOnly",
        subAttributes=REFERENCE_PARTS,
    ),
]
GROUP_ATTRIBUTES = [
    attribute("displayName", "The group's name", required=True, uniqueness="server"),
    attribute("members", "The people in it", "complex", multiValued=True, subAttributes=REFERENCE_PARTS),
]
