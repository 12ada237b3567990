"""The paths of the REST interface; each may also be written with a slash at the end."""

from typing import Any

from django.urls import URLPattern, path, re_path

from api import (
    asking,
    contracts,
    dead_letters,
    follow,
    items,
    ledger,
    projects,
    question_acts,
    questions,
    reports,
    templates,
    webhooks,
    work,
    work_data,
)
from api.endpoint import UnknownPath

VIEWS: dict[str, type[Any]] = {
    "me": contracts.Me,
    "stats": contracts.Figures,
    "schemas": contracts.Contracts,
    "schemas/<str:event_type>/<int:version>": contracts.OneContract,
    "projects": projects.Projects,
    "projects/<uuid:project_id>": projects.OneProject,
    "projects/<uuid:project_id>/context": projects.ProjectContext,
    "projects/<uuid:project_id>/cancel": projects.CancelProject,
    "projects/<uuid:project_id>/report": reports.ProjectReport,
    "projects/<uuid:project_id>/links": reports.Links,
    "projects/<uuid:project_id>/links/<uuid:link_id>/revoke": reports.RevokeLink,
    "projects/<uuid:project_id>/events/stream": follow.ProjectStream,
    "items": items.Items,
    "items/<uuid:item_id>": items.OneItem,
    "items/<uuid:item_id>/dispatch": items.DispatchItem,
    "items/<uuid:item_id>/retry": items.RetryItem,
    "items/<uuid:item_id>/cancel": items.CancelItem,
    "items/<uuid:item_id>/waive": items.WaiveItem,
    "questions": asking.QuestionsAndAsking,
    "questions/<uuid:question_id>": questions.OneQuestion,
    "questions/<uuid:question_id>/answer": question_acts.AnswerQuestion,
    "questions/<uuid:question_id>/decline": question_acts.DeclineQuestion,
    "questions/<uuid:question_id>/claim": question_acts.ClaimQuestion,
    "questions/<uuid:question_id>/release": question_acts.ReleaseQuestion,
    "questions/<uuid:question_id>/assign": question_acts.AssignQuestion,
    "approvals": asking.ApprovalsAndRequesting,
    "approvals/<uuid:question_id>/approve": question_acts.Approve,
    "approvals/<uuid:question_id>/reject": question_acts.Reject,
    "deliverables": ledger.Deliverables,
    "deliverables/<uuid:deliverable_id>": ledger.OneDeliverable,
    "deliverables/<uuid:deliverable_id>/file": ledger.DeliverableFile,
    "deliverables/<uuid:deliverable_id>/csv": ledger.DeliverableTable,
    "events": ledger.Events,
    "events/<uuid:event_id>": ledger.OneEvent,
    "dead-letters": dead_letters.DeadLetters,
    "dead-letters/<int:letter_id>": dead_letters.OneDeadLetter,
    "dead-letters/<int:letter_id>/replay": dead_letters.Replay,
    "dead-letters/<int:letter_id>/discard": dead_letters.Discard,
    "templates": templates.Templates,
    "templates/validate": templates.Check,
    "templates/<slug:name>/versions": templates.Versions,
    "templates/<slug:name>/versions/<int:version>": templates.OneVersion,
    "webhooks": webhooks.Webhooks,
    "webhooks/<int:webhook_id>": webhooks.OneWebhook,
    "webhooks/<int:webhook_id>/rotate": webhooks.RotateSecret,
    "webhooks/<int:webhook_id>/disable": webhooks.Disable,
    "webhooks/<int:webhook_id>/enable": webhooks.Enable,
    "webhooks/<int:webhook_id>/deliveries": webhooks.Deliveries,
    "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/resend": webhooks.Resend,
    "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/skip": webhooks.Skip,
    "work/lease": work.LeaseItems,
    "work/<uuid:lease>/heartbeat": work.Heartbeat,
    "work/<uuid:lease>/progress": work.ReportProgress,
    "work/<uuid:lease>/deliverables": work.Deliver,
    "work/<uuid:lease>/complete": work.Complete,
    "work/<uuid:lease>/fail": work.Fail,
    "work/<uuid:lease>/ask": work.Ask,
    "work/<uuid:lease>/artifacts/<str:digest>": work_data.Artifact,
}


def with_and_without_slash(route: str, view: type[Any]) -> list[URLPattern]:
    """Return the URL patterns of a path without and with a slash at the end."""
    endpoint = view.as_view()
    return [path(route, endpoint), path(f"{route}/", endpoint)]


urlpatterns = [
    *(pattern for route, view in VIEWS.items() for pattern in with_and_without_slash(route, view)),
    re_path("", UnknownPath.as_view()),
]
