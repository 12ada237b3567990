"""The pages that people meet: pictures are taken of each, and each has to be accessible."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shot:
    """A page: what its file is called, its path with the ids of `Demo` in braces, who looks at it ("": anybody)."""

    name: str
    path: str
    person: str


# The first dead letter, template and webhook of a fresh database have number 1; olga is its second account.
SHOTS = (
    Shot("admin-index", "/admin/", "ann"),
    Shot("admin-questions", "/admin/clarifications/question/", "ann"),
    Shot("admin-question", "/admin/clarifications/question/{question}/change/", "ann"),
    Shot("admin-projects", "/admin/backlog/project/", "ann"),
    Shot("admin-project-done", "/admin/backlog/project/{done}/change/", "ann"),
    Shot("admin-project-waiting", "/admin/backlog/project/{waiting}/change/", "ann"),
    Shot("admin-project-running", "/admin/backlog/project/{running}/change/", "ann"),
    Shot("admin-project-failed", "/admin/backlog/project/{failed}/change/", "ann"),
    Shot("admin-dead-letters", "/admin/events/deadletter/", "olga"),
    Shot("admin-dead-letter", "/admin/events/deadletter/1/change/", "olga"),
    Shot("admin-templates", "/admin/backlog/template/", "ann"),
    Shot("admin-template", "/admin/backlog/template/1/change/", "ann"),
    Shot("admin-keys", "/admin/accounts/apikey/", "ann"),
    Shot("admin-key-new", "/admin/accounts/apikey/add/", "ann"),
    Shot("admin-audit-log", "/admin/accounts/auditrecord/", "ann"),
    Shot("admin-audit-entry", "/admin/accounts/auditrecord/1/change/", "ann"),
    Shot("admin-webhooks", "/admin/webhooks/endpoint/", "ann"),
    Shot("admin-webhook", "/admin/webhooks/endpoint/1/change/", "ann"),
    Shot("admin-models", "/admin/backlog/modelswitch/", "ann"),
    Shot("admin-producers", "/admin/events/producer/", "ann"),
    Shot("admin-producer-new", "/admin/events/producer/add/", "ann"),
    Shot("admin-people", "/admin/accounts/user/", "ann"),
    Shot("admin-person", "/admin/accounts/user/2/change/", "ann"),
    Shot("admin-person-new", "/admin/accounts/user/add/", "ann"),
    Shot("admin-role-new", "/admin/accounts/organisationrole/add/", "ann"),
    Shot("admin-second-person", "/admin/accounts/askedact/", "ann"),
    Shot("sign-in", "/sign-in/", ""),
    Shot("forgotten-password", "/sign-in/forgotten/", ""),
    Shot("preferences", "/preferences/", "rita"),
    Shot("sessions", "/preferences/sessions/", "rita"),
    Shot("second-factor", "/preferences/second-factor/", "rita"),
    Shot("away", "/preferences/away/", "rita"),
    Shot("own-keys", "/preferences/keys/", "olga"),
    Shot("home", "/", "rita"),
    Shot("request-new", "/requests/new/", "rita"),
    Shot("question-rows", "/questions/{tasks}/", "rita"),
    Shot("project-done", "/projects/{done}/", "rita"),
    Shot("project-waiting", "/projects/{waiting}/", "rita"),
    Shot("report", "/projects/{done}/report/", "rita"),
    Shot("report-links", "/projects/{done}/links/", "rita"),
    Shot("report-rows", "/projects/{done}/rows/?by=all", "rita"),
    Shot("report-compared", "/projects/{done}/compare/?with={waiting}", "rita"),
    Shot("report-staff", "/projects/{done}/report/", "ann"),
)
