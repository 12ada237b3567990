"""Where questions are posted beside mails: a Slack channel and a Microsoft Teams channel, each off unless it is set."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from environment.variables import Environment, InvalidVariable, Kind, matching

THIS_MACHINE = ("127.0.0.1", "localhost")
SLACK_API = "https://slack.com/api/"
NEEDED = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CHANNEL", "SLACK_TEAM")


def address(text: str) -> str:
    """Return an https:// address, or one of this machine, unchanged. Raises ValueError."""
    parts = urlsplit(text)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in THIS_MACHINE):
        raise ValueError(text)
    return text


ADDRESS = Kind(address, "an https:// address")
SECRET = Kind(matching(re.compile(r"[!-~]+")), "characters without blanks")
ID = Kind(matching(re.compile(r"[A-Z][A-Z0-9]+")), "the id that Slack shows, such as C024BE91L for a channel")


@dataclass(frozen=True)
class Slack:
    """A Slack app of one workspace: the token with which it posts, and the secret with which Slack signs clicks."""

    token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    channel: str
    team: str
    api: str = SLACK_API


@dataclass(frozen=True)
class ChatSettings:
    """`slack` is None and `teams_url` empty where questions are not posted there."""

    slack: Slack | None = None
    teams_url: str = field(default="", repr=False)

    @property
    def is_on(self) -> bool:
        """Return True if questions are posted anywhere."""
        return bool(self.slack or self.teams_url)


def chat_settings(env: Environment, *, public_url: str) -> ChatSettings:
    """Return what the environment says about chats. Raises InvalidVariable, also if a part is missing."""
    chat = ChatSettings(slack_settings(env), env.read("TEAMS_WEBHOOK_URL", ADDRESS, ""))
    if chat.is_on and not public_url:
        raise InvalidVariable("Questions in a chat lead to the page of the question: set PUBLIC_URL too.")
    return chat


def slack_settings(env: Environment) -> Slack | None:
    """Return the Slack app, or None if none of its variables is set. Raises InvalidVariable if some are missing."""
    kinds = dict.fromkeys(NEEDED, SECRET) | dict.fromkeys(("SLACK_CHANNEL", "SLACK_TEAM"), ID)
    values = [env.read(name, kinds[name], "") for name in NEEDED]
    api = env.read("SLACK_API_URL", ADDRESS, SLACK_API)
    if not any(values):
        return None
    if missing := [name for name, value in zip(NEEDED, values, strict=True) if not value]:
        raise InvalidVariable(f"To post questions to Slack, set {', '.join(missing)} too.")
    token, signing_secret, channel, team = values
    return Slack(token, signing_secret, channel, team, api=f"{api.rstrip('/')}/")
