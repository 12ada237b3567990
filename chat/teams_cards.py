"""A question as an Adaptive Card for a Microsoft Teams channel, with a link to its page.

A card that comes by a Workflows webhook has no way back that we could check: its buttons open addresses, and only a bot
gets signed clicks. So the answer is given on the page, after signing in. See docs/chats.md.
"""

from typing import Any

import orjson
from django.utils.translation import gettext as _

from chat.errors import Refused
from chat.pages import question_address
from clarifications.addressees import holder_words
from clarifications.models import Question
from clarifications.wording import question_title
from pages.presentation import translated
from webhooks.network import post_request

# Teams takes messages of up to 28 KB; a character may take four bytes, and more where JSON escapes it.
MOST_CHARACTERS = 2000


def card_about(question: Question) -> dict[str, Any]:
    """Return the message about an open question, in the language that is active."""
    texts = [
        question_title(question),
        translated(question.description),
        translated(question.reason),
        holder_words(question),
        question.project.title,
    ]
    body = [text_block(text, is_title=n == 0) for n, text in enumerate(texts) if text]
    action = {"type": "Action.OpenUrl", "title": _("Answer"), "url": question_address(question)}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [action],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def text_block(text: str, *, is_title: bool) -> dict[str, Any]:
    """Return a block of text without markup: a `RichTextBlock`, in which Markdown has no meaning."""
    run = {"type": "TextRun", "text": text[:MOST_CHARACTERS], **({"weight": "Bolder"} if is_title else {})}
    return {"type": "RichTextBlock", "inlines": [run]}


def post_card(url: str, card: dict[str, Any]) -> None:
    """Post the card to the webhook. Raises Refused, or one of `webhooks.network.TRANSPORT_ERRORS`."""
    headers = {"content-type": "application/json"}
    answer = post_request(url, body=orjson.dumps(card), headers=headers, may_be_private=True)
    if not 200 <= answer.status < 300:
        raise Refused(f"status {answer.status}", may_pass=answer.status not in (400, 413))
