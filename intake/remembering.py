"""What a person decided about a file is remembered for the next file with the same header, and said when used.

It is the person's own: nobody else's files are read by it. It is never used where the file contradicts it: where a
doubt arises that has no such choice, where a column of that name cannot be read so, or where the rows would have a
length that no row of a person has, or that is far from the one of the earlier file. Then the file is read as if nothing
were remembered, and what was remembered is named beside the question.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from backlog.models import Project
from intake.models import RememberedReading
from intake.rows_kept import is_large, stored_at_once
from intake.spreadsheets.answers import is_about_header
from intake.spreadsheets.describing import Reading
from intake.spreadsheets.outside import Ingested, read_rows
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import MS_PER_MINUTE, NoHeader, Unreadable
from intake.spreadsheets.stored import Stored
from intake.spreadsheets.words import words_of

# The answers that decide how long a row is.
ABOUT_LENGTH = ("duration_column", "duration_unit", "clock_form", "decimal_mark", "times")
# The rows of two files of the same person are alike: a mean this many times longer or shorter is another unit.
LIKELY_FACTOR = 12
LONGEST_MEAN_MINUTES = 24 * 60
AS_CHOSEN = gettext_noop("Read as was chosen on %(when)s for “%(file)s”: %(answers)s.")
NOT_AS_CHOSEN = gettext_noop(
    "Not read as was chosen on %(when)s for “%(file)s”, because it does not fit this file: %(answers)s."
)
ASKED_AGAIN = gettext_noop("%(question)s Chosen for “%(file)s”, but not fitting here: %(answer)s.")


@dataclass(frozen=True)
class Recalled:
    """What was remembered for a file's header: the answers that are used, and those that the file contradicts."""

    file_name: str
    chosen_at: datetime
    answers: dict[str, str] = field(default_factory=dict)
    contradicted: dict[str, str] = field(default_factory=dict)

    @property
    def sentences(self) -> list[Phrase]:
        """Return what to say about the file."""
        about = {"when": timezone.localtime(self.chosen_at).date().isoformat(), "file": self.file_name}
        found = [Phrase(AS_CHOSEN, **about, answers=in_short(self.answers))] if self.answers else []
        if self.contradicted:
            found.append(Phrase(NOT_AS_CHOSEN, **about, answers=in_short(self.contradicted)))
        return found

    def as_json(self) -> dict[str, Any]:
        """Return what was remembered as a JSON object."""
        parts = {"answers": self.answers, "contradicted": self.contradicted}
        return {"file": self.file_name, "chosen_at": self.chosen_at.isoformat(), **parts}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> "Recalled":
        """Return what `as_json` has written."""
        chosen_at = datetime.fromisoformat(parts["chosen_at"])
        return cls(parts["file"], chosen_at, parts["answers"], parts["contradicted"])


def in_short(answers: Mapping[str, str]) -> str:
    """Return the answers as they can be given again."""
    return ", ".join(f"{field}={value}" for field, value in answers.items())


def header_key(reading: Reading) -> str:
    """Return what tells files of the same form: the words of their headers, the program, the kind of file."""
    headers = [" ".join(words_of(header)) or header for header in reading.headers]
    read = sum(sheet["read"] for sheet in reading.sheets)
    shape = [headers, reading.program, reading.is_workbook, read > 1]
    return hashlib.sha256(orjson.dumps(shape)).hexdigest()


def read_as_before(
    file: Path | IO[bytes], name: str, given: Mapping[str, str], owner: User | None
) -> tuple[Ingested, Recalled | None]:
    """Open the file with these answers, and with what its owner decided about such files before. Raises Unreadable."""
    try:
        ingested = read_rows(file, name=name, answers=given)
    except NoHeader as error:
        return opened_by_memory(file, name, given, owner, error)
    memory = recall(owner, header_key(ingested.reading)) if owner else None
    known = answers_of(memory, given) if memory else {}
    if memory is None or not known:
        return ingested, None
    open_now = {doubt.field: {choice.value for choice in doubt.choices} for doubt in ingested.reading.doubts}
    fitting = {field: value for field, value in known.items() if value in open_now.get(field, {value})}
    ingested.close()
    ingested, fitting = opened(file, name, given, fitting, memory)
    recalled = Recalled(
        memory.file_name, memory.chosen_at, fitting, {f: v for f, v in known.items() if f not in fitting}
    )
    ingested.reading.doubts = [
        replace(doubt, title=asked_again(doubt.title, memory.file_name, known[doubt.field]))
        if doubt.field in recalled.contradicted
        else doubt
        for doubt in ingested.reading.doubts
    ]
    return ingested, recalled


def opened_by_memory(
    file: Path | IO[bytes], name: str, given: Mapping[str, str], owner: User | None, error: NoHeader
) -> tuple[Ingested, Recalled]:
    """Open a file whose columns have unknown names, as its owner named them before. Raises the error if never."""
    memory = recall(owner, header_key(error.reading)) if owner and error.reading else None
    if memory is None:
        raise error
    ingested, answers = opened(file, name, given, answers_of(memory, given), memory)
    return ingested, Recalled(memory.file_name, memory.chosen_at, answers)


def asked_again(title: Phrase, file_name: str, value: str) -> Phrase:
    """Return the title of a question, with what was remembered as its answer and does not fit."""
    return Phrase(ASKED_AGAIN, question=title, file=file_name, answer=value)


def read_as_decided(
    file: Path | IO[bytes], name: str, given: Mapping[str, str], owner: User | None, folder: Path | None = None
) -> tuple[Ingested | tuple[dict[str, Any], Stored], Recalled | None]:
    """Open the file as `read_as_before`; a large one without doubts is read at once, as by `stored_at_once`.

    A large file is opened row by row only if something is remembered for its header. Raises Unreadable.
    """
    try:
        at_once = stored_at_once(file, name, given, folder)
    except NoHeader:  # what is remembered may name its columns
        at_once = None
    if at_once:
        memory = recall(owner, header_key(at_once[1].reading)) if owner else None
        if memory is None or not answers_of(memory, given):
            return at_once, None
        if folder:
            (folder / at_once[0]["rows_ref"]["id"]).unlink(missing_ok=True)
    ingested, recalled = read_as_before(file, name, given, owner)
    if recalled is None or not is_large(file) or ingested.reading.doubts:
        return ingested, recalled
    ingested.close()
    answers = {**recalled.answers, **given}
    return stored_at_once(file, name, answers, folder) or read_rows(file, name=name, answers=answers), recalled


def opened(
    file: Path | IO[bytes], name: str, given: Mapping[str, str], fitting: dict[str, str], memory: RememberedReading
) -> tuple[Ingested, dict[str, str]]:
    """Open the file with as many of the remembered answers as it does not contradict, and return these, too."""
    others = {field: value for field, value in fitting.items() if field not in ABOUT_LENGTH}
    for answers in (fitting, others):
        try:
            ingested = read_rows(file, name=name, answers={**given, **answers})
        except Unreadable:
            continue
        is_open = {doubt.field for doubt in ingested.reading.doubts} & answers.keys()
        if not is_open and (answers is others or is_likely(ingested.reading, memory)):
            return ingested, answers
        ingested.close()
    return read_rows(file, name=name, answers=given), {}


def is_likely(reading: Reading, memory: RememberedReading) -> bool:
    """Return True unless a row is in the mean longer than a day, or far from the mean of the remembered file."""
    if not reading.timed:
        return True
    mean = reading.milliseconds / reading.timed / MS_PER_MINUTE
    if mean > LONGEST_MEAN_MINUTES:
        return False
    before = memory.mean_minutes
    return not before or not mean or max(mean / before, before / mean) < LIKELY_FACTOR


def answers_of(memory: RememberedReading, given: Mapping[str, str]) -> dict[str, str]:
    """Return the remembered answers beside those that are given: also those that came later, as answers to questions.

    Where another column of durations is given, what was remembered about the lengths does not hold for it.
    """
    answers = dict(memory.answers)
    if memory.project is not None:
        answers |= (memory.project.context.data.get("reading") or {}) if hasattr(memory.project, "context") else {}
    known = {field: value for field, value in answers.items() if is_about_header(field) and field not in given}
    is_other = "duration_column" in given
    return {field: value for field, value in known.items() if not (is_other and field in ABOUT_LENGTH)}


def recall(owner: User, key: str) -> RememberedReading | None:
    """Return what this person decided about files of this form; None if nothing, or too long ago."""
    since = timezone.now() - timedelta(days=settings.REMEMBERED_READINGS_DAYS)
    found = RememberedReading.objects.filter(owner=owner, header=key, chosen_at__gte=since)
    return found.select_related("project__context").first()


def remember(project: Project, learned: "Learned", *, fresh: bool = False) -> None:
    """Remember for the project's owner what was decided about its file; delete what is too old. Idempotent.

    With `fresh`, what was remembered is forgotten even if nothing was decided.
    """
    if project.owner is None:
        return
    if learned.is_nothing:
        if fresh:
            forget(project.owner, learned.key)
        return
    answers = {field: value for field, value in learned.answers.items() if is_about_header(field)}
    values = {
        "answers": answers,
        "project": project,
        "file_name": learned.file_name,
        "mean_minutes": learned.mean_minutes,
    }
    RememberedReading.objects.update_or_create(
        owner=project.owner, header=learned.key, defaults={**values, "chosen_at": timezone.now()}
    )
    prune_remembered()


@dataclass(frozen=True)
class Learned:
    """What a request teaches about files of its file's form; `is_open` if there are open questions."""

    key: str
    file_name: str
    answers: Mapping[str, str]
    is_open: bool
    mean_minutes: float | None = None

    @property
    def is_nothing(self) -> bool:
        """Return True if nothing was decided and nothing will be asked."""
        return not self.is_open and not any(map(is_about_header, self.answers))


def learned_from(ingested: Ingested | Stored, name: str, answers: Mapping[str, str]) -> Learned:
    """Return what the opened file teaches if it is read with these answers."""
    reading, is_open = ingested.reading, bool(ingested.reading.doubts)
    # While a doubt is open, the mean is that of its first choice.
    mean = reading.milliseconds / reading.timed / MS_PER_MINUTE if reading.timed and not is_open else None
    return Learned(header_key(reading), name, dict(answers), is_open, mean)


def forget(owner: User, key: str) -> None:
    """Forget what this person decided about files of this form."""
    RememberedReading.objects.filter(owner=owner, header=key).delete()


def prune_remembered() -> int:
    """Delete what was decided longer than REMEMBERED_READINGS_DAYS ago, and return how many. Idempotent."""
    oldest = timezone.now() - timedelta(days=settings.REMEMBERED_READINGS_DAYS)
    deleted, _by_model = RememberedReading.objects.filter(chosen_at__lt=oldest).delete()
    return deleted
