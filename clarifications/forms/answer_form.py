"""The form that asks a question: made from its schema, and giving back the JSON value."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from clarifications.errors import ClarificationError
from clarifications.forms.fields import PARTS, Part, field_for, kind_of, parts_of, shown
from clarifications.forms.json_fields import ABSENT, JsonTextField
from clarifications.forms.rows_field import ADD, REMOVE, RowsField, put
from clarifications.forms.tables import FileRows, rows_of, takes_table
from clarifications.models import Question
from clarifications.services import require_fits
from clarifications.wording import help_text, title_of

PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


class Suggested(Protocol):
    """An answer that was given before."""

    @property
    def value(self) -> Any: ...


class AnswerForm(forms.Form):
    """One field for a value, or one for each part of an object; `answer()` is the JSON value."""

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
        self.from_file: FileRows | None = None
        self.parts = {name_of(part): part for part in parts_of(question.schema, PARTS)}
        if self.parts:
            self.add_parts(question)
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
            help_text = _("CSV or XLSX, with a column of tasks and one of durations. Or fill in the table below.")
            self.fields["spreadsheet"] = forms.FileField(label=_("Spreadsheet"), required=False, help_text=help_text)

    def add_parts(self, question: Question) -> None:
        """A field for each part; what the question says as a whole is the explanation."""
        self.explanation = help_text({"description": question.description}, question.reason, kind="")
        for name, part in self.parts.items():
            field = field_for(part.schema, name=part.path[-1], required=part.is_needed)
            field.label = part.title
            self.fields[name] = field
        self.start_from(question.schema.get("default"), only_given=True)

    def start_from(self, value: Any, *, only_given: bool = False) -> None:
        """Begin with a value that was given before; `only_given` leaves the parts' own defaults where it lacks one."""
        schema = self.question.schema
        if not self.parts:
            self.fields["answer"].initial = shown(value, kind_of(schema))
            return
        for name, part in self.parts.items():
            known = value_at(value, part.path)
            if known is not None or not only_given:
                self.fields[name].initial = shown(known, kind_of(part.schema))

    # -- what stands in the way of an answer -------------------------------------------------------
    @property
    def needs_json(self) -> bool:
        """Whether a field takes nothing but JSON, which only staff and programs write."""
        return any(isinstance(field, JsonTextField) for field in self.fields.values())

    @property
    def is_filled_in(self) -> bool:
        """Whether a button asked for a row more or less: the form is shown again, and nothing is sent."""
        tables = [name for name, field in self.fields.items() if isinstance(field, RowsField)]
        return any(f"{name}{end}" in self.data for name in tables for end in (ADD, REMOVE))

    def unjudged(self) -> "AnswerForm":
        """The form as it was typed, with nothing said about it but that a chosen file has to be chosen again."""
        self._errors, self.cleaned_data = ErrorDict(), {}
        if upload := self.files.get("spreadsheet"):
            words = _("“%(name)s” is not kept while you fill in the table: choose it again before you send.")
            self.add_error("spreadsheet", words % {"name": upload.name})
        return self

    # -- the answer --------------------------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        """A spreadsheet's rows are the answer; without one the table has to be filled in."""
        cleaned = super().clean() or {}
        if "spreadsheet" not in self.fields or self.errors:
            return cleaned
        if upload := cleaned.get("spreadsheet"):
            try:
                self.from_file = rows_of(upload, self.question.schema)
                cleaned["answer"] = self.from_file.rows
            except ValidationError as error:
                self.add_error("spreadsheet", error)
        elif not cleaned["answer"]:
            self.add_error("spreadsheet", _("Choose a file, or fill in the table."))
        return cleaned

    def answer(self) -> Any:
        """The JSON value of a valid form; a part that nobody filled in is left out."""
        if not self.parts:
            return self.cleaned_data["answer"]
        given: dict[str, Any] = {}
        for name, part in self.parts.items():
            put(given, part.path, ABSENT if self.cleaned_data[name] == [] else self.cleaned_data[name])
        return given

    def fits(self) -> bool:
        """Whether the form is valid and its answer fits the question's schema; if not, it says why."""
        if not self.is_valid():
            return False
        try:
            require_fits(self.question.schema, self.answer(), title=self.question.title)
        except ClarificationError as error:
            self.refuse(error)
        return self.is_valid()

    def refuse(self, error: ClarificationError) -> None:
        """Show why the answer was refused, at the field or the cell that is at fault."""
        for pointer, message in error.extra.get("problems", [("", error.message)]):
            name, rest = self.field_at(pointer)
            field = self.fields.get(name or "")
            if self.from_file:
                self.add_error(name, self.from_file.fault_at(rest, message))
            else:
                self.add_error(name, field.fault_at(rest, message) if isinstance(field, RowsField) else message)

    def field_at(self, pointer: str) -> tuple[str | None, str]:
        """The field that a place of the answer belongs to, and the rest of the way; no field for the whole of parts."""
        if not self.parts:
            return ("spreadsheet" if self.from_file else "answer"), pointer
        for name, part in self.parts.items():
            place = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in part.path)
            if pointer == place or pointer.startswith(f"{place}/"):
                return name, pointer.removeprefix(place)
        return None, pointer


def name_of(part: Part) -> str:
    """What the field of this part is called; two parts never share a name."""
    return "answer_" + "-".join(key if PLAIN_NAME.fullmatch(key) else key.encode().hex() + "." for key in part.path)


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """What lies at the path in the value; None where there is nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
