"""Erases a person: their names and addresses become a tombstone wherever they stand, and the account a shell.

The account is closed first, so that nothing new is said in its name, and loses its name last: a run that was broken off
is simply run again. Numbers of accounts and events stay, so that the records still say what one account did.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.audit import AuditRecord, command_name
from accounts.models import AskedAct, BrowserSession, Letter, User
from accounts.rank import require_may_manage
from accounts.second_person import deciding
from accounts.walls import organisation_of
from api.models import KeptAnswer
from events import pruning
from events.clock import database_now
from events.erasures import opened_records
from events.errors import PermanentError
from events.models import Erasure
from intake.models import RememberedReading, UnreadRows
from people.leaving import deactivate
from privacy.files import erased_archives, erased_files
from privacy.ledger import erased_events, erased_letters
from privacy.places import PLACES
from privacy.sweeping import swept
from privacy.words import Words, tombstone_of

# The person's identities at a provider and second factors, of which django-allauth has the tables.
OF_SIGN_IN = ("socialaccount.SocialAccount", "mfa.Authenticator")


class ErasureRefused(PermanentError):
    """The person cannot be erased now, or not by this person; the message says why."""


def erase_person(
    person: User,
    *,
    by: User | None,
    reason: str,
    also: Iterable[str] = (),
    dry_run: bool = False,
    confirmation: Callable[[], None] | None = None,
) -> Iterator[tuple[str, int]]:
    """Erase the person; yield (what, how many rows, events or files) step by step. Safe to break off and run again.

    `by` is None at the command line; `also` are further texts that name the person. With `dry_run` nothing is changed.
    Where FOUR_EYES names `erase`, it is only asked for, unless a second person confirms it: `confirmation` puts that on
    record, in the transaction that closes the account. An erasure that was broken off goes on without another one.
    Raises AccountRefused, ErasureRefused, or ArchiveDamaged.
    """
    require_may_erase(person, by, reason)
    words = Words(person, also)
    if dry_run:
        yield from erased_everywhere(person, words, None)
        return
    if deciding.needs_second_person("erase") and not (confirmation or broken_off(person)):
        raise ErasureRefused(deciding.waiting_in_words(ask_for_erasure(person, by, reason, also)))
    yield from erased_in_turn(person, words, by, reason, confirmation)


def erased_in_turn(
    person: User, words: Words, by: User | None, reason: str, confirmation: Callable[[], None] | None
) -> Iterator[tuple[str, int]]:
    """Erase the person while nobody prunes or erases; yield (what, how many). Raises ErasureRefused."""
    if not pruning.take_turn():
        raise ErasureRefused(
            _("Old records are being pruned or another person is being erased: try again in a minute.")
        )
    try:
        erasure, counts = begun(person, by, words.in_mention(reason), confirmation), Counter[str]()
        for what, count in erased_everywhere(person, words, erasure):
            counts[what] += count
            pruning.renew_turn()
            yield what, count
        finish(person, erasure, counts)
    finally:
        pruning.end_turn()


def require_may_erase(person: User, by: User | None, reason: str) -> None:
    """Raise AccountRefused or ErasureRefused unless `by` may erase the person and says why."""
    require_may_manage(by, person)
    if by is not None and by.pk == person.pk:
        raise ErasureRefused(_("Nobody can erase the account that they use: ask another administrator."))
    if not reason.strip():
        raise ErasureRefused(_("Say why the person is erased: the reason is kept with the erasure."))
    if person.get_username() == tombstone_of(person):
        raise ErasureRefused(_("This person is erased already."))


def ask_for_erasure(person: User, by: User | None, reason: str, also: Iterable[str]) -> AskedAct:
    """Store that a second person is to confirm the erasure."""
    wish = deciding.Wish(
        *("erase", str(person.pk), person.get_username(), reason, organisation_of(person)),
        parameters={"also": list(also)},
    )
    return deciding.ask(wish, by=by, by_name=by.get_username() if by else command_name())


def erase_confirmed(asked: AskedAct, *, by: User) -> None:
    """Confirm the erasure that was asked for and carry it out; the person is checked as they are now, for both people.

    Raises SecondPersonRefused, AccountRefused, ErasureRefused, or ArchiveDamaged.
    """
    person = User.objects.get(pk=asked.subject)
    deciding.require_second(asked, by)
    require_may_erase(person, by, asked.reason)
    also = asked.parameters.get("also", [])
    steps = erase_person(
        person, by=asked.asker, reason=asked.reason, also=also, confirmation=lambda: deciding.confirm(asked, by=by)
    )
    deque(steps, maxlen=0)


def erased_everywhere(person: User, words: Words, erasure: Erasure | None) -> Iterator[tuple[str, int]]:
    """Take the person's names out of every place; yield (what, how many). Without an erasure they are only counted."""
    # First, since their records are found by the name.
    yield "files", erased_files(person, dry_run=erasure is None)
    for place in PLACES:
        yield from ((place.model, count) for count in swept(place, words, erasure))
    yield from (("events.Event", count) for count in erased_events(words, erasure))
    yield from (("entries of dead letters", count) for count in erased_letters(words, erasure))
    yield from (("events in archives", count) for count in erased_archives(words, erasure))
    for rows in rows_of(person):
        yield rows.model._meta.label, rows.count() if erasure is None else rows.delete()[0]


def rows_of(person: User) -> list["models.QuerySet[models.Model]"]:
    """Return the rows that are the person's own and are deleted."""
    return [
        models.QuerySet(KeptAnswer).filter(user=person),
        models.QuerySet(RememberedReading).filter(owner=person),
        models.QuerySet(UnreadRows).filter(project__owner=person),
        models.QuerySet(BrowserSession).filter(account=person),
        models.QuerySet(Letter).filter(letters_to(person)),
    ]


def letters_to(person: User) -> Q:
    """Return the condition of letters to the account, and of those for which its mail address was typed."""
    return Q(account=person) | (Q(typed_address__iexact=person.email) if person.email else Q(pk__in=[]))


# -- the account -----------------------------------------------------------------------------------
@transaction.atomic
def begun(person: User, by: User | None, reason: str, confirmation: Callable[[], None] | None) -> Erasure:
    """Deactivate the account, which hands on what it holds; return the erasure, a new one or one broken off."""
    if confirmation:
        confirmation()
    deactivate(person, by=by)
    for label in OF_SIGN_IN:
        apps.get_model(label).objects.filter(user=person).delete()
    who = by.get_username() if by else command_name()
    return broken_off(person) or Erasure.objects.create(
        account_id=person.pk, by=who, reason=reason, began_at=database_now()
    )


def broken_off(person: User) -> Erasure | None:
    """Return the erasure of the person that was begun and not finished."""
    return Erasure.objects.filter(account_id=person.pk, finished_at=None).first()


@transaction.atomic
def finish(person: User, erasure: Erasure, counts: Counter[str]) -> None:
    """Turn the account into a shell without names, roles or password, and note in the audit log that it was erased."""
    name = tombstone_of(person)
    about = Q(actor_id=person.pk) | Q(target_id=person.pk) | Q(target=name)
    with opened_records(erasure):
        AuditRecord.objects.filter(about).exclude(address="").update(address="")
    empty = {"first_name": "", "last_name": "", "email": "", "verified_email": ""}
    empty |= {"language": "", "time_zone": "", "external_id": ""}
    person.set_unusable_password()
    # Not by its own manager, whose audit record would say the name once more.
    models.QuerySet(User).filter(pk=person.pk).update(
        username=name, password=person.password, is_staff=False, is_superuser=False, **empty
    )
    person.refresh_from_db()
    person.groups.clear()
    person.user_permissions.clear()
    erasure.finished_at, erasure.counts = database_now(), {what: n for what, n in counts.items() if n}
    erasure.save(update_fields=["finished_at", "counts"])
    details = f"erasure {erasure.pk}: {erasure.reason}"
    person.entry(AuditRecord.Action.PERSON_ERASED, details).save()
