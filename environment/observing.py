"""Who may read the figures of the processes, where they are shown, and how log lines look."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal

from environment import variables
from environment.variables import Environment, Kind

SHORTEST_TOKEN = 16


def token(text: str) -> str:
    """Return the text unchanged if it can be a token. Raises ValueError if it is short or has blanks."""
    if len(text) < SHORTEST_TOKEN or not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("token")
    return text


def form(text: str) -> Literal["text", "json"]:
    """Return the form of log lines that the word names. Raises ValueError."""
    if text == "json":
        return "json"
    if text != "text":
        raise ValueError(text)
    return "text"


TOKEN = Kind(token, f"at least {SHORTEST_TOKEN} letters, digits and signs without blanks")
NETWORK = Kind(lambda text: str(ip_network(text)), "addresses and networks, such as 10.0.0.0/8, with commas between")
FORMAT = Kind(form, "text or json")


@dataclass(frozen=True)
class MetricsSettings:
    """Where a process shows its figures (port 0: nowhere but on the web), and to whom: by token, or by address."""

    port: int
    bind: str
    token: str
    networks: tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True)
class LogSettings:
    """The form of log lines, and whether there is one for each event."""

    format: Literal["text", "json"]
    level: str
    events: bool


def log_settings(env: Environment) -> LogSettings:
    """Return what the environment says about log lines. Raises InvalidVariable."""
    return LogSettings(
        format=env.read("LOG_FORMAT", FORMAT, "text"),
        level=env.str("LOG_LEVEL", default="INFO", kind=variables.LEVEL),
        # Lines for each event cost an eighth of the processor time of handling them.
        events=env.bool("LOG_EVENTS", default=False),
    )


def metrics_settings(env: Environment) -> MetricsSettings:
    """Return what the environment says about the figures. Raises InvalidVariable."""
    return MetricsSettings(
        port=env.int("METRICS_PORT", default=0, least=0, most=65_535),
        bind=env.str("METRICS_BIND", default="127.0.0.1", kind=variables.ADDRESS),
        token=env.str("METRICS_TOKEN", kind=TOKEN),
        networks=tuple(ip_network(text) for text in env.list("METRICS_FROM", default=[], kind=NETWORK)),
    )


def logging_config(logs: LogSettings) -> dict[str, Any]:
    """Return Django's LOGGING: every line goes to the error output, in the chosen form."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "telemetry.log_lines.formatter", "form": logs.format}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": logs.level},
        "loggers": {
            "django": {"level": logs.level},
            "interlock.events": {"level": logs.level if logs.events else "WARNING"},
        },
    }
