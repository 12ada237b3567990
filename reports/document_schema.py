"""The JSON Schema of a report's document. It is made from the model, so that the two cannot differ.

`schemas/report.v1.schema.json` is its copy for readers: a test compares the two. To write it again after the model has
changed: `manage.py shell -c "from reports.document_schema import write_schema; write_schema()"`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import schemas
from reports.documents import FORM
from reports.model import Report

PATH = Path(schemas.__file__).parent / f"report.v{FORM}.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def report_schema() -> dict[str, Any]:
    """Return the schema; further keys may come with later versions of Interlock, so readers should ignore those."""
    found = TypeAdapter(Report).json_schema(mode="serialization")
    properties = {"form": {"const": FORM, "description": "The version of this form."}, **found["properties"]}
    required = sorted({"form", *found["required"], *found["properties"]})
    return {
        "$schema": DIALECT,
        "$id": f"urn:interlock:report:v{FORM}",
        **found,
        "properties": properties,
        "required": required,
    }


def write_schema() -> None:
    """Write the schema to its file."""
    PATH.write_text(json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
