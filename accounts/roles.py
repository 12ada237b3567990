"""The roles people have from the start, as Django groups, and what each may do."""

REQUESTER, ANSWERER, OPERATOR, ADMINISTRATOR = "requester", "answerer", "operator", "administrator"

REQUESTS = ("backlog.add_project",)
LOOKS = (
    "backlog.view_project",
    "backlog.view_item",
    "backlog.view_deliverable",
    "backlog.view_template",
    "clarifications.view_question",
)
ANSWERS = ("clarifications.change_question",)
STEERS = (
    "backlog.change_item",
    "backlog.change_project",
    "events.view_event",
    "events.view_deadletter",
    "events.change_deadletter",
)
ADMINISTERS = (
    "backlog.change_template",
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "auth.view_group",
    "webhooks.add_endpoint",
    "webhooks.change_endpoint",
    "webhooks.view_endpoint",
    "webhooks.view_delivery",
)

# A requester sees their own projects through the selectors, so needs no permission to view.
ROLES: dict[str, tuple[str, ...]] = {
    REQUESTER: REQUESTS,
    ANSWERER: (*REQUESTS, *LOOKS, *ANSWERS),
    OPERATOR: (*REQUESTS, *LOOKS, *ANSWERS, *STEERS),
    ADMINISTRATOR: (*REQUESTS, *LOOKS, *ANSWERS, *STEERS, *ADMINISTERS),
}
# Those who work in the admin.
STAFF = (ANSWERER, OPERATOR, ADMINISTRATOR)
