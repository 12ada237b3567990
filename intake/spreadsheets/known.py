"""Recognise the exports of common programs by their headers, and what such a program means by a bare number."""

from dataclasses import dataclass

from intake.spreadsheets.words import words_of


@dataclass(frozen=True)
class Program:
    """A program that exports tables: its name, and headers of which a table of it has all."""

    name: str
    headers: frozenset[str]
    # The unit of numbers without one in its duration column, and the number of which they are multiples.
    unit: str = ""
    multiple: int = 1


def program(name: str, headers: str, unit: str = "", multiple: int = 1) -> Program:
    """Return a program whose tables have these headers, separated by commas."""
    return Program(name, frozenset(header.strip() for header in headers.split(",")), unit, multiple)


PROGRAMS = [
    program("Clockify (detailed)", "project, client, description, start date, start time, duration decimal"),
    program("Clockify (summary)", "time h, time decimal"),
    program("Toggl (detailed)", "project, description, start date, start time, duration, email"),
    program("Toggl (summary)", "project, client, title, duration"),
    program("Toggl (summary)", "client, project, description, duration"),
    program("Toggl (weekly)", "user, email, project, total"),
    program("Harvest", "date, client, project, task, notes, hours"),
    program("Tempo", "issue key, hours, work date"),
    program("Jira", "issue key, summary, time spent", "s", 60),
    program("Jira", "issue key, summary, log work", "s", 60),
    program("Kimai", "date, from, to, duration, customer, project, activity"),
    program("Redmine", "project, date, user, activity, issue, hours"),
    program("Redmine", "projekt, datum, benutzer, aktivitat, stunden"),
    program("solidtime", "description, task, project, client, start, end, duration, duration decimal"),
    program("Outlook", "subject, start date, start time, end date, end time, all day event, meeting organizer"),
    program("Google Calendar", "subject, start date, start time, end date, end time"),
    program("Outlook", "betreff, beginnt am, beginnt um, endet am, endet um"),
    program("a process log", "case id, activity, start, end"),
    program("a process log", "case id, activity, start timestamp, complete timestamp"),
    program("a process log", "case concept name, concept name, time timestamp"),
]


def program_of(headers: list[str]) -> Program | None:
    """Return the program whose export has these headers, the most of them; None if no known one has."""
    names = {" ".join(words_of(header)) for header in headers}
    known = [program for program in PROGRAMS if program.headers <= names]
    return max(known, key=lambda program: len(program.headers), default=None)
