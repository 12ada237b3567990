"""A request made at one of our own doors: read the spreadsheet, then open the project."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID, uuid4

import orjson
from django.conf import settings

from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.policy import require_own_figures
from events import artifacts
from intake.spreadsheets import Ingested, read_rows
from schemas.payloads.objects import WorkContext
from schemas.payloads.project import ProjectInitialRequestReceived


@dataclass(frozen=True)
class Read:
    """What a file says: its rows for the work context, and what reading them said."""

    context: dict[str, Any]
    report: dict[str, Any]


NOTHING = Read({}, {})


@dataclass(frozen=True)
class Request:
    """What somebody asks for. `context` holds figures such as the hourly rate; `file_name` is what the file is called.

    A `project_id` makes the request one that can be opened only once.
    """

    text: str = ""
    title: str = ""
    file: Path | None = None
    template: str = ""
    requester: str = ""
    context: dict[str, Any] | None = None
    file_name: str = ""
    project_id: UUID | None = None


def open_request(request: Request) -> Project:
    """Read the file, then open a project. Raises Unreadable for the file, EventError for the rest."""
    return open_read(request, read_file(request.file, name=request.file_name) if request.file else NOTHING)


def open_read(request: Request, read: Read) -> Project:
    """Open a project for a request whose file is read already: nothing here is slow. Raises EventError."""
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
        return submit_request(work, request=payload, intake=read.report)


def read_file(file: Path | IO[bytes], *, name: str = "") -> Read:
    """What the file says. Memory does not grow with it. Raises Unreadable."""
    name = name or (file.name if isinstance(file, Path) else "")
    ingested = read_rows(file, name=name)
    context = inline_or_stored(ingested)
    warnings = [{"row": w.row, "column": w.column, "message": w.message} for w in ingested.warnings]
    counts = {"rows_read": ingested.rows_read, "row_warnings": ingested.row_warnings, "warnings": warnings}
    return Read(context, {"file": name, "columns": ingested.columns, **counts})


def inline_or_stored(ingested: Ingested) -> dict[str, Any]:
    """The rows themselves while they fit into an event; a reference to where they are stored otherwise."""
    rows, size = [], 2
    for row in ingested:
        rows.append(row)
        size += len(orjson.dumps(row)) + 1
        if size > settings.CLAIM_CHECK_BYTES:
            reference = artifacts.store(chain(rows, ingested), media_type=artifacts.NDJSON)
            return {"rows": [], "rows_ref": reference}
    return {"rows": rows}
