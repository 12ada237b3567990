"""Queries: endpoints and deliveries that an account may see, the events of an endpoint, endpoints that are due."""

from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from accounts.organisations import FIRST_ORGANISATION
from accounts.scopes import READ
from accounts.walls import is_within, within_organisation
from backlog.selectors import projects_for
from events.models import Event
from schemas.registry import registry
from webhooks.addresses import is_allowed_url
from webhooks.models import Delivery, Endpoint


def endpoints_for(user: User) -> QuerySet[Endpoint]:
    """Return the endpoints that the account may see: all of its organisation, or its own.

    Each has `skipped`, a count of deliveries.
    """
    skipped = Count("deliveries", filter=Q(deliveries__state=Delivery.State.SKIPPED))
    endpoints = within_organisation(user, Endpoint.objects.annotate(skipped=skipped))
    return endpoints if user.has_perm("webhooks.view_endpoint") else endpoints.filter(owner=user)


def deliveries_for(user: User) -> QuerySet[Delivery]:
    """Return the deliveries that the account may see: all of its organisation, or those to its own endpoints."""
    if user.has_perm("webhooks.view_delivery"):
        return within_organisation(user, Delivery.objects.all())
    return Delivery.objects.filter(endpoint__owner=user)


def visible_events(user: User) -> QuerySet[Event]:
    """Return the events that the account may receive: of its projects, and with permission those without a project.

    Those without a project belong to the first organisation.
    """
    if not user.is_active:
        return Event.objects.none()
    visible = Q(project_id__in=projects_for(user).values("pk"))
    if user.has_perm("events.view_event") and is_within(user, FIRST_ORGANISATION):
        visible |= Q(project_id=None)
    return Event.objects.filter(visible)


def owner_with_key(endpoint: Endpoint) -> User:
    """Return the owner with the key that made the endpoint, so that the scopes of the key limit what is visible."""
    owner: User = endpoint.owner
    owner.key = endpoint.key
    return owner


def may_reach_private(owner: User) -> bool:
    """Return True if the owner may change every webhook: only then the setting of allowed private hosts holds."""
    return owner.has_perm("webhooks.change_endpoint")


def excerpt_for(user: User, delivery: Delivery) -> str:
    """Return the beginning of the receiver's answer; empty if the host is private and the account may not call it."""
    may_see = not is_allowed_url(delivery.endpoint.url) or may_reach_private(user)
    return delivery.response_excerpt if may_see else ""


def reason_to_end(endpoint: Endpoint) -> str:
    """Return in words why the endpoint may not get events any more; empty while it may."""
    key = endpoint.key
    if not endpoint.owner.is_active:
        return _("The account of the webhook's owner is deactivated.")
    if key is not None and not key.is_live:
        return _("The API key that made the webhook is revoked or has expired.")
    if key is not None and READ not in key.scopes:
        return _(
            "The API key that made the webhook may not read events: add it again with a key that has the scope “read”."
        )
    return ""


def endpoints_to_end() -> QuerySet[Endpoint]:
    """Return active endpoints whose owner is deactivated, or whose key has expired or is revoked."""
    live = ApiKey.objects.live().values("pk")
    return Endpoint.objects.filter(
        Q(owner__is_active=False) | (~Q(key=None) & ~Q(key__in=live)), active=True
    ).select_related("owner", "key")


def events_for(endpoint: Endpoint) -> QuerySet[Event]:
    """Return the events for the endpoint: those of its types and its project that its owner may see now."""
    events = visible_events(owner_with_key(endpoint)).filter(type_filter(endpoint.types))
    return events if endpoint.project_id is None else events.filter(project_id=endpoint.project_id)


def type_filter(types: list[str]) -> Q:
    """Return a filter for events of these types. `PROJECT.*` matches by prefix; an empty list matches every event."""
    exact = [name for name in types if not name.endswith("*")]
    matching = Q(type__in=exact) if exact else Q()
    for name in types:
        if name.endswith("*"):
            matching |= Q(type__startswith=name[:-1])
    return matching


def unknown_types(types: list[str]) -> list[str]:
    """Return the types that match no event type with a contract."""
    known = registry().event_types()
    return [name for name in types if not any(matches_type(name, event_type) for event_type in known)]


def matches_type(name: str, event_type: str) -> bool:
    """Return True if the type, which may end in `*`, matches the event type."""
    return event_type.startswith(name[:-1]) if name.endswith("*") else event_type == name


def due_endpoints(now: datetime, horizon: int) -> QuerySet[Endpoint]:
    """Return active endpoints without a lease that have events to send; the one that waited longest comes first.

    `horizon` is the last final `seq` of the ledger. While one endpoint of an owner is served, the owner's other
    endpoints are not due, so that no owner takes every thread.
    """
    served = Endpoint.objects.filter(owner=OuterRef("owner"), leased_until__gt=now)
    waiting = Delivery.objects.filter(endpoint=OuterRef("pk"), state=Delivery.State.PENDING)
    return Endpoint.objects.filter(
        Q(leased_until=None) | Q(leased_until__lte=now),
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=now),
        Q(position__lt=horizon) | Exists(waiting),
        ~Exists(served),
        active=True,
    ).order_by(F("leased_until").asc(nulls_first=True), "pk")
