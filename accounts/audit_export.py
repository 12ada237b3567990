"""The audit log for other programs: a JSON object a line, or a line of CEF, the Common Event Format of ArcSight.

CEF: https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/pdfdoc/cef-implementation-standard/
cef-implementation-standard.pdf. In its header backslash and pipe are escaped, in its extension backslash, equals sign
and line breaks.
"""

import orjson

from accounts.audit import AuditRecord

Action = AuditRecord.Action
# From 0 to 10; what takes rights or makes them, and what failed, is of interest first.
ORDINARY, NOTABLE, GRAVE = 3, 5, 7
SEVERITIES = {
    **dict.fromkeys([Action.SIGN_IN_FAILED, Action.KEY_MADE, Action.WEBHOOK_MADE, Action.PASSWORD_CHANGED], NOTABLE),
    **dict.fromkeys(
        [Action.RIGHTS_GIVEN, Action.FILE_QUARANTINED, Action.PERSON_ERASED, Action.PERSON_EXPORTED], GRAVE
    ),
}


def as_json_line(record: AuditRecord) -> str:
    """Return the record as one line of JSON."""
    said = {
        "id": record.pk,
        "recorded_at": record.recorded_at,
        "action": record.action,
        "actor": record.actor,
        "actor_id": record.actor_id,
        "target": record.target,
        "target_id": record.target_id,
        "address": record.address,
        "details": record.details,
        "count": record.count,
    }
    return orjson.dumps(said).decode()


def as_cef_line(record: AuditRecord, version: str) -> str:
    """Return the record as one line of CEF, for this version of Interlock."""
    action = Action(record.action)
    header = ["Interlock", "Interlock", version, action.value, str(action.name).replace("_", " ").capitalize()]
    parts = {
        "rt": str(int(record.recorded_at.timestamp() * 1000)),
        "externalId": str(record.pk),
        "suser": record.actor,
        "suid": "" if record.actor_id is None else str(record.actor_id),
        "duser": record.target,
        "duid": "" if record.target_id is None else str(record.target_id),
        "src": record.address,
        "cnt": str(record.count),
        "msg": record.details,
    }
    severity = SEVERITIES.get(action, ORDINARY)
    extension = " ".join(f"{name}={in_extension(text)}" for name, text in parts.items() if text)
    return "|".join(["CEF:0", *map(in_header, header), str(severity), extension])


def in_header(text: str) -> str:
    """Return the text as a field of the header."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def in_extension(text: str) -> str:
    """Return the text as a value of the extension."""
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
