"""The form for answering a question. Its fields are made from the question's schema; its result is a JSON value."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from clarifications.errors import ClarificationError
from clarifications.forms.fields import PART_KINDS, Part, field_for, initial_value, kind_of, parts_of
from clarifications.forms.json_fields import ABSENT, JsonTextField
from clarifications.forms.rows_field import ADD_SUFFIX, REMOVE_SUFFIX, RowsField, set_at_path
from clarifications.forms.tables import FileRows, rows_of, takes_table
from clarifications.models import Question
from clarifications.services import require_fitting_answer
from clarifications.wording import help_text, question_title

PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


class Suggested(Protocol):
    """An earlier answer from which the form can start."""

    @property
    def value(self) -> Any: ...


class AnswerForm(forms.Form):
    """A form with one field, or with one field for each part of an object; `answer()` returns the JSON value."""

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
        self.parts = {name_of(part): part for part in parts_of(question.schema, PART_KINDS)}
        if self.parts:
            self.add_parts(question)
        else:
            schema = {**question.schema, "title": question_title(question), "description": question.description}
            self.add_spreadsheet()
            required = "spreadsheet" not in self.fields
            self.fields["answer"] = field_for(schema, name=question.field, reason=question.reason, required=required)
        if suggested is not None:
            self.start_from(suggested.value)

    def add_spreadsheet(self) -> None:
        """Add a field for a spreadsheet if the answer is a table."""
        if takes_table(self.question.schema):
            help_text = _("CSV or XLSX, with a column of tasks and one of durations. Or fill in the table below.")
            self.fields["spreadsheet"] = forms.FileField(label=_("Spreadsheet"), required=False, help_text=help_text)

    def add_parts(self, question: Question) -> None:
        """Add a field for each part of the object; the question's own description becomes the form's explanation."""
        told = {"description": question.description, "x_reason": question.schema.get("x_reason")}
        self.explanation = help_text(told, question.reason, kind="")
        for name, part in self.parts.items():
            field = field_for(part.schema, name=part.path[-1], required=part.is_needed)
            field.label = part.title
            self.fields[name] = field
        self.start_from(question.schema.get("default"), only_given=True)

    def start_from(self, value: Any, *, only_given: bool = False) -> None:
        """Set the initial values of the fields from a value.

        With `only_given`, a part that the value lacks keeps the default of its own schema.
        """
        schema = self.question.schema
        if not self.parts:
            self.fields["answer"].initial = initial_value(value, kind_of(schema))
            return
        for name, part in self.parts.items():
            known = value_at(value, part.path)
            if known is not None or not only_given:
                self.fields[name].initial = initial_value(known, kind_of(part.schema))

    # -- why the form may have no answer yet -------------------------------------------------------
    @property
    def needs_json(self) -> bool:
        """True if a field can only be filled in with JSON, which requesters cannot be expected to write."""
        return any(isinstance(field, JsonTextField) for field in self.fields.values())

    @property
    def is_filled_in(self) -> bool:
        """True if the button pressed adds or removes a row: the form is then shown again and no answer is given."""
        tables = [name for name, field in self.fields.items() if isinstance(field, RowsField)]
        return any(f"{name}{end}" in self.data for name in tables for end in (ADD_SUFFIX, REMOVE_SUFFIX))

    def unjudged(self) -> "AnswerForm":
        """Return the form with what was typed and without errors, but for a hint that a file must be chosen again."""
        self._errors, self.cleaned_data = ErrorDict(), {}
        if upload := self.files.get("spreadsheet"):
            words = _("“%(name)s” is not kept while you fill in the table: choose it again before you send.")
            self.add_error("spreadsheet", words % {"name": upload.name})
        return self

    # -- the answer --------------------------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        """Take the answer from the spreadsheet if there is one, else require the table to be filled in."""
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
        """Return the JSON value of a valid form; parts that were not filled in are left out."""
        if not self.parts:
            return self.cleaned_data["answer"]
        value: dict[str, Any] = {}
        for name, part in self.parts.items():
            set_at_path(value, part.path, ABSENT if self.cleaned_data[name] == [] else self.cleaned_data[name])
        return value

    def fits(self) -> bool:
        """Return True if the form is valid and its answer fits the question's schema; else show the errors on it."""
        if not self.is_valid():
            return False
        try:
            require_fitting_answer(self.question.schema, self.answer(), title=self.question.title)
        except ClarificationError as error:
            self.refuse(error)
        return self.is_valid()

    def refuse(self, error: ClarificationError) -> None:
        """Add the error's problems to the form, each at its field or cell."""
        for pointer, message in error.extra.get("problems", [("", error.message)]):
            name, rest = self.field_at(pointer)
            field = self.fields.get(name or "")
            if self.from_file:
                self.add_error(name, self.from_file.fault_at(rest, message))
            else:
                self.add_error(name, field.fault_at(rest, message) if isinstance(field, RowsField) else message)

    def field_at(self, pointer: str) -> tuple[str | None, str]:
        """Return the name of the field that a JSON Pointer of the answer leads into, and the rest of the pointer.

        The name is None if the pointer leads into no single part.
        """
        if not self.parts:
            return ("spreadsheet" if self.from_file else "answer"), pointer
        for name, part in self.parts.items():
            place = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in part.path)
            if pointer == place or pointer.startswith(f"{place}/"):
                return name, pointer.removeprefix(place)
        return None, pointer


def name_of(part: Part) -> str:
    """Return the form field's name for this part; unique, since unusual characters of a key are written in hex."""
    return "answer_" + "-".join(key if PLAIN_NAME.fullmatch(key) else key.encode().hex() + "." for key in part.path)


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """Return the value at the path, or None if there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
