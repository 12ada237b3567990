"""The payload of each event as a TypedDict, so that mypy checks who builds one and who reads one.

The contracts in `schemas/events/` decide; `tests/unit/schemas/test_payload_types.py` holds these types to them, in both
directions. What a type cannot say is left to the contract: lengths, formats, which keys an object may have besides.
A uuid and a moment are a `str`, as on the wire. A type has the name of its event: `WORK.ITEM_FAILED` is
`WorkItemFailed`.
"""

from schemas.payloads import backlog, clarification, people, project, report, work

# By event type; version 1 of each.
PAYLOADS: dict[str, type] = {
    "BACKLOG.ITEM_BLOCKED": backlog.BacklogItemBlocked,
    "BACKLOG.ITEM_CANCELLED": backlog.BacklogItemCancelled,
    "BACKLOG.ITEM_CREATED": backlog.BacklogItemCreated,
    "BACKLOG.ITEM_READIED": backlog.BacklogItemReadied,
    "BACKLOG.ITEM_RETRIED": backlog.BacklogItemRetried,
    "BACKLOG.ITEM_UNBLOCKED": backlog.BacklogItemUnblocked,
    "CLARIFICATION.ANSWER_PROVIDED": clarification.ClarificationAnswerProvided,
    "CLARIFICATION.NEEDED": clarification.ClarificationNeeded,
    "CLARIFICATION.QUESTION_ASKED": clarification.ClarificationQuestionAsked,
    "CLARIFICATION.QUESTION_ASSIGNED": clarification.ClarificationQuestionAssigned,
    "CLARIFICATION.QUESTION_DECLINED": clarification.ClarificationQuestionDeclined,
    "CLARIFICATION.QUESTION_ESCALATED": clarification.ClarificationQuestionEscalated,
    "CLARIFICATION.QUESTION_EXPIRED": clarification.ClarificationQuestionExpired,
    "CLARIFICATION.QUESTION_REMINDED": clarification.ClarificationQuestionReminded,
    "CLARIFICATION.QUESTION_WITHDRAWN": clarification.ClarificationQuestionWithdrawn,
    "DELIVERABLE.PUBLISHED": work.DeliverablePublished,
    "HUMAN.APPROVAL_REQUESTED": people.HumanApprovalRequested,
    "HUMAN.APPROVAL_SUBMITTED": people.HumanApprovalSubmitted,
    "PROJECT.CANCELLED": project.ProjectCancelled,
    "PROJECT.COMPLETED": project.ProjectCompleted,
    "PROJECT.FAILED": project.ProjectFailed,
    "PROJECT.INITIAL_REQUEST_RECEIVED": project.ProjectInitialRequestReceived,
    "PROJECT.OPENED": project.ProjectOpened,
    "PROJECT.PERSON_ERASED": project.ProjectPersonErased,
    "REPORT.FINAL_PUBLISHED": report.ReportFinalPublished,
    "REPORT.PROJECT_SNAPSHOT_PUBLISHED": report.ReportProjectSnapshotPublished,
    "USER.ANSWER_SUBMITTED": people.UserAnswerSubmitted,
    "WORK.ITEM_COMPLETED": work.WorkItemCompleted,
    "WORK.ITEM_DISPATCHED": work.WorkItemDispatched,
    "WORK.ITEM_FAILED": work.WorkItemFailed,
    "WORK.ITEM_PROGRESSED": work.WorkItemProgressed,
    "WORK.ITEM_REVIEWED": work.WorkItemReviewed,
    "WORK.ITEM_STARTED": work.WorkItemStarted,
    "WORK.ITEM_TIMED_OUT": work.WorkItemTimedOut,
}
