"""The built-in roles, as Django groups, and the permissions of each.

Roles that an organisation defines itself are in `accounts/organisation_roles.py`.
"""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions

REQUESTER, ANSWERER, OPERATOR, ADMINISTRATOR = "requester", "answerer", "operator", "administrator"

REQUEST_PERMISSIONS = ("backlog.add_project",)
VIEW_PERMISSIONS = (
    "backlog.view_project",
    "backlog.view_item",
    "backlog.view_deliverable",
    "backlog.view_template",
    "clarifications.view_question",
)
ANSWER_PERMISSIONS = ("clarifications.change_question",)
STEERING_PERMISSIONS = (
    "backlog.change_item",
    "backlog.change_project",
    "accounts.view_askedact",
    "events.view_event",
    "events.view_deadletter",
    "events.change_deadletter",
)
ADMINISTRATION_PERMISSIONS = (
    "backlog.change_template",
    "backlog.change_modelswitch",
    "backlog.view_modelswitch",
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "accounts.change_organisationrole",
    "accounts.view_apikey",
    "accounts.add_apikey",
    "accounts.change_apikey",
    "accounts.view_auditrecord",
    "auth.view_group",
    "events.view_producer",
    "events.add_producer",
    "events.change_producer",
    "intake.view_quarantinedfile",
    "webhooks.add_endpoint",
    "webhooks.change_endpoint",
    "webhooks.view_endpoint",
    "webhooks.view_delivery",
)

# A requester sees their own projects through the selectors, so needs no permission to view.
ROLES: dict[str, tuple[str, ...]] = {
    REQUESTER: REQUEST_PERMISSIONS,
    ANSWERER: (*REQUEST_PERMISSIONS, *VIEW_PERMISSIONS, *ANSWER_PERMISSIONS),
    OPERATOR: (*REQUEST_PERMISSIONS, *VIEW_PERMISSIONS, *ANSWER_PERMISSIONS, *STEERING_PERMISSIONS),
    ADMINISTRATOR: (
        *REQUEST_PERMISSIONS,
        *VIEW_PERMISSIONS,
        *ANSWER_PERMISSIONS,
        *STEERING_PERMISSIONS,
        *ADMINISTRATION_PERMISSIONS,
    ),
}
# The roles whose members may enter the admin.
STAFF_ROLES = (ANSWERER, OPERATOR, ADMINISTRATOR)


def update_role_groups(using: str = "default", apps: Any = installed, **sent: Any) -> None:
    """Give each role's group exactly the permissions in ROLES whose models exist. Runs after every migrate.

    So a permission that a role loses in the code is taken away by the next migrate. The permissions are created first,
    since Django creates those of later apps only after this receiver has run.
    """
    for label in sorted({permission.partition(".")[0] for role in ROLES.values() for permission in role}):
        create_permissions(installed.get_app_config(label), verbosity=0, using=using, apps=apps)
    known = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in apps.get_model("auth", "Permission").objects.using(using).select_related("content_type")
    }
    for name, permissions in ROLES.items():
        group, _made = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)
        names = [tuple(permission.split(".")) for permission in permissions]
        group.permissions.set([known[parts] for parts in names if parts in known])
