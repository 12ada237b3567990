"""Reading endpoints, and which events an endpoint is told of."""

from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from accounts.scopes import READ
from backlog.selectors import projects_for
from events.models import Event
from schemas.registry import registry
from webhooks.addresses import is_allowed_url
from webhooks.models import Delivery, Endpoint


def endpoints_for(user: User) -> QuerySet[Endpoint]:
    """The endpoints the person may see, all or their own, each with the number of its skipped deliveries."""
    skipped = Count("deliveries", filter=Q(deliveries__state=Delivery.State.SKIPPED))
    found = Endpoint.objects.annotate(skipped=skipped)
    return found if user.has_perm("webhooks.view_endpoint") else found.filter(owner=user)


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


def viewer(endpoint: Endpoint) -> User:
    """The owner with the key that the endpoint was made with, by whose scopes every look is limited."""
    owner: User = endpoint.owner
    owner.key = endpoint.key
    return owner


def may_reach_private(owner: User) -> bool:
    """Whether the owner's webhooks may lead to private hosts that are allowed: that of who may change every webhook."""
    return owner.has_perm("webhooks.change_endpoint")


def excerpt_for(user: User, delivery: Delivery) -> str:
    """The beginning of the receiver's answer; what a private host said is for those alone who may have it called."""
    is_open = not is_allowed_url(delivery.endpoint.url) or may_reach_private(user)
    return delivery.response_excerpt if is_open else ""


def reason_to_end(endpoint: Endpoint) -> str:
    """Why nothing may be sent to the endpoint any more, in words; nothing while something may."""
    key = endpoint.key
    if not endpoint.owner.is_active:
        return _("The account of its owner is deactivated.")
    if key is not None and not key.is_live:
        return _("The key it was made with is revoked or has expired.")
    if key is not None and READ not in key.scopes:
        return _("The key it was made with may not read: make it anew with a key that has the scope “read”.")
    return ""


def ended() -> QuerySet[Endpoint]:
    """Active endpoints whose owner was deactivated, or whose key is no longer live."""
    live = ApiKey.objects.live().values("pk")
    return Endpoint.objects.filter(
        Q(owner__is_active=False) | (~Q(key=None) & ~Q(key__in=live)), active=True
    ).select_related("owner", "key")


def events_for(endpoint: Endpoint) -> QuerySet[Event]:
    """What the endpoint is told of, as its owner may see it now."""
    found = visible_events(viewer(endpoint)).filter(of_types(endpoint.types))
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
    """Endpoints that nobody serves and for which there is something to do; who waited longest comes first.

    An owner of whose endpoints one is served has to wait with the others, so that nobody takes every thread.
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
