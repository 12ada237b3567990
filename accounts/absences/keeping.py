"""Saying that somebody is away, and ending that. Every door calls these; `by` is the acting account."""

from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.absences.models import Absence
from accounts.mails import mail_after_commit
from accounts.models import User
from accounts.preferences import known_zones, preferences_of
from accounts.rank import AccountRefused, require_may_manage

# Who goes for longer than this has left: their account is deactivated. It also keeps every day within the calendar.
MOST_DAYS = 730


class AbsenceRefused(AccountRefused):
    """The absence cannot be kept as it was said; the message says why, and what to do."""


def set_absence(person: User, *, stand_in: str, first_day: date, last_day: date, by: User) -> Absence:
    """Keep that the person is away on these days, both inclusive, and that the account `stand_in` stands in.

    It takes the place of an earlier absence. Both people get a mail after the commit. Raises AbsenceRefused, or
    another AccountRefused.
    """
    require_may_manage(by, person)
    require_possible_days(first_day, last_day, today=timezone.now().astimezone(zone_of(person)).date())
    values = {"stand_in": possible_stand_in(person, stand_in), "first_day": first_day, "last_day": last_day}
    absence, _made = Absence.objects.update_or_create(
        person=person, defaults={**values, **moments(first_day, last_day, zone_of(person))}
    )
    for account in (person, absence.stand_in):
        mail_absence(account, absence)
    return absence


def mail_absence(account: User, absence: Absence) -> None:
    """Mail one of the two people, after the commit, who stands in and when: nobody reads another's mails unnoticed."""
    with preferences_of(account):
        days = {"first": date_format(absence.first_day), "last": date_format(absence.last_day)}
        values = {"name": absence.person, "stand_in": absence.stand_in, **days}
        words = _(
            "%(name)s is away from %(first)s until %(last)s, and %(stand_in)s stands in. If you did not expect it, tell"
            " us."
        )
        mail_after_commit(account, _("%(stand_in)s stands in for %(name)s") % values, words % values)


def require_possible_days(first_day: date, last_day: date, *, today: date) -> None:
    """Raise AbsenceRefused unless the days are in order, end today or later, and are within MOST_DAYS of today."""
    if last_day < first_day:
        raise AbsenceRefused(_("The last day is before the first day: change one of them."))
    if last_day < today:
        raise AbsenceRefused(_("These days are over: name days from today on."))
    if max(last_day - today, today - first_day) > timedelta(days=MOST_DAYS):
        raise AbsenceRefused(_("Name days that are at most %(n)s days from today.") % {"n": MOST_DAYS})


def possible_stand_in(person: User, name: str) -> User:
    """Return the account of this name, if it may stand in for the person. Raises AbsenceRefused."""
    if person.is_service or not person.is_active:
        words = _("%(account)s is a machine's account or deactivated: nobody stands in for it.")
        raise AbsenceRefused(words % {"account": person})
    colleagues = User.objects.filter(organisation=person.organisation_id, is_active=True, is_service=False)
    found = colleagues.filter(username=name).first()
    if found is None:
        words = _("There is no active person called “%(name)s” in this organisation: check the name.")
        raise AbsenceRefused(words % {"name": name})
    if found.pk == person.pk:
        raise AbsenceRefused(_("Nobody stands in for themselves: name another person."))
    return found


def zone_of(person: User) -> tzinfo:
    """Return the time zone that the person chose; without one, that of whoever acts."""
    return ZoneInfo(person.time_zone) if person.time_zone in known_zones() else timezone.get_current_timezone()


def moments(first_day: date, last_day: date, zone: tzinfo) -> dict[str, datetime]:
    """Return `begins_at` and `ends_at` of these days in this time zone."""
    after = last_day + timedelta(days=1)
    return {
        "begins_at": datetime.combine(first_day, time.min, zone),
        "ends_at": datetime.combine(after, time.min, zone),
    }


def move_absence(person: User) -> None:
    """Keep the days of the person's absence, and have them begin and end by the time zone that the person has now."""
    if absence := Absence.objects.filter(person=person).first():
        days = moments(absence.first_day, absence.last_day, zone_of(person))
        Absence.objects.filter(person=person).update(**days)


def end_absence(person: User, *, by: User) -> None:
    """End the person's absence: everything open waits for them alone again. Idempotent. Raises AccountRefused."""
    require_may_manage(by, person)
    Absence.objects.filter(person=person).delete()


def end_absences_with(account: User) -> None:
    """End the absence of the account, and every one in which it stands in. Idempotent."""
    Absence.objects.filter(Q(person=account) | Q(stand_in=account)).delete()
