"""Reading endpoints, and which events an endpoint is told of."""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from backlog.selectors import projects_for
from events.models import Event
from schemas.registry import registry
from webhooks.models import Delivery, Endpoint


def endpoints_for(user: User) -> QuerySet[Endpoint]:
    """The endpoints the person may see: all, or their own."""
    if user.has_perm("webhooks.view_endpoint"):
        return Endpoint.objects.all()
    return Endpoint.objects.filter(owner=user)


def deliveries_for(user: User) -> QuerySet[Delivery]:
    """The deliveries the person may see: all, or those of their own endpoints."""
    if user.has_perm("webhooks.view_delivery"):
        return Delivery.objects.all()
    return Delivery.objects.filter(endpoint__owner=user)


def visible_events(user: User) -> QuerySet[Event]:
    """The events the person may be told of: those of their projects, and with permission those of none."""
    if not user.is_active:
        return Event.objects.none()
    seen = Q(project_id__in=projects_for(user).values("pk"))
    if user.has_perm("events.view_event"):
        seen |= Q(project_id=None)
    return Event.objects.filter(seen)


def events_for(endpoint: Endpoint) -> QuerySet[Event]:
    """What the endpoint is told of, as its owner may see it now."""
    found = visible_events(endpoint.owner).filter(of_types(endpoint.types))
    return found if endpoint.project_id is None else found.filter(project_id=endpoint.project_id)


def of_types(types: list[str]) -> Q:
    """Events of these types; a `*` at the end stands for any end, and no types at all for every event."""
    whole = [name for name in types if not name.endswith("*")]
    found = Q(type__in=whole) if whole else Q()
    for name in types:
        if name.endswith("*"):
            found |= Q(type__startswith=name[:-1])
    return found


def unknown_types(types: list[str]) -> list[str]:
    """Those that stand for no event there is a contract for."""
    known = registry().event_types()
    return [name for name in types if not any(stands_for(name, kind) for kind in known)]


def stands_for(name: str, kind: str) -> bool:
    """Whether an event of the kind is meant."""
    return kind.startswith(name[:-1]) if name.endswith("*") else kind == name


def due(now: datetime, horizon: int) -> QuerySet[Endpoint]:
    """Endpoints that nobody serves and for which there is something to do; who waited longest comes first."""
    waiting = Delivery.objects.filter(endpoint=OuterRef("pk"), state=Delivery.State.PENDING)
    return Endpoint.objects.filter(
        Q(leased_until=None) | Q(leased_until__lte=now),
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=now),
        Q(position__lt=horizon) | Exists(waiting),
        active=True,
    ).order_by(F("leased_until").asc(nulls_first=True), "pk")
