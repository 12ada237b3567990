"""Exports of common programs are recognised by their headers and read as the programs mean them."""

from dataclasses import dataclass

import pytest

from tests.readings import read_text


@dataclass(frozen=True)
class Export:
    program: str
    lines: list[str]
    minutes: float
    texts: list[str]
    encoding: str = "utf-8"


TOGGL = (
    "User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,"
    "Amount ()"
)
CLOCKIFY = "Project,Client,Description,Task,User,Group,Email,Tags,Billable,Start Date,Start Time,End Date,End Time"
HARVEST = "Date,Client,Project,Project Code,Task,Notes,Hours,Hours Rounded,Billable?,First Name,Last Name,Billable Rate"
OUTLOOK = (
    "Subject,Start Date,Start Time,End Date,End Time,All day event,Meeting Organizer,Categories,Description,Location"
)
EXPORTS = [
    Export(
        "Toggl (detailed)",
        [TOGGL, "U,u@x,Acme,Web,,Draft,No,2026-02-02,09:00:00,2026-02-02,10:30:00,01:30:00,,"]
        + ["U,u@x,Acme,Web,Proof,,No,2026-02-02,11:00:00,2026-02-02,11:15:30,00:15:30,,"],
        105.5,
        ["Draft", "Proof"],
    ),
    Export(
        "Toggl (detailed)",
        [TOGGL, "U,u@x,Acme,Web,,Draft,No,2026-02-02,09:00:00,2026-02-02,09:18:25,18:25 min,,"]
        + ["U,u@x,Acme,Web,,Mail,No,2026-02-02,10:00:00,2026-02-02,10:00:45,45 sec,,"],
        19.17,
        ["Draft", "Mail"],
    ),
    Export(
        "Toggl (summary)",
        ["Project,Client,Title,Duration", "Web,Acme,Draft,01:30:00", "Web,Acme,Mail,00:30:00"],
        120,
        ["Draft", "Mail"],
    ),
    Export(
        "Toggl (weekly)",
        ["User,Email,Client,Project,2026-01-05,2026-01-06,Total", "A,a@x,Acme,Web,02:00:00,03:30:00,05:30:00"],
        330,
        ["Web"],
    ),
    Export(
        "Clockify (detailed)",
        [f"{CLOCKIFY},Duration (h),Duration (decimal),Billable Rate (USD)"]
        + ["Web,Acme,Draft,,U,,u@x,,Yes,2026-01-12,08:00:00,2026-01-12,09:30:00,01:30:00,1.50,0"],
        90,
        ["Draft"],
    ),
    Export(
        "Clockify (detailed)",
        [f"{CLOCKIFY},Duration (decimal),Billable Rate (USD)"]
        + ["Web,Acme,Draft,,U,,u@x,,Yes,2026-01-12,08:00:00,2026-01-12,09:30:00,1.50,0"],
        90,
        ["Draft"],
    ),
    Export(
        "Clockify (summary)",
        [
            "Project,Description,Time (h),Time (decimal)",
            "Web,,03:00:00,3.00",
            ",Draft,02:00:00,2.00",
            ",Proof,01:00:00,1.00",
        ]
        + ["Ops,,00:30:00,0.50", ",Deploy,00:30:00,0.50"],
        210,
        ["Draft", "Proof", "Deploy"],
    ),
    Export(
        "Harvest",
        [
            HARVEST,
            "2026-01-05,Acme,Web,,Design,Draft page,1.5,2,Yes,A,B,100",
            "2026-01-06,Acme,Web,,Meeting,,0.25,0.5,Yes,A,B,100",
        ],
        105,
        ["Draft page", "Meeting"],
    ),
    Export(
        "Jira",
        [
            "Issue key,Summary,Issue Type,Original Estimate,Time Spent,Σ Time Spent",
            "A-1,Fix,Bug,7200,5400,9000",
            "A-2,Plan,Story,60,1800,1800",
        ],
        120,
        ["Fix", "Plan"],
    ),
    Export("Jira", ["Issue key,Summary,Time Spent", "A-1,Fix,1w 2d", "A-2,Plan,1d 1h 30m"], 3930, ["Fix", "Plan"]),
    Export(
        "Tempo",
        ["Issue Key,Issue summary,Hours,Work date,Username,Work Description,Billed Hours"]
        + ["A-1,Fix,1.5,2026-01-05 09:00,ann,did it,1", "A-2,Test,0.5,2026-01-05 10:30,ann,,0.5"],
        120,
        ["Fix", "Test"],
    ),
    Export(
        "Kimai",
        [
            "Date,From,To,Duration,Rate,User,Customer,Project,Activity,Description",
            "2026-01-05,09:00,10:30,5400,0,ann,Acme,Web,Design,Draft",
        ],
        90,
        ["Draft"],
    ),
    Export(
        "Kimai",
        [
            "Date,From,To,Duration,Rate,User,Customer,Project,Activity,Description",
            "2026-01-05,09:00,10:30,1.5,0,ann,Acme,Web,Design,",
        ],
        90,
        ["Design"],
    ),
    Export(
        "Redmine",
        [
            "Projekt;Datum;Benutzer;Aktivität;Ticket;Kommentar;Stunden",
            "Web;05.01.2026;Anna;Design;Bug #12: Login;Fehler behoben;2,50",
        ]
        + ["Web;06.01.2026;Anna;Design;Bug #13: Größe;geprüft;0,75"],
        195,
        ["Fehler behoben", "geprüft"],
        "cp1252",
    ),
    Export(
        "Redmine",
        ["Project,Date,User,Activity,Issue,Comment,Hours", "Web,2026-01-05,Ann,Design,Bug #12: Login,mended,2:30"],
        150,
        ["mended"],
    ),
    Export(
        "solidtime",
        ["Description,Task,Project,Client,User,Start,End,Duration,Duration (decimal),Billable,Tags"]
        + [",Review,Web,Acme,Ann,2026-01-05T11:00:00Z,2026-01-05T11:15:00Z,00:15:00,0.25,Yes,"],
        15,
        ["Review"],
    ),
    Export(
        "Outlook",
        [OUTLOOK, "Weekly,1/5/2026,9:00:00 AM,1/5/2026,10:00:00 AM,False,Ann,Team,a long body,Room 1"],
        60,
        ["Weekly"],
    ),
    Export(
        "Outlook",
        [
            "Betreff;Beginnt am;Beginnt um;Endet am;Endet um;Ganztägiges Ereignis",
            "Jour fixe;05.01.2026;09:00:00;05.01.2026;10:00:00;Aus",
        ],
        60,
        ["Jour fixe"],
        "cp1252",
    ),
    Export(
        "", ["Objet;Début;Début;Fin;Fin;Journée entière", "Point;05/01/2026;09:00;05/01/2026;10:30;Faux"], 90, ["Point"]
    ),
    Export(
        "Google Calendar",
        ["Subject,Start date,Start time,End date,End time,All Day Event,Description,Location,Private"]
        + ["Standup,02/03/2026,10:00 AM,02/03/2026,10:30 AM,False,,,False"],
        30,
        ["Standup"],
    ),
    Export(
        "a process log", ["Case ID,Activity,Start,End", "C1,Check,2026-01-05 09:00,2026-01-05 09:30"], 30, ["Check"]
    ),
    Export(
        "a process log",
        [
            "Case ID,Activity,Start Timestamp,Complete Timestamp,Resource",
            "C1,Check,2026-01-05 09:00:00,2026-01-05 09:30:00,Ann",
        ],
        30,
        ["Check"],
    ),
    Export(
        "a process log",
        ["case:concept:name,concept:name,time:timestamp", "C1,Check,2026-01-05T09:00:00+01:00"],
        0,
        ["Check"],
    ),
]


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.program or "Outlook in French")
def test_an_export_is_read_without_a_question(export: Export) -> None:
    read = read_text("\n".join(export.lines).encode(export.encoding))
    assert (read.table.reading.program, read.minutes, read.texts) == (export.program, export.minutes, export.texts)
    assert read.questions == {}


def test_seconds_of_jira_are_trusted_only_if_all_are_whole_minutes() -> None:
    head = "Issue key,Summary,Time Spent"
    assert "export of Jira" in read_text(f"{head}\nA-1,Fix,3600\nA-2,Plan,60\n").messages
    assert "duration_unit" in read_text(f"{head}\nA-1,Fix,2\nA-2,Plan,5\n").questions
