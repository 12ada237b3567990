"""Share a report by a link: make it, revoke it, and find the report behind it. Every door calls these functions."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.reach import act_within, unlimited
from accounts.walls import organisation_of
from backlog.models import Project
from backlog.selectors import may_end
from events.errors import PermanentError
from reports.models import LONGEST_NOTE, SharedLink

SECRET_BYTES = 32
MOST_DAYS = 365
# So many links of one project may be usable at the same time: more would be an oversight.
MOST_LIVE_LINKS = 20
# The openings of one link within this time are one row of the audit log, with a count.
COUNTED_TOGETHER = timedelta(hours=1)


class SharingRefused(PermanentError):
    """Base of the errors about shared links: nothing was changed."""


class SharingNotAllowed(SharingRefused):
    """The account may see the report and not share it."""


class TooManyLinks(SharingRefused):
    """The project has as many usable links as it may have."""


class InvalidLifetime(SharingRefused):
    """The number of days is out of bounds."""


class LinkEnded(SharingRefused):
    """The link is expired or revoked."""


class UnknownLink(SharingRefused):
    """No link has this address."""


def may_share(user: User, project: Project) -> bool:
    """Return True if the user may make and revoke links: the project's owner, and whoever may change the project."""
    return may_end(user, project)


def links_of(project: Project) -> QuerySet[SharedLink]:
    """Return the links of the project, newest first."""
    return SharedLink.objects.filter(project=project).order_by("-made_at", "id")


@transaction.atomic
def make_link(project: Project, *, by: User, days: int | None = None, note: str = "") -> tuple[SharedLink, str]:
    """Make a link to the project's report and return (link, token); the token is not stored, so it is shown only now.

    Without `days` the link lives for the days of the setting. Raises SharingNotAllowed, TooManyLinks, InvalidLifetime.
    """
    require_may_share(by, project)
    days = settings.SHARED_LINK_DAYS if days is None else days
    if not 1 <= days <= MOST_DAYS:
        raise InvalidLifetime(_("A link lives for 1 to %(most)s days.") % {"most": MOST_DAYS})
    # The lock of the project: two people who share at the same moment do not exceed the limit together.
    Project.objects.select_for_update().get(pk=project.pk)
    if links_of(project).filter(revoked_at=None, expires_at__gt=timezone.now()).count() >= MOST_LIVE_LINKS:
        words = _("This report has %(n)s links that can be used. Revoke one of them first.")
        raise TooManyLinks(words % {"n": MOST_LIVE_LINKS})
    token, now = secrets.token_urlsafe(SECRET_BYTES), timezone.now()
    link = SharedLink.objects.create(
        project=project,
        digest=token_digest(token),
        note=note.strip()[:LONGEST_NOTE],
        made_by=by.get_username(),
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    return link, token


def revoke_link(link: SharedLink, *, by: User) -> None:
    """Revoke the link: it stops working at once. Idempotent. Raises SharingNotAllowed."""
    require_may_share(by, link.project)
    SharedLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())


def usable_links_of(person: User) -> QuerySet[SharedLink]:
    """Return the links that the person made and that can still be used."""
    return SharedLink.objects.filter(made_by=person.get_username(), revoked_at=None, expires_at__gt=timezone.now())


def revoke_links_of(person: User) -> int:
    """Revoke every link that the person made, and return how many there were."""
    return usable_links_of(person).update(revoked_at=timezone.now())


def require_may_share(user: User, project: Project) -> None:
    """Raise SharingNotAllowed unless the user may share the project's report."""
    if not may_share(user, project):
        raise SharingNotAllowed(
            _("Only the person who sent this request, or an operator, may share its report and revoke its links.")
        )


def link_of_token(token: str) -> SharedLink:
    """Return the live link of the token, to whose organisation a request is limited. Raises UnknownLink or LinkEnded.

    The link is found by the digest, so the time of the comparison does not show how much of a guessed token is right.
    """
    with unlimited():
        link = SharedLink.objects.select_related("project").filter(digest=token_digest(token)).first()
    if link is None:
        raise UnknownLink(_("This link is incomplete or was changed: copy all of it, or ask for a new one."))
    if not link.is_live:
        raise LinkEnded(_("This link was revoked or has expired: ask the person who gave it to you for a new one."))
    act_within(organisation_of(link.project))
    return link


@transaction.atomic
def count_opening(link: SharedLink) -> None:
    """Count that the report was opened by this link, with one row an hour in the audit log. Changes nothing else."""
    SharedLink.objects.filter(pk=link.pk).update(opened_count=F("opened_count") + 1, last_opened_at=timezone.now())
    record = link.entry(AuditRecord.Action.LINK_OPENED)
    recent = AuditRecord.objects.filter(
        action=record.action, recorded_at__gt=Now() - COUNTED_TOGETHER, details=record.details
    )
    if not recent.update(count=F("count") + 1):
        record.save()


def shared_address(token: str, *, base: str) -> str:
    """Return the complete address of the shared page; it begins with PUBLIC_URL, without that setting with `base`."""
    return f"{(settings.PUBLIC_URL or base).rstrip('/')}{reverse('portal:shared', args=[token])}"


def token_digest(token: str) -> str:
    """Return the SHA-256 of the token in hex. A slow hash is not needed: a token has 256 random bits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
