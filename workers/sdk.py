"""Run an agent for a dispatch and publish its replies: started, progress, and then result, question or failure.

Every reply's id is derived from the dispatch, so an item that is done twice is recorded once.
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
from workers.errand import run_errand as run_here
from workers.pool import GivenUp

logger = logging.getLogger(__name__)

Publish = Callable[[list[Envelope]], object]
Run = Callable[[Errand, Progressed], Result]


class Conversation:
    """One dispatch and the replies to it; `publish` puts replies on the log."""

    def __init__(self, spec: AgentSpec, dispatch: Envelope, publish: Publish) -> None:
        self.spec, self.dispatch, self._publish = spec, dispatch, publish
        self.ids = {key: dispatch.payload[key] for key in ("project_id", "backlog_item_id")}

    def reply(self, event_type: str, payload: dict[str, Any], *, ordinal: int = 1) -> Envelope:
        """Return a reply to the dispatch. Its id depends only on dispatch, event type and `ordinal`.

        Raises PermanentError if the reply breaks its contract, InvalidJson if it is no strict JSON.
        """
        envelope = Envelope(
            event_id=reply_id(self.dispatch.event_id, f"{event_type}:{ordinal}"),
            event_type=event_type,
            payload={**self.ids, **payload},
            source=Source(self.spec.name, settings.SERVICE_INSTANCE),
            correlation_id=self.dispatch.correlation_id,
            causation_id=self.dispatch.event_id,
        )
        require_valid_payload(envelope)
        if (size := len(envelope.to_wire())) > strict_json.MAX_BYTES:
            raise strict_json.InvalidJson(f"it has {size} bytes, and at most {strict_json.MAX_BYTES} are accepted")
        return envelope

    def publish(self, *replies: Envelope) -> None:
        """Publish the replies on the log, in order."""
        self._publish(list(replies))

    def progressed(self, done: int, total: int) -> None:
        """Publish that the agent has read `done` of `total` rows; one id for each tenth."""
        ordinal = 10 * done // max(total, 1)
        self.publish(self.reply("WORK.ITEM_PROGRESSED", {"done": done, "total": total}, ordinal=ordinal))


def perform_item(spec: AgentSpec, dispatch: Envelope, publish: Publish, run: Run = run_here) -> str:
    """Do the item and publish WORK.ITEM_STARTED, then its result, a question for missing fields, or its failure.

    Returns the outcome in a word: completed, asked, or the category of the failure in small letters.
    A `quick` agent's item has no WORK.ITEM_STARTED: its final reply comes at the same moment, and says that it began.
    Raises GivenUp, and errors of an unreachable broker or database, without a final reply.
    """
    conversation = Conversation(spec, dispatch, publish)
    if not spec.quick:
        conversation.publish(conversation.reply("WORK.ITEM_STARTED", {}))
    try:
        replies = run_agent(conversation, run)
        fault_point("work.after_effect")
    except GivenUp:
        raise
    except (artifacts.ArtifactMissing, PermanentError, strict_json.InvalidJson) as error:
        replies = [item_failed_event(conversation, error, category="TOOL_FAILURE")]
    except DataInsufficient as error:
        replies = [item_failed_event(conversation, error, category="DATA_INSUFFICIENCY")]
    except Contradiction as error:
        replies = [item_failed_event(conversation, error, category="REASONING_CONTRADICTION")]
    except (*streams.BROKER_ERRORS, *DATABASE_AWAY):
        raise
    except Exception as error:
        is_expected = isinstance(error, ToolFailure) and not hasattr(error, "__notes__")
        logger.warning(
            "%s failed on item %s: %s", spec.name, conversation.ids["backlog_item_id"], error, exc_info=not is_expected
        )
        replies = [item_failed_event(conversation, error, category="TOOL_FAILURE")]
    conversation.publish(*replies)
    return outcome_of(replies[-1])


def outcome_of(reply: Envelope) -> str:
    """Return what the last reply says, in a word."""
    words = {"WORK.ITEM_COMPLETED": "completed", "CLARIFICATION.NEEDED": "asked"}
    return words.get(reply.event_type) or str(reply.payload["category"]).lower()


def run_agent(conversation: Conversation, run: Run) -> list[Envelope]:
    """Run the agent and return its final replies, or the question for the fields that it misses."""
    try:
        result = run(
            errand_of(conversation.spec, conversation.dispatch.payload["work_context"]), conversation.progressed
        )
    except Missing as missing:
        return [clarification_needed_event(conversation, missing.fields, missing.reason)]
    return [
        *deliverable_events(conversation, result),
        conversation.reply("WORK.ITEM_COMPLETED", {"evidence": result.evidence}),
    ]


def errand_of(spec: AgentSpec, context: dict[str, Any]) -> Errand:
    """Return the errand for the work context, with the paths of stored files. Raises ArtifactMissing."""
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
        models=settings.MODELS if spec.uses_models else None,
    )


def deliverable_events(conversation: Conversation, result: Result) -> list[Envelope]:
    """Return DELIVERABLE.PUBLISHED with the result; no event for an agent that delivers nothing."""
    if not conversation.spec.deliverable:
        return []
    deliverable = {
        "type": conversation.spec.deliverable,
        "content": result.content,
        "timestamp": conversation.dispatch.timestamp.isoformat(),
        "confidence": result.confidence,
        "agent": conversation.spec.name,
    }
    return [conversation.reply("DELIVERABLE.PUBLISHED", {"deliverable": deliverable})]


def clarification_needed_event(conversation: Conversation, fields: dict[str, Any], reason: str) -> Envelope:
    """Return CLARIFICATION.NEEDED for these fields (name → JSON Schema)."""
    payload = {"reason": reason, "missing_fields": sorted(fields), "fields": fields, "agent": conversation.spec.name}
    return conversation.reply("CLARIFICATION.NEEDED", payload)


def item_failed_event(conversation: Conversation, error: Exception, *, category: str) -> Envelope:
    """Return WORK.ITEM_FAILED with the error as its reason, and whether another try makes sense."""
    reason = (str(error) or type(error).__name__)[:2000].encode(errors="replace").decode().replace("\x00", "\\0")
    retryable = getattr(error, "retryable", True)
    return conversation.reply("WORK.ITEM_FAILED", {"reason": reason, "category": category, "retryable": retryable})
