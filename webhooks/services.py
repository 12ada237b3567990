"""What people ask of webhooks: register, change, rotate the secret, disable, enable, send again."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from accounts.scopes import READ
from backlog.selectors import projects_for
from events.clock import database_now
from events.horizon import newest
from webhooks.addresses import checked_url
from webhooks.errors import (
    EndpointDisabled,
    EndpointEnded,
    KeyTooNarrow,
    NotWaiting,
    TooManyEndpoints,
    UnknownTypes,
    UnseenProject,
)
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import may_reach_private, reason_to_end, unknown_types, viewer
from webhooks.signing import new_secret

# An endpoint with nothing held against it.
HEALTHY: dict[str, Any] = {"failing_since": None, "failures": 0, "next_attempt_at": None}


def register_endpoint(
    owner: User, *, url: str, types: list[str] | None = None, project_id: UUID | None = None, description: str = ""
) -> Endpoint:
    """An endpoint that is told of everything from now on.

    Made with a key it sees no more than the key, and ends with it. Raises InvalidUrl, RefusedAddress, UnknownTypes,
    UnseenProject, KeyTooNarrow or TooManyEndpoints.
    """
    if owner.key is not None and READ not in owner.key.scopes:
        raise KeyTooNarrow(_("Events are sent to who may read: the key needs the scope “read” too."))
    require_room(owner)
    return Endpoint.objects.create(
        owner=owner,
        key=owner.key,
        **checked(owner, url=url, types=types or [], project_id=project_id),
        description=description,
        secret=new_secret(),
        position=newest(),
        created_at=database_now(),
    )


def require_room(owner: User) -> None:
    """Raise TooManyEndpoints where the owner has as many active endpoints as one may have."""
    most = settings.WEBHOOK_MOST_ENDPOINTS
    if Endpoint.objects.filter(owner=owner, active=True).count() >= most:
        words = _("%(owner)s has %(n)s active webhooks already, which is the most: disable one first.")
        raise TooManyEndpoints(words % {"owner": owner, "n": most})


def change(
    endpoint: Endpoint, *, url: str, types: list[str], project_id: UUID | None = None, description: str = ""
) -> Endpoint:
    """The endpoint with these values; what waits is sent to the new address. Raises as `register_endpoint`."""
    values = checked(viewer(endpoint), url=url, types=types, project_id=project_id)
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
    checked_to = checked_url(url, may_be_private=may_reach_private(owner))
    return {"url": checked_to, "types": sorted(set(types)), "project_id": project_id}


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
    """The endpoint is told of everything from where it stood: what was given up, then what happened since.

    Raises EndpointEnded where its key or owner has ended, and TooManyEndpoints.
    """
    if reason := reason_to_end(endpoint):
        raise EndpointEnded(reason)
    if not endpoint.active:
        require_room(endpoint.owner)
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
    delivery.state, delivery.tries = Delivery.State.PENDING, 0
    delivery.save(update_fields=["state", "tries"])
    return delivery


@transaction.atomic
def skip(delivery: Delivery) -> Delivery:
    """What waits is passed over, until somebody has it sent again. Raises NotWaiting for what does not wait."""
    waits = [Delivery.State.PENDING, Delivery.State.GIVEN_UP]
    skipped = Delivery.objects.filter(pk=delivery.pk, state__in=waits).update(state=Delivery.State.SKIPPED)
    if not skipped:
        raise NotWaiting(_("Only what waits can be skipped."))
    updated(delivery.endpoint, next_attempt_at=None)
    delivery.state = Delivery.State.SKIPPED
    return delivery


def follow_rotation(sender: Any, old: ApiKey, new: ApiKey, **sent: Any) -> None:
    """What was made with the old key goes on with its successor."""
    Endpoint.objects.filter(key=old).update(key=new)


def updated(endpoint: Endpoint, **values: Any) -> Endpoint:
    """The endpoint with these values stored, and no other touched."""
    for name, value in values.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(values))
    return endpoint
