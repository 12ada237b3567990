"""Submit a request from a page, the REST interface or the command line: read its spreadsheet, open its project."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.periods import FACTS, DatesOfRows
from backlog.policy import require_own_figures
from intake.admission import admitted
from intake.combinations import Combinations
from intake.inspection import require_known_answers
from intake.models import UnreadRows
from intake.remembering import Learned, Recalled, learned_from, read_as_decided, remember
from intake.rows_kept import dates_of, inline_or_stored
from intake.spreadsheets.outside import Ingested
from intake.spreadsheets.sheet import RowWarning
from intake.spreadsheets.stored import Stored
from intake.unread_rows import Unread, unread_of
from schemas.payloads.objects import WorkContext
from schemas.payloads.project import ProjectInitialRequestReceived


@dataclass(frozen=True)
class FileContents:
    """What was read from a file: `context` goes into the work context, `report` holds counts and warnings."""

    context: dict[str, Any]
    report: dict[str, Any]
    # What is to be remembered for the owner's next file of this form.
    learned: Learned | None = None
    unread: Unread | None = None


NO_FILE = FileContents({}, {})


@dataclass(frozen=True)
class Request:
    """A person's request. `context` holds figures such as the hourly rate; `file_name` is the owner's name for it.

    `account` is the requester's account where it is known to be active and to be permitted to open projects; otherwise
    it is looked up by the name in `requester`.
    `file_answers` settles doubts about the file: {field: value of a choice}.
    With `fresh`, what the requester decided about such files before is not used, and forgotten.
    With a `project_id`, the same request opens a project only once, however often it is sent.
    """

    text: str = ""
    title: str = ""
    file: Path | None = None
    template: str = ""
    requester: str = ""
    context: dict[str, Any] | None = None
    file_name: str = ""
    project_id: UUID | None = None
    account: User | None = None
    file_answers: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False

    @property
    def remembered_by(self) -> User | None:
        """Return whose decisions about earlier files are used; None if nobody's are."""
        if self.fresh:
            return None
        return self.account or User.objects.filter(username=self.requester, is_active=True).first()


def open_request(request: Request) -> Project:
    """Read the request's file, if any, and open a project. Raises Unreadable for the file, EventError otherwise."""
    file, name = request.file, request.file_name
    answers, owner = request.file_answers, request.remembered_by if file else None
    contents = read_file(file, name=name, answers=answers, owner=owner) if file else NO_FILE
    return open_request_after_reading(request, contents)


def open_request_after_reading(request: Request, read: FileContents) -> Project:
    """Open a project for a request whose file was read before, so that the transaction is short. Raises EventError."""
    require_own_figures(request.context or {})
    context = {"rows": [], **(request.context or {}), **read.context}
    payload: ProjectInitialRequestReceived = {
        "project_id": str(request.project_id or uuid4()),
        "request_text": request.text or f"Find out where the time in {read.report['file']} goes.",
        # It may have more keys than its type names.
        "work_context": cast(WorkContext, context),
    }
    if request.title:
        payload["title"] = request.title
    if request.template:
        payload["template"] = request.template
    if request.requester:
        payload["requester"] = request.requester
    with project_work() as work:
        if request.account:
            work.owners[request.requester] = request.account
        project = submit_request(work, request=payload, intake=read.report)
    if read.learned:
        remember(project, read.learned, fresh=request.fresh)
    if read.unread and read.unread.count:
        UnreadRows.objects.get_or_create(project=project, defaults=asdict(read.unread))
    return project


def read_file(
    file: Path | IO[bytes], *, name: str = "", answers: Mapping[str, str] | None = None, owner: User | None = None
) -> FileContents:
    """Read the file as a stream and return its rows and a report; memory use does not depend on its size.

    `name` is the owner's name for the file; `answers` settles doubts about it: {field: value of a choice}, beside what
    the owner decided about such files before. A file that stays in doubt is read under each combination of choices,
    and a person is asked. Raises Unreadable.
    """
    name, answers = name or (file.name if isinstance(file, Path) else ""), answers or {}
    with admitted(file, name) as sha256:
        read, recalled = read_as_decided(file, name, answers, owner)
        answers = {**(recalled.answers if recalled else {}), **answers}
        chosen = {"reading": answers} if answers else {}
        learned = learned_from(read if isinstance(read, Ingested) else read[1], name, answers)
        if not isinstance(read, Ingested):
            context, stored = read
            context |= {FACTS: dates_of(stored).facts(timezone.now().date()), **chosen}
            report = report_on(stored, name, sha256)
            return FileContents(context, with_recalled(report, recalled), learned, unread_of(stored))
        ingested = read
        if doubts := ingested.reading.doubts:
            require_known_answers(doubts, answers)
            combinations = Combinations(file, name, answers, ingested)
            report = {**about_file(ingested, name, sha256), **combinations.report}
            context, report = {**combinations.context, **chosen}, with_recalled(report, recalled)
            return FileContents(context, report, learned, combinations.unread)
        dates = DatesOfRows()
        context = inline_or_stored(dates.watch(ingested), size_of_inline_rows())
        context[FACTS] = dates.facts(timezone.now().date())
        report = with_recalled(report_on(ingested, name, sha256), recalled)
        return FileContents({**context, **chosen}, report, learned, unread_of(ingested))


def with_recalled(report: dict[str, Any], recalled: Recalled | None) -> dict[str, Any]:
    """Return the report on a file, which says first what was read as its owner decided about an earlier file."""
    if recalled is None:
        return report
    said = [RowWarning(1, None, sentence, is_note=True).as_json() for sentence in recalled.sentences]
    warnings, count = [*said, *report["warnings"]], report["row_warnings"] + len(said)
    return {**report, "recalled": recalled.as_json(), "warnings": warnings, "row_warnings": count}


def size_of_inline_rows() -> int:
    """Return the most bytes that rows may have as JSON to be part of an event."""
    most_bytes: int = settings.CLAIM_CHECK_BYTES
    return most_bytes


def about_file(ingested: Ingested | Stored, name: str, sha256: str) -> dict[str, Any]:
    """Return what the report on a file says before its rows are read."""
    return {"file": name, "sha256": sha256, "columns": ingested.columns}


def report_on(ingested: Ingested | Stored, name: str, sha256: str) -> dict[str, Any]:
    """Return the report on a file whose rows are all read: its name, columns, counts and warnings."""
    warnings = [warning.as_json() for warning in ingested.warnings]
    counts = {"rows_read": ingested.rows_read, "row_warnings": ingested.row_warnings, "warnings": warnings}
    return {**about_file(ingested, name, sha256), **counts}
