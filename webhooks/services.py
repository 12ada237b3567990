"""Changes of webhooks: register, change, rotate the secret, disable, enable; send a delivery again or skip it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from accounts.scopes import READ
from backlog.selectors import projects_for
from events.clock import database_now
from events.horizon import highest_seq
from webhooks.addresses import normalized_url
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
from webhooks.selectors import may_reach_private, owner_with_key, reason_to_end, unknown_types
from webhooks.signing import new_secret

# The values of an endpoint without failures.
NO_FAILURES: dict[str, Any] = {"failing_since": None, "failures": 0, "next_attempt_at": None}


def register_endpoint(
    owner: User, *, url: str, types: list[str] | None = None, project_id: UUID | None = None, description: str = ""
) -> Endpoint:
    """Register an endpoint that gets all events from now on that match, and return it.

    If the owner uses an API key, the endpoint gets only events that the key may read, and it ends with the key. Raises
    InvalidUrl, RefusedAddress, UnknownTypes, UnseenProject, KeyTooNarrow or TooManyEndpoints.
    """
    if owner.key is not None and READ not in owner.key.scopes:
        raise KeyTooNarrow(
            _("Your API key may not read events, so it cannot add a webhook: use a key that has the scope “read” too.")
        )
    require_below_limit(owner)
    return Endpoint.objects.create(
        owner=owner,
        key=owner.key,
        **validated_values(owner, url=url, types=types or [], project_id=project_id),
        description=description,
        secret=new_secret(),
        position=highest_seq(),
        created_at=database_now(),
    )


def require_below_limit(owner: User) -> None:
    """Raise TooManyEndpoints if the owner has WEBHOOK_MOST_ENDPOINTS active endpoints."""
    most = settings.WEBHOOK_MOST_ENDPOINTS
    if Endpoint.objects.filter(owner=owner, active=True).count() >= most:
        words = _("%(owner)s has %(n)s active webhooks already, which is the most: disable one first.")
        raise TooManyEndpoints(words % {"owner": owner, "n": most})


def change_endpoint(
    endpoint: Endpoint, *, url: str, types: list[str], project_id: UUID | None = None, description: str = ""
) -> Endpoint:
    """Change the endpoint; pending deliveries are sent to the new address. Raises as `register_endpoint`."""
    values = validated_values(owner_with_key(endpoint), url=url, types=types, project_id=project_id)
    return save_values(endpoint, **values, description=description)


def validated_values(owner: User, *, url: str, types: list[str], project_id: UUID | None) -> dict[str, Any]:
    """Return the values as they are stored. Raises InvalidUrl, RefusedAddress, UnknownTypes or UnseenProject."""
    if unknown := unknown_types(types):
        words = _("There are no events of the type %(types)s; see `%(command)s schemas list`.")
        raise UnknownTypes(words % {"types": ", ".join(unknown), "command": settings.COMMAND}, types=unknown)
    if project_id is not None and not projects_for(owner).filter(pk=project_id).exists():
        raise UnseenProject(
            _("There is no project %(id)s that %(owner)s may see.") % {"id": project_id, "owner": owner}
        )
    normal_url = normalized_url(url, may_be_private=may_reach_private(owner))
    return {"url": normal_url, "types": sorted(set(types)), "project_id": project_id}


def rotate_secret(endpoint: Endpoint) -> Endpoint:
    """Give the endpoint a new secret, which signs the next delivery."""
    return save_values(endpoint, secret=new_secret())


@transaction.atomic
def disable_endpoint(endpoint: Endpoint, *, reason: str) -> Endpoint:
    """Disable the endpoint: pending deliveries become GIVEN_UP, and are sent when it is enabled again."""
    save_values(endpoint, active=False, disabled_reason=reason, **NO_FAILURES)
    endpoint.deliveries.filter(state=Delivery.State.PENDING).update(state=Delivery.State.GIVEN_UP)
    return endpoint


@transaction.atomic
def enable_endpoint(endpoint: Endpoint) -> Endpoint:
    """Enable the endpoint: it gets the deliveries that were given up, then the events since then.

    Raises EndpointEnded if its key has ended or its owner is deactivated, and TooManyEndpoints.
    """
    if reason := reason_to_end(endpoint):
        raise EndpointEnded(reason)
    if not endpoint.active:
        require_below_limit(endpoint.owner)
    save_values(endpoint, active=True, disabled_reason="", **NO_FAILURES)
    endpoint.deliveries.filter(state=Delivery.State.GIVEN_UP).update(state=Delivery.State.PENDING)
    return endpoint


@transaction.atomic
def resend_delivery(delivery: Delivery) -> Delivery:
    """Make the delivery pending again, in whatever state it is; its id stays. Raises EndpointDisabled."""
    endpoint = delivery.endpoint
    if not endpoint.active:
        raise EndpointDisabled(_("%(url)s is disabled: enable it first.") % {"url": endpoint})
    save_values(endpoint, next_attempt_at=None)
    delivery.state, delivery.tries = Delivery.State.PENDING, 0
    delivery.save(update_fields=["state", "tries"])
    return delivery


@transaction.atomic
def skip_delivery(delivery: Delivery) -> Delivery:
    """Skip a pending or given-up delivery; `resend_delivery` can send it later. Raises NotWaiting for any other."""
    waits = [Delivery.State.PENDING, Delivery.State.GIVEN_UP]
    skipped = Delivery.objects.filter(pk=delivery.pk, state__in=waits).update(state=Delivery.State.SKIPPED)
    if not skipped:
        raise NotWaiting(_("This delivery cannot be skipped: it is neither pending nor given up."))
    save_values(delivery.endpoint, next_attempt_at=None)
    delivery.state = Delivery.State.SKIPPED
    return delivery


def follow_rotation(sender: Any, old: ApiKey, new: ApiKey, **sent: Any) -> None:
    """Give endpoints of the rotated key its successor. Receiver of the signal `accounts.keys.key_rotated`."""
    Endpoint.objects.filter(key=old).update(key=new)


def save_values(endpoint: Endpoint, **values: Any) -> Endpoint:
    """Store these values of the endpoint, and no other field."""
    for name, value in values.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(values))
    return endpoint
