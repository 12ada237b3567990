"""The form that asks a question: made from its schema, and giving back the JSON value."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clarifications.errors import ClarificationError
from clarifications.fields import ABSENT, field_for, kind_of, shown, single_type
from clarifications.models import Question
from clarifications.services import require_fits
from clarifications.tables import rows_of, takes_table
from clarifications.wording import help_text, title_of

PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
SCALARS = {"choice", "boolean", "number", "integer", "string", "date", "date-time"}


class Suggested(Protocol):
    """An answer that was given before."""

    @property
    def value(self) -> Any: ...


class AnswerForm(forms.Form):
    """One field for a value, or one a property for an object of plain values; `answer()` is the JSON value."""

    required_css_class = "required"

    def __init__(
        self,
        question: Question,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        *,
        suggested: Suggested | None = None,
    ) -> None:
        super().__init__(data, files, label_suffix="")
        self.question = question
        self.explanation = ""
        if has_plain_properties(question.schema):
            self.add_properties(question)
        else:
            schema = {**question.schema, "title": title_of(question), "description": question.description}
            self.add_spreadsheet()
            required = "spreadsheet" not in self.fields
            self.fields["answer"] = field_for(schema, name=question.field, reason=question.reason, required=required)
        if suggested is not None:
            self.start_from(suggested.value)

    def add_spreadsheet(self) -> None:
        """A field for a file, where the answer is a table."""
        if takes_table(self.question.schema):
            help_text = _("CSV or XLSX, with a column of tasks and one of durations; or write the rows below.")
            self.fields["spreadsheet"] = forms.FileField(label=_("Spreadsheet"), required=False, help_text=help_text)

    def clean(self) -> dict[str, Any]:
        """A spreadsheet's rows are the answer; without one the rows have to be written."""
        cleaned = super().clean() or {}
        if "spreadsheet" not in self.fields or self.errors:
            return cleaned
        if upload := cleaned.get("spreadsheet"):
            try:
                cleaned["answer"] = rows_of(upload, self.question.schema)
            except ValidationError as error:
                self.add_error("spreadsheet", error)
        elif cleaned["answer"] == ABSENT:
            self.add_error("spreadsheet", _("Choose a file, or write the rows below."))
        return cleaned

    def add_properties(self, question: Question) -> None:
        """A field for each property; what the question says as a whole is the explanation."""
        schema = question.schema
        self.explanation = help_text({"description": question.description}, question.reason, kind="")
        defaults = schema.get("default") if isinstance(schema.get("default"), dict) else {}
        for name, below in schema["properties"].items():
            required = name in schema.get("required", ())
            field = field_for(below, name=name, required=required, default=(defaults or {}).get(name))
            self.fields[f"answer_{name}"] = field

    def start_from(self, value: Any) -> None:
        """Begin with a value that was given before."""
        schema = self.question.schema
        if "answer" in self.fields:
            self.fields["answer"].initial = shown(value, kind_of(schema))
            return
        for name, field in self.fields.items():
            key = name.removeprefix("answer_")
            field.initial = shown((value or {}).get(key), kind_of(schema["properties"][key]))

    def answer(self) -> Any:
        """The JSON value of a valid form; a property that nobody touched is left out."""
        if "answer" in self.fields:
            return self.cleaned_data["answer"]
        given = {name.removeprefix("answer_"): self.cleaned_data[name] for name in self.fields}
        return {name: value for name, value in given.items() if value != ABSENT}

    def fits(self) -> bool:
        """Whether the form is valid and its answer fits the question's schema; if not, it says why."""
        if not self.is_valid():
            return False
        try:
            require_fits(self.question.schema, self.answer())
        except ClarificationError as error:
            self.refuse(error)
        return self.is_valid()

    def refuse(self, error: ClarificationError) -> None:
        """Show why the answer was refused, at the field that is at fault."""
        if "answer" in self.fields:
            self.add_error("spreadsheet" if self.cleaned_data.get("spreadsheet") else "answer", error.message)
            return
        for pointer, message in error.extra.get("problems", [("", error.message)]):
            name = "answer_" + pointer.strip("/")
            self.add_error(name if name in self.fields else None, message)


def has_plain_properties(schema: Mapping[str, Any]) -> bool:
    """Whether the schema is of an object whose every property is a single value."""
    properties = schema.get("properties") or {}
    if single_type(schema) != "object" or not properties or "enum" in schema or "const" in schema:
        return False
    named = set(schema.get("required", ())) <= set(properties)
    return named and all(PLAIN_NAME.fullmatch(n) and kind_of(s) in SCALARS for n, s in properties.items())
