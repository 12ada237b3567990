"""Where names and texts of people are stored: a table of the tables.

A new model has its line here, or in NAMES_NOBODY: a test holds that none is forgotten.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A table that may name people.

    `names` are fields with the name of an account, `texts` what people wrote, `mentions` what Interlock wrote about an
    act, `documents` are JSON.
    """

    model: str
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Return all fields of the table that may name people."""
        return (*self.names, *self.texts, *self.mentions, *self.documents)


PLACES = (
    Place("backlog.Template", names=("created_by",)),
    Place("backlog.Project", names=("requester",), texts=("title", "reason"), documents=("intake",)),
    Place("backlog.WorkContext", documents=("data", "provenance")),
    Place("backlog.Item", texts=("title", "reason"), documents=("evidence", "notes")),
    Place("backlog.Lease", names=("holder",)),
    Place("backlog.Deliverable", names=("agent",), documents=("content",)),
    Place(
        "clarifications.Question",
        names=("asked_by", "declined_by"),
        texts=("title", "description", "declined_because"),
        mentions=("reason",),
    ),
    Place("clarifications.Answer", names=("answered_by", "answered_for"), documents=("value",)),
    Place("clarifications.Notice", mentions=("error",)),
    Place("devices.Device", texts=("endpoint", "name")),
    Place("webhooks.Endpoint", texts=("url", "description"), mentions=("disabled_reason",)),
    Place("webhooks.Delivery", texts=("response_excerpt", "error")),
    Place("intake.QuarantinedFile", names=("sender",), texts=("name", "reason")),
    Place("reports.SharedLink", names=("made_by",), texts=("note",)),
    Place("events.Attempt", texts=("error",)),
    Place("events.SetAside", texts=("reason", "trace")),
    Place("events.DeadLetter", names=("settled_by",), texts=("reason", "trace"), mentions=("note",)),
    Place("events.Pruning", names=("by",)),
    Place("events.Producer", names=("made_by",)),
    Place("events.Erasure", names=("by",), texts=("reason",)),
    Place("accounts.ApiKey", mentions=("name",)),
    Place(
        "accounts.AskedAct",
        names=("title", "asked_by", "settled_by"),
        mentions=("reason",),
        documents=("parameters",),
    ),
    Place("accounts.AuditRecord", names=("actor", "target"), mentions=("details",)),
    Place("admin.LogEntry", mentions=("object_repr", "change_message")),
)
# Erased in a way of their own: `erasing.py`, `ledger.py`, `files.py`.
IN_THEIR_OWN_WAY = frozenset(
    {
        "accounts.User",
        "events.Event",
        "events.Archive",
        "accounts.BrowserSession",
        "accounts.Letter",
        "socialaccount.SocialAccount",
        "mfa.Authenticator",
        "intake.RememberedReading",
        "intake.UnreadRows",
        "api.KeptAnswer",
    }
)
# Hold no name of a person: numbers, digests, names of machines and of permissions.
NAMES_NOBODY = frozenset(
    {
        *(
            "accounts.Absence",
            "accounts.SignInAttempts",
            "accounts.AuditSeal",
            "accounts.Organisation",
            "accounts.OrganisationRole",
            "accounts.Quota",
            "sessions.Session",
            "auth.Group",
            "auth.Permission",
            "contenttypes.ContentType",
        ),
        *("accounts.User_groups", "accounts.User_user_permissions", "auth.Group_permissions"),
        *("events.Outbox", "events.Turn", "events.AbandonedGroup"),
        # Nothing is written to these.
        *("account.EmailAddress", "account.EmailConfirmation", "socialaccount.SocialApp", "socialaccount.SocialToken"),
        *("backlog.ModelCall", "backlog.ModelGrant", "backlog.ModelSwitch"),
        *("clarifications.Blocking", "clarifications.Vote", "clarifications.LedgerPosition", "encryption.DataKey"),
    }
)
