"""Reads the environment. A variable with an invalid value, or with a misspelt name, stops the program with a message.

A misspelt name is an error and not a warning: with `DATABSE_URL` the system would start on another database and accept
requests into it. Environments are shared with other programs, so only a name close to one of ours is refused, and only
while the right name is not set.
"""

import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from environment import broker_urls

T = TypeVar("T")

YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
UNSIGNED_KINDS = ("accept", "workers", "refuse")
LARGEST = 10**9
LONGEST_SHOWN = 60
# Ends of the names of variables whose values are not shown and not kept in backups.
SECRETS = (
    "_KEY",
    "_PASSWORD",
    "_TOKEN",
    "_SECRET",
    "DATABASE_URL",
    "REDIS_URL",
    "CACHE_URL",
    "CHANNEL_URL",
    "EMAIL_URL",
    "LLM_ANTHROPIC_URL",
    "LLM_OPENAI_URL",
    "LLM_GOOGLE_URL",
    "LLM_COMPATIBLE_URL",
    "SLACK_API_URL",
    "TEAMS_WEBHOOK_URL",
)
# Variables that are read by other code than the settings.
READ_ELSEWHERE = (
    "DJANGO_SETTINGS_MODULE", "INTERLOCK_DEMO_DIR", "INTERLOCK_ENV_FILE", "INTERLOCK_KEY", "PERSON_PASSWORD",
    "XDG_DATA_HOME",
)  # fmt: skip
# Variables that are read only without REDIS_URL; all but REDIS_HOST are read only where REDIS_HOST is set.
IN_PLACE_OF_REDIS_URL = ("REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_USERNAME", "REDIS_PASSWORD")
# Variables of other programs whose names are one letter away from one of ours: never taken for a misspelling.
FOREIGN = frozenset({"DATADIR", "DATA_DIRS", "DATABASE_URI", "LOGLEVEL", "MAIL_URL", "PUBLIC_URI", "REDIS_URI"})
# (shortest length of a name, most wrong letters): a name of this length with that many still counts as misspelt.
SLIPS = ((14, 2), (8, 1))
# So similar, as a part of 1, is a name that the one who wrote another into `.env` may have meant.
SIMILAR = 0.6


class InvalidVariable(ImproperlyConfigured):
    """A variable has an invalid value or a misspelt name; the message names it and says what is allowed."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of variable: `read` turns its text into a value or raises ValueError; `allowed` describes valid texts."""

    read: Callable[[str], T]
    allowed: str


class Environment:
    """The variables of this process.

    An empty variable counts as not set. Where NAME_FILE is set, the value of NAME is read from that file.
    """

    def __init__(self, values: Mapping[str, str] = os.environ) -> None:
        """Reads no variable yet. `names` collects the name of every variable that is read later."""
        self.values = values
        self.names = {*READ_ELSEWHERE, *IN_PLACE_OF_REDIS_URL}

    def read(self, name: str, kind: Kind[T], default: T) -> T:
        """Return the variable's value, or the default where it is not set. Raises InvalidVariable."""
        self.names.add(name)
        text = self.text(name)
        if not text:
            return default
        try:
            return kind.read(text)
        except (ValueError, LookupError, ImproperlyConfigured):
            raise InvalidVariable(f"{name} {fault(name, text)}. Allowed: {kind.allowed}.") from None

    def text(self, name: str) -> str:
        """Return the variable's text, empty where it is not set.

        Raises InvalidVariable if its file or its bytes cannot be read.
        """
        text, file = self.values.get(name, ""), self.values.get(f"{name}_FILE", "")
        try:
            text = Path(file).read_text().rstrip("\r\n") if file else text
            text.encode()
        except OSError as error:
            raise InvalidVariable(f"{name}_FILE names {file!r}, which cannot be read: {error.strerror}.") from None
        except UnicodeError:
            raise InvalidVariable(f"{name} holds bytes that are no text. Allowed: text in UTF-8.") from None
        return text

    def refuse_misspelt(self) -> None:
        """Raise InvalidVariable if a variable is set whose name is nearly one that the system reads."""
        for given, meant in misspelt(self.values, self.names).items():
            raise InvalidVariable(
                f"{given} is set, and Interlock reads no such variable. It reads {meant}: rename it, or unset it."
            )

    # -- one method for each type; below it, its name hides the built-in type of that name --
    def db_url(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's settings of the database."""
        return self.read(name, DATABASE, environ.Env.db_url_config(default))

    def email_url(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's settings of the mail server."""
        return self.read(name, MAIL, environ.Env.email_url_config(default))

    def bool(self, name: str, default: bool) -> bool:
        """Return the variable as True or False. Raises InvalidVariable."""
        return self.read(name, BOOLEAN, default)

    def list(self, name: str, default: list[str], kind: Kind[str] | None = None) -> list[str]:
        """Return the parts between commas, stripped of blanks; empty parts are dropped. Raises InvalidVariable."""
        item = kind or TEXT
        read = Kind(lambda text: [item.read(part.strip()) for part in text.split(",") if part.strip()], item.allowed)
        return self.read(name, read, default)

    def float(self, name: str, default: float, *, least: float = 0, most: float = LARGEST) -> float:
        """Return the variable as a number from `least` to `most`. Raises InvalidVariable."""
        kind = Kind(lambda text: within(float(text), least, most), f"a number from {least:g} to {most:.0f}")
        return self.read(name, kind, default)

    def int(self, name: str, default: int, *, least: int = 1, most: int = LARGEST) -> int:
        """Return the variable as a whole number from `least` to `most`. Raises InvalidVariable."""
        kind = Kind(lambda text: within(int(text), least, most), f"a whole number from {least} to {most}")
        return self.read(name, kind, default)

    def str(self, name: str, default: str = "", kind: Kind[str] | None = None) -> str:
        """Return the variable's text. Raises InvalidVariable."""
        return self.read(name, kind or TEXT, default)


def fault(name: str, text: str) -> str:
    """Return what is wrong with the variable, in words; a value that may be a secret is not shown."""
    if not holds_secret(name):
        excerpt = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
        return f"is {excerpt!r}, which cannot be read"
    scheme = re.match(r"([a-z0-9+-]{1,20})://", text)
    return f"begins with {scheme.group()!r} and cannot be read" if scheme else "cannot be read"


def holds_secret(name: str) -> bool:
    """Return True if the variable's value may be a secret, or an address with a password in it."""
    return name.endswith(SECRETS)


def misspelt(given: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """Return {misspelt name: right name} for the names in `given`; a right name that is set is never suggested."""
    present = set(given)
    known = known_names(names)
    missing = [name for name in sorted(known) if not present & {name, name.removesuffix("_FILE"), f"{name}_FILE"}]
    unknown = sorted(present - known - FOREIGN)
    return {name: similar[0] for name in unknown if (similar := [other for other in missing if is_slip(name, other)])}


def near_misses(given: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """Return {name: right name} for all names in `given` that are nearly one of ours, also where that one is set."""
    known = known_names(names)
    unknown = sorted(set(given) - known - FOREIGN)
    return {name: similar[0] for name in unknown if (similar := [one for one in sorted(known) if is_slip(name, one)])}


def unknown_in_file(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Return {name: the most similar right name, or ""} for the names of a `.env` file that nobody reads."""
    from rapidfuzz import process  # where it is needed: 3 MB in each process
    from rapidfuzz.distance import OSA

    known = known_names(names)
    lines = path.read_text().splitlines() if path.exists() else []
    given = [found[1] for line in lines if (found := re.match(r"(?:export )?([A-Za-z_0-9]+)=", line))]
    best = {name: process.extractOne(name, known, scorer=OSA.normalized_similarity) for name in {*given} - known}
    return {name: found[0] if found[1] >= SIMILAR else "" for name, found in sorted(best.items())}


def known_names(names: Iterable[str]) -> set[str]:
    """Return the names, and those of the files that may hold their values."""
    return {form for name in names for form in (name, f"{name}_FILE")}


def is_slip(name: str, known: str) -> bool:
    """Return True if the name is so close to the known one that it is probably a typing error for it."""
    most = next((slips for length, slips in SLIPS if len(known) >= length), 0)
    # Each process compares some ten thousand pairs at its start: most are too different in their length already.
    if not most or abs(len(name) - len(known)) > most:
        return False
    # A letter that only one of the names has is an error at least: this rules out nearly all, and saves 3 MB a process.
    # The same without how often each is there takes a tenth of the time, and rules out most of them.
    if len(set(name).difference(known)) > most or len(set(known).difference(name)) > most:
        return False
    if max((Counter(name) - Counter(known)).total(), (Counter(known) - Counter(name)).total()) > most:
        return False
    from rapidfuzz.distance import OSA

    return OSA.distance(name, known, score_cutoff=most) <= most


def read_file(path: Path) -> None:
    """Add the variables of a `.env` file to the environment, except those that are set. Raises InvalidVariable."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeError) as error:
        raise InvalidVariable(f"{path} cannot be read: {error}.") from None
    for number, line in enumerate(lines, 1):
        if line.strip() and not re.match(r"\s*#|(export )?[A-Za-z_0-9]+=", line):
            raise InvalidVariable(f"Line {number} of {path} cannot be read. Allowed: NAME=value, or # and a comment.")
    environ.Env.read_env(path)


# -- kinds -----------------------------------------------------------------------------------------
Number = TypeVar("Number", int, float)


def within(number: Number, least: float, most: float) -> Number:
    """Return the number. Raises ValueError outside of the bounds, and for not-a-number."""
    if math.isnan(number) or not least <= number <= most:
        raise ValueError(number)
    return number


def boolean(text: str) -> bool:
    """Return the truth value that the word names. Raises ValueError."""
    if text.lower() not in (*YES, *NO):
        raise ValueError(text)
    return text.lower() in YES


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """Return a reader that accepts texts which match the whole pattern, and raises ValueError for others."""

    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return read


def database(text: str) -> dict[str, Any]:
    """Return Django's settings of the database. Raises ValueError or ImproperlyConfigured."""
    address = urlsplit(text)
    if address.scheme not in ("sqlite", "postgres", "postgresql") or address.port == 0:
        raise ValueError("scheme")
    return environ.Env.db_url_config(text)  # type: ignore[no-any-return]


def mail_server(text: str) -> dict[str, Any]:
    """Return Django's settings of the mail server. Raises ValueError or ImproperlyConfigured."""
    if urlsplit(text).scheme.startswith("smtp") and not urlsplit(text).hostname:
        raise ValueError("host")
    return environ.Env.email_url_config(text)  # type: ignore[no-any-return]


def broker(text: str) -> str:
    """Return the address unchanged if it is one of a broker. Raises ValueError."""
    return broker_urls.parsed(text).text


def live_broker(text: str) -> str:
    """Return the address unchanged if it is one of a broker that is no cluster. Raises ValueError."""
    if broker_urls.parsed(text).kind == "cluster":
        raise ValueError("cluster")
    return text


def scanner(text: str) -> str:
    """Return the text unchanged if it is the path of a socket, or HOST:PORT. Raises ValueError."""
    address = urlsplit(f"//{text}")
    if not text.startswith("/") and not (address.hostname and address.port and address.netloc == text):
        raise ValueError(text)
    return text


def sender(text: str) -> str:
    """Return the text unchanged if it is the sender of a mail. Raises ValueError."""
    if "@" not in parseaddr(text)[1] or "\n" in text:
        raise ValueError(text)
    return text


def folder(text: str) -> str:
    """Return the path unchanged if it is a writable folder or can be created. Raises ValueError."""
    path = Path(text).absolute()
    nearest = next(part for part in (path, *path.parents) if part.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(text)
    return text


def dotted_path(text: str) -> str:
    """Return the text unchanged if it can be the path of a class in a module. Raises ValueError."""
    parts = text.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise ValueError(text)
    return text


TEXT = Kind(matching(re.compile(r"[^\x00-\x1f]*")), "text on one line")
WORD = Kind(matching(re.compile(r"[^\s\x00-\x1f]+")), "text without blanks")
CLASS = Kind(dotted_path, "a class, as package.module.Class")
BOOLEAN = Kind(boolean, "true or false")
# Whether a code is a currency is checked by `manage.py check`.
CURRENCY = Kind(matching(re.compile(r"[A-Z]{3}")), "the code of a currency in capital letters, such as EUR")
LEVEL = Kind(lambda text: LEVELS[LEVELS.index(text.upper())], f"one of {', '.join(LEVELS)}")
UNSIGNED = Kind(lambda text: UNSIGNED_KINDS[UNSIGNED_KINDS.index(text)], f"one of {', '.join(UNSIGNED_KINDS)}")
HOST = Kind(
    matching(re.compile(r"\*|\.?[\w.-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")), "names of hosts, with commas between them"
)
MACHINE = Kind(matching(re.compile(r"[\w.:-]+")), "the name or the address of one host")
ORIGIN = Kind(matching(re.compile(r"https?://[^\s/,]+/?")), "an address such as https://interlock.example.org")
PAGES = Kind(matching(re.compile(r"https?://[^\s/]+(/\S*)?")), "an address such as https://interlock.example.org")
ADDRESS = Kind(lambda text: str(ip_address(text)), "an address of this machine, such as 127.0.0.1 or 0.0.0.0")
DATABASE = Kind(database, "sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME")
BROKER = Kind(broker, broker_urls.FORMS)
LIVE_BROKER = Kind(live_broker, "redis://HOST:PORT/NUMBER, rediss://…, redis+sentinel://… or unix://PATH")
MAIL = Kind(mail_server, "smtp+tls://USER:PASSWORD@HOST:587 or smtp+ssl://USER:PASSWORD@HOST:465")
SCANNER = Kind(scanner, "the path of a socket, such as /run/clamav/clamd.ctl, or HOST:PORT")
SENDER = Kind(sender, "an address such as Interlock <interlock@example.org>")
FOLDER = Kind(folder, "the path of a folder that exists or can be made, and may be written to")
