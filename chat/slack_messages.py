"""A question as a Slack message (Block Kit): its words, and buttons or a field where they can hold the answer.

All text is `plain_text`, in which Slack looks for no markup and no mentions: what a request says cannot call a channel.
Limits are those of https://docs.slack.dev/reference/block-kit.
"""

from typing import Any

import orjson
from django.utils.translation import gettext as _

from chat.pages import question_address
from chat.slack_calls import escaped
from clarifications.addressees import holder_words
from clarifications.forms.fields import kind_of
from clarifications.models import Question
from clarifications.wording import question_title
from pages.presentation import translated

Block = dict[str, Any]
MOST_SECTION, MOST_BUTTON, MOST_VALUE = 3000, 75, 2000
# A row of buttons may have 25, and one opens the page.
MOST_CHOICES = 24
ANSWER, NOTES, OPEN = "answer", "notes", "open"
TYPED = ("string", "number", "integer", "date")


def message_about(question: Question) -> dict[str, Any]:
    """Return the message about an open question, in the language that is active."""
    title = question_title(question)
    details = "\n\n".join(filter(None, (translated(question.description), translated(question.reason))))
    texts = (title, details, holder_words(question), question.project.title)
    words = [section(text) for text in texts if text]
    return {"text": escaped(title[:MOST_SECTION]), "blocks": [*words, *controls(question)], "unfurl_links": False}


def section(text: str) -> Block:
    """Return a block of text, cut to what a block may hold."""
    return {"type": "section", "text": plain(text, MOST_SECTION)}


def plain(text: str, most: int) -> Block:
    """Return a text object without markup, cut to `most` characters."""
    return {"type": "plain_text", "text": text if len(text) <= most else f"{text[: most - 1]}…", "emoji": False}


def controls(question: Question) -> list[Block]:
    """Return the fields and buttons of the question; only a link to its page where these cannot hold the answer."""
    fields, buttons = [], choices_of(question)
    if question.kind == Question.Kind.APPROVAL:
        fields = [text_field(NOTES, _("Notes"), is_long=True)]
    elif not buttons and kind_of(question.schema) in TYPED:
        fields, buttons = [text_field(ANSWER, _("Answer"))], [button(question, _("Send"), None, style="primary")]
    page = {
        "type": "button",
        "action_id": OPEN,
        "text": plain(_("Open"), MOST_BUTTON),
        "url": question_address(question),
    }
    return [*fields, {"type": "actions", "block_id": "buttons", "elements": [*number(buttons), page]}]


def number(buttons: list[Block]) -> list[Block]:
    """Return the buttons with action ids, which differ within a block."""
    return [{**button, "action_id": f"{ANSWER}:{n}"} for n, button in enumerate(buttons)]


def choices_of(question: Question) -> list[Block]:
    """Return a button for each answer of an approval, of yes or no, or of a short list; none for other questions."""
    if question.kind == Question.Kind.APPROVAL:
        return [
            button(question, _("Approve"), {"approved": True}, style="primary"),
            button(question, _("Send back"), {"approved": False}, style="danger"),
        ]
    if question.schema.get("type") == "boolean":
        return [button(question, _("Yes"), True), button(question, _("No"), False)]
    choices = question.schema.get("enum", [])
    texts = [choice for choice in choices if isinstance(choice, str) and choice and len(choice) <= MOST_BUTTON]
    if not choices or len(texts) != len(choices) or len(choices) > MOST_CHOICES:
        return []
    return [button(question, translated(choice), choice) for choice in texts]


def button(question: Question, label: str, answer: Any, *, style: str = "") -> Block:
    """Return a button that carries the question and the answer; None stands for what is typed into the field."""
    value = orjson.dumps({"question": str(question.pk), "answer": answer}).decode()
    styled = {"style": style} if style else {}
    return {"type": "button", "text": plain(label, MOST_BUTTON), "value": value, **styled}


def text_field(name: str, label: str, *, is_long: bool = False) -> Block:
    """Return a field for text, which need not be filled in."""
    element = {"type": "plain_text_input", "action_id": name, "multiline": is_long}
    return {"type": "input", "block_id": name, "optional": True, "label": plain(label, MOST_BUTTON), "element": element}
