"""Everything that is stored about a person, as one JSON document, written part by part."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from accounts.audit import AuditRecord
from accounts.models import Absence, ApiKey, BrowserSession, User
from api.models import KeptAnswer
from backlog.models import Project
from clarifications.models import Notice
from events.models import Event
from intake.models import RememberedReading, UnreadRows
from privacy.places import PLACES, Place
from privacy.sweeping import naming, pages, take_out
from privacy.words import Words
from webhooks.models import Endpoint

ACCOUNT = (
    *("id", "username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser", "is_service"),
    *(
        "language",
        "time_zone",
        "date_joined",
        "last_login",
        "verified_email",
        "has_second_factor",
        "external_id",
        "gets_mails",
    ),
)
SESSION = ("address", "browser", "signed_in_at", "used_at")
IDENTITY = ("provider", "uid", "date_joined", "last_login")
FACTOR = ("type", "created_at", "last_used_at")


def exported(person: User, also: Iterable[str] = ()) -> Iterator[bytes]:
    """Yield the JSON document with everything about the person, and note in the audit log that it was exported.

    Texts of others are in it where they name the person. `also` are further texts that name the person.
    """
    person.entry(AuditRecord.Action.PERSON_EXPORTED).save()
    yield b'{"account":' + as_json({name: getattr(person, name) for name in ACCOUNT})
    yield b',"roles":' + as_json(list(person.groups.order_by("name").values_list("name", flat=True)))
    for name, rows in [*own_parts(person), *naming_parts(person, Words(person, also))]:
        yield b"," + as_json(name) + b":["
        for number, row in enumerate(rows):
            yield (b",\n" if number else b"\n") + as_json(row)
        yield b"]"
    yield b"}\n"


def own_parts(person: User) -> Iterator[tuple[str, Iterable[Any]]]:
    """Yield (name, rows) of what is the person's own."""
    keys = ApiKey.objects.filter(user=person)
    yield "keys", keys.values("name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    projects = Project.objects.filter(owner=person).order_by("opened_at")
    yield "sessions", BrowserSession.objects.filter(account=person).values(*SESSION)
    yield "identities", apps.get_model("socialaccount.SocialAccount").objects.filter(user=person).values(*IDENTITY)
    yield "second_factors", apps.get_model("mfa.Authenticator").objects.filter(user=person).values(*FACTOR)
    yield "projects", projects.values("id", "title", "status", "opened_at", "finished_at", "intake", "context__data")
    mails = Notice.objects.filter(recipient=person).order_by("pk")
    yield "mails", mails.values("created_at", "sent_at", "state", "question__title", "question__project_id")
    hooks = Endpoint.objects.filter(owner=person).order_by("pk")
    yield "webhooks", hooks.values("url", "description", "types", "active", "created_at")
    away = Absence.objects.filter(person=person)
    yield "absences", away.values("first_day", "last_day", "stand_in__username")
    readings = RememberedReading.objects.filter(owner=person)
    yield "remembered_readings", rows_with(readings, "file_name", "answers", "chosen_at")
    yield "unread_rows", rows_with(UnreadRows.objects.filter(project__owner=person), "project_id", "headers", "rows")
    yield "kept_answers", rows_with(KeptAnswer.objects.filter(user=person), "created_at", "status", "body")


def rows_with(rows: "models.QuerySet[Any]", *names: str) -> Iterator[dict[str, Any]]:
    """Yield these attributes of the rows; the encrypted ones are opened."""
    return ({name: getattr(row, name) for name in names} for row in rows)


def naming_parts(person: User, words: Words) -> Iterator[tuple[str, Iterable[Any]]]:
    """Yield (name of the model, rows that name the person) of every place."""
    for place in PLACES:
        yield place.model, rows_naming(place, words)
    yield "events.Event", rows_naming(Place("events.Event", documents=("payload",)), words, "type", "timestamp")


def rows_naming(place: Place, words: Words, *more: str) -> Iterator[dict[str, Any]]:
    """Yield the fields of the rows that name the person, with their keys."""
    model = Event if place.model == "events.Event" else apps.get_model(place.model)
    for page in pages(naming(model, place.fields, words)):
        for row in page:
            said = {"pk": row.pk, **{name: getattr(row, name) for name in (*more, *place.fields)}}
            if take_out(row, place, words):
                yield said


def as_json(value: Any) -> bytes:
    """Return the value as JSON; what JSON does not know is written as Django writes it."""
    return orjson.dumps(value, default=DjangoJSONEncoder().default)
