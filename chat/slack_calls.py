"""Calls to Slack: post a message, look up a person, and reply to a click."""

import logging
import threading
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from chat.errors import Refused
from environment.chat import Slack
from webhooks.errors import RefusedAddress
from webhooks.network import TRANSPORT_ERRORS, post_request

logger = logging.getLogger(__name__)

FAILURES = (RefusedAddress, *TRANSPORT_ERRORS)
JSON_TYPE, FORM_TYPE = "application/json; charset=utf-8", "application/x-www-form-urlencoded"
# Slack's words for messages that it will never take: https://docs.slack.dev/reference/methods/chat.postMessage
UNPOSTABLE = ("invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text")


def escaped(text: str) -> str:
    """Return the text without the characters by which Slack finds mentions and links in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def call_slack(slack: Slack, method: str, body: bytes, kind: str) -> dict[str, Any]:
    """Return Slack's answer to a call of its Web API. Raises Refused, or one of FAILURES."""
    headers = {"authorization": f"Bearer {slack.token}", "content-type": kind}
    answer = post_request(slack.api + method, body=body, headers=headers, may_be_private=True)
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        said = {"error": f"status {answer.status}"}
    if not (isinstance(said, dict) and said.get("ok") is True):
        code = str(said.get("error") if isinstance(said, dict) else said)[:100]
        raise Refused(code, may_pass=code not in UNPOSTABLE)
    return said


def post_message(slack: Slack, message: dict[str, Any]) -> None:
    """Post the message to the channel. Raises Refused, or one of FAILURES."""
    call_slack(slack, "chat.postMessage", orjson.dumps({"channel": slack.channel, **message}), JSON_TYPE)


def user_of(slack: Slack, user_id: str) -> dict[str, Any]:
    """Return Slack's record of a person. Raises Refused, or one of FAILURES."""
    user: dict[str, Any] = call_slack(slack, "users.info", urlencode({"user": user_id}).encode(), FORM_TYPE)["user"]
    return user


def reply_later(slack: Slack, url: str, reply: dict[str, Any]) -> None:
    """Send a reply to a click in a thread: Slack waits three seconds for our answer. A lost reply is only logged."""
    if is_of_slack(slack, url):
        threading.Thread(target=reply_now, args=(url, reply), daemon=True).start()


def is_of_slack(slack: Slack, url: str) -> bool:
    """Return True if the address is Slack's: of the API's host, or of `hooks.` before it."""
    ours, theirs = urlsplit(slack.api), urlsplit(url)
    return theirs.scheme == ours.scheme and theirs.netloc in (ours.netloc, f"hooks.{ours.netloc}")


def reply_now(url: str, reply: dict[str, Any]) -> None:
    """Send the reply, or log why it was not sent."""
    try:
        post_request(url, body=orjson.dumps(reply), headers={"content-type": JSON_TYPE}, may_be_private=True)
    except FAILURES as error:
        logger.warning("A reply to a click in Slack was lost: %s", type(error).__name__)
