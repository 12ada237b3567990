"""What people ask of webhooks: register, change, rotate the secret, disable, enable, send again."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from backlog.selectors import projects_for
from events.clock import database_now
from events.horizon import newest
from webhooks.addresses import checked_url
from webhooks.errors import EndpointDisabled, UnknownTypes, UnseenProject
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import unknown_types
from webhooks.signing import new_secret

# An endpoint with nothing held against it.
HEALTHY: dict[str, Any] = {"failing_since": None, "failures": 0, "next_attempt_at": None}


def register_endpoint(
    owner: User, *, url: str, types: list[str] | None = None, project_id: UUID | None = None, description: str = ""
) -> Endpoint:
    """An endpoint that is told of everything from now on.

    Raises InvalidUrl, RefusedAddress, UnknownTypes or UnseenProject.
    """
    return Endpoint.objects.create(
        owner=owner,
        **checked(owner, url=url, types=types or [], project_id=project_id),
        description=description,
        secret=new_secret(),
        position=newest(),
        created_at=database_now(),
    )


def change(
    endpoint: Endpoint, *, url: str, types: list[str], project_id: UUID | None = None, description: str = ""
) -> Endpoint:
    """The endpoint with these values; what waits is sent to the new address. Raises as `register_endpoint`."""
    values = checked(endpoint.owner, url=url, types=types, project_id=project_id)
    return updated(endpoint, **values, description=description)


def checked(owner: User, *, url: str, types: list[str], project_id: UUID | None) -> dict[str, Any]:
    """The values as they are stored. Raises InvalidUrl, RefusedAddress, UnknownTypes or UnseenProject."""
    if unknown := unknown_types(types):
        words = _("There are no events of the type %(types)s; see `manage.py schemas list`.")
        raise UnknownTypes(words % {"types": ", ".join(unknown)}, types=unknown)
    if project_id is not None and not projects_for(owner).filter(pk=project_id).exists():
        raise UnseenProject(
            _("There is no project %(id)s that %(owner)s may see.") % {"id": project_id, "owner": owner}
        )
    return {"url": checked_url(url), "types": sorted(set(types)), "project_id": project_id}


def rotate_secret(endpoint: Endpoint) -> Endpoint:
    """The endpoint with a new secret, by which the next delivery is signed."""
    return updated(endpoint, secret=new_secret())


@transaction.atomic
def disable(endpoint: Endpoint, *, reason: str) -> Endpoint:
    """Nothing more is sent; what waits is given up, and kept for when the endpoint is enabled."""
    updated(endpoint, active=False, disabled_reason=reason, **HEALTHY)
    endpoint.deliveries.filter(state=Delivery.State.PENDING).update(state=Delivery.State.GIVEN_UP)
    return endpoint


@transaction.atomic
def enable(endpoint: Endpoint) -> Endpoint:
    """The endpoint is told of everything from where it stood: what was given up, then what happened since."""
    updated(endpoint, active=True, disabled_reason="", **HEALTHY)
    endpoint.deliveries.filter(state=Delivery.State.GIVEN_UP).update(state=Delivery.State.PENDING)
    return endpoint


@transaction.atomic
def resend(delivery: Delivery) -> Delivery:
    """The delivery is sent again soon, with the same id, whatever came of it. Raises EndpointDisabled."""
    endpoint = delivery.endpoint
    if not endpoint.active:
        raise EndpointDisabled(_("%(url)s is disabled: enable it first.") % {"url": endpoint})
    updated(endpoint, next_attempt_at=None)
    delivery.state = Delivery.State.PENDING
    delivery.save(update_fields=["state"])
    return delivery


def updated(endpoint: Endpoint, **values: Any) -> Endpoint:
    """The endpoint with these values stored, and no other touched."""
    for name, value in values.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(values))
    return endpoint
