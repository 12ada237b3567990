"""From a dispatch to its replies: runs an agent's function and says what came of it.

Every reply's id is derived from the dispatch, so an item that is done twice is reported once.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings

from events import artifacts, streams
from events.envelope import Envelope, Source, reply_id, require_valid_payload
from events.errors import PermanentError
from events.faults import fault_point
from events.isolation import DATABASE_AWAY
from schemas import strict_json
from workers.contract import AgentSpec, Contradiction, DataInsufficient, Missing, Result, ToolFailure
from workers.errand import Errand, Progressed
from workers.errand import run as run_here
from workers.pool import GivenUp

logger = logging.getLogger(__name__)

Say = Callable[[list[Envelope]], object]
Run = Callable[[Errand, Progressed], Result]


class Conversation:
    """One dispatch and what is said about it."""

    def __init__(self, spec: AgentSpec, dispatch: Envelope, say: Say) -> None:
        self.spec, self.dispatch, self._say = spec, dispatch, say
        named = ("project_id", "backlog_item_id")
        self.about = {key: dispatch.payload[key] for key in named}

    def reply(self, event_type: str, payload: dict[str, Any], *, ordinal: int = 1) -> Envelope:
        """A reply with the id it always has. Raises PermanentError if the contract forbids it."""
        envelope = Envelope(
            event_id=reply_id(self.dispatch.event_id, f"{event_type}:{ordinal}"),
            event_type=event_type,
            payload={**self.about, **payload},
            source=Source(self.spec.name, settings.SERVICE_INSTANCE),
            correlation_id=self.dispatch.correlation_id,
            causation_id=self.dispatch.event_id,
        )
        require_valid_payload(envelope)
        strict_json.loads(envelope.to_wire())
        return envelope

    def say(self, *replies: Envelope) -> None:
        """Put the replies on the log, in order."""
        self._say(list(replies))

    def progressed(self, done: int, total: int) -> None:
        """The agent has gone through so many rows."""
        ordinal = 10 * done // max(total, 1)
        self.say(self.reply("WORK.ITEM_PROGRESSED", {"done": done, "total": total}, ordinal=ordinal))


def perform(spec: AgentSpec, dispatch: Envelope, say: Say, run: Run = run_here) -> None:
    """Do the item: STARTED, then what it delivers, what it misses, or why it failed. GivenUp says nothing more."""
    talk = Conversation(spec, dispatch, say)
    talk.say(talk.reply("WORK.ITEM_STARTED", {}))
    try:
        replies = outcome(talk, run)
        fault_point("work.after_effect")
    except GivenUp:
        raise
    except (artifacts.ArtifactMissing, PermanentError, strict_json.InvalidJson) as error:
        replies = [failed(talk, error, category="TOOL_FAILURE")]
    except DataInsufficient as error:
        replies = [failed(talk, error, category="DATA_INSUFFICIENCY")]
    except Contradiction as error:
        replies = [failed(talk, error, category="REASONING_CONTRADICTION")]
    except (*streams.BROKER_ERRORS, *DATABASE_AWAY):
        raise
    except Exception as error:
        is_expected = isinstance(error, ToolFailure) and not hasattr(error, "__notes__")
        logger.warning(
            "%s failed on item %s: %s", spec.name, talk.about["backlog_item_id"], error, exc_info=not is_expected
        )
        replies = [failed(talk, error, category="TOOL_FAILURE")]
    talk.say(*replies)
    fault_point("work.after_reply")


def outcome(talk: Conversation, run: Run) -> list[Envelope]:
    """The replies of an agent that was run, or the question for what it needs to run."""
    try:
        result = run(errand_of(talk.spec, talk.dispatch.payload["work_context"]), talk.progressed)
    except Missing as found:
        return [needed(talk, found.fields, found.reason)]
    return [*delivered(talk, result), talk.reply("WORK.ITEM_COMPLETED", {"evidence": result.evidence})]


def errand_of(spec: AgentSpec, context: dict[str, Any]) -> Errand:
    """What the agent is to do, with the places of what is stored. Raises ArtifactMissing."""
    rows, deliverables = context.get("rows_ref"), context.get("deliverables_ref")
    return Errand(
        agent=spec.name,
        module=spec.run.__module__,
        context=context,
        rows_at=artifacts.path_of(rows) if rows else None,
        rows_total=rows["rows"] if rows else 0,
        deliverables_at=artifacts.path_of(deliverables) if deliverables else None,
        deliverables_sha256=str(deliverables.get("sha256")) if deliverables else "",
        most_unpacked_bytes=settings.MOST_UNPACKED_MB * 1024 * 1024,
    )


def delivered(talk: Conversation, result: Result) -> list[Envelope]:
    """DELIVERABLE.PUBLISHED, for an agent that delivers something."""
    if not talk.spec.deliverable:
        return []
    deliverable = {
        "type": talk.spec.deliverable,
        "content": result.content,
        "timestamp": talk.dispatch.timestamp.isoformat(),
        "confidence": result.confidence,
        "agent": talk.spec.name,
    }
    return [talk.reply("DELIVERABLE.PUBLISHED", {"deliverable": deliverable})]


def needed(talk: Conversation, fields: dict[str, Any], reason: str) -> Envelope:
    """CLARIFICATION.NEEDED for these fields, each with its JSON Schema."""
    asked = {"reason": reason, "missing_fields": sorted(fields), "fields": fields, "agent": talk.spec.name}
    return talk.reply("CLARIFICATION.NEEDED", asked)


def failed(talk: Conversation, error: Exception, *, category: str) -> Envelope:
    """WORK.ITEM_FAILED with the reason, and whether another try makes sense."""
    reason = (str(error) or type(error).__name__)[:2000].encode(errors="replace").decode().replace("\x00", "\\0")
    retryable = getattr(error, "retryable", True)
    return talk.reply("WORK.ITEM_FAILED", {"reason": reason, "category": category, "retryable": retryable})
