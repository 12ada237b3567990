"""The form of a request: its text, the kind of work, a spreadsheet, and the figures that the kind of work needs.

"Kind of work" is what people read for a template. A figure is a value of the work context that fits into one input of
a form, such as an hourly rate: a number, a choice, a date or a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backlog.blueprints import definition_of
from backlog.blueprints.definition import Definition
from backlog.models import Template
from clarifications.contract import KNOWN_FIELDS, with_value_at
from clarifications.errors import InvalidAnswer
from clarifications.forms.answer_form import PLAIN_NAME
from clarifications.forms.fields import CELL_KINDS, field_for, kind_of
from clarifications.forms.json_fields import ABSENT
from clarifications.forms.moments import SHOWN_SUFFIX
from clarifications.services import require_fitting_answer
from intake.admission import TooLarge, require_allowed_size
from intake.uploads import display_name
from pages.presentation import translated
from reports.figures import money_in_words, value_in_words
from schemas.restricted import pointer_to

# JSON Pointers to parts of the work context for which the form has no figures: the text and the spreadsheet have fields
# of their own, and the period is read from the dates of the rows, or asked for with what they say.
NOT_ASKED_AS_FIGURES = ("/request_text", "/rows", "/rows_ref", "/period")

# The figures that are an amount of money, and its currency.
MONEY, CURRENCY = "hourly_rate", "currency"

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class KindOfWork:
    """A template as a choice in the form.

    `figures` holds the JSON Schemas of each figure, by its name: several if items of the template differ in theirs.
    `currency` is that of a request which names none; empty if a person is asked.
    """

    name: str
    title: str
    description: str
    figures: dict[str, list[Schema]]
    currency: str = ""


def kind_of_work_from(template: Template) -> KindOfWork:
    """Return the template as a choice in the form, with its texts in the reader's language."""
    definition = definition_of(template.pk)
    title, description = translated(definition.title), translated(definition.description)
    currency = definition.currency or settings.CURRENCY
    return KindOfWork(template.name, title, description, figures_of(definition), currency)


def figures_of(definition: Definition) -> dict[str, list[Schema]]:
    """Return {name of a figure: its schemas}, without repetitions, of all figures that the template's items need."""
    figures: dict[str, list[Schema]] = {}
    for item in definition.items:
        for name, schema in needed_fields(item.needs).items():
            if is_figure(name, schema) and schema not in figures.get(name, []):
                figures.setdefault(name, []).append(schema)
    return figures


def needed_fields(needs: Mapping[str, Any]) -> dict[str, Schema]:
    """Return the schema of each field that an item needs: the template's, else the one that is known for the field."""
    known = {name: KNOWN_FIELDS[name] for name in needs.get("required", ()) if name in KNOWN_FIELDS}
    return {**known, **needs.get("properties", {})}


def is_figure(name: str, schema: Schema) -> bool:
    """Return True if a value of the schema fits into one input, and may be asked for as a figure."""
    if not PLAIN_NAME.fullmatch(name) or kind_of(schema) not in CELL_KINDS:
        return False
    pointer = pointer_to(name, schema)
    return not any(pointer == other or pointer.startswith(f"{other}/") for other in NOT_ASKED_AS_FIGURES)


class FiguresForm(forms.Form):
    """The form for the figures of one kind of work.

    All are optional: if a figure is missing, an item that needs it asks the person a question later.
    """

    def __init__(self, kind: KindOfWork, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial, prefix=f"figures-{kind.name}", label_suffix="")
        self.kind = kind
        for name, schemas in kind.figures.items():
            default = kind.currency if name == CURRENCY else None
            self.fields[name] = field_for(schemas[0], name=name, required=False, default=default or None)

    def clean(self) -> dict[str, Any]:
        """Return the figures, and add an error to each that does not fit every schema that the template has for it."""
        for name, value in list(self.cleaned_data.items()):
            if value == ABSENT:
                continue
            try:
                for schema in self.kind.figures[name]:
                    require_fitting_answer(dict(schema), value)
            except InvalidAnswer as error:
                self.add_error(name, error.message)
        return self.cleaned_data

    def figures_in_words(self) -> list[tuple[str, str]]:
        """Return (label, value in words) of each figure that was filled in."""
        filled = {name: value for name, value in self.cleaned_data.items() if value != ABSENT}
        currency = filled.get(CURRENCY, self.kind.currency)
        words = {name: value_in_words(value) for name, value in filled.items()}
        if MONEY in filled:
            words[MONEY] = money_in_words(filled[MONEY], currency)
        return [(str(self.fields[name].label), text) for name, text in words.items()]

    def work_context(self) -> dict[str, Any]:
        """Return a work context with the figures that were filled in, each at the place that its schema names."""
        data: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if value != ABSENT:
                data = with_value_at(data, pointer_to(name, self.kind.figures[name][0]), value)
        return data


class RequestForm(forms.Form):
    """The form of a request, with a form of figures for each kind of work.

    Only the figures of the chosen kind are validated and sent. The inputs of the other kinds keep what was typed, for
    a person who changes the kind again. `has_kept_file` says that an earlier step of the same request stored a file.
    """

    request_text = forms.CharField(
        label=gettext_lazy("What should be looked at?"),
        help_text=gettext_lazy(
            "Write one or two sentences about what you want to find out. Optional if you send a file."
        ),
        max_length=100_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        help_text=gettext_lazy(
            "A name by which you find this request again. If you leave it empty, we use your first words."
        ),
        max_length=200,
        required=False,
    )
    template = forms.ChoiceField(label=gettext_lazy("Which kind of work is it?"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=gettext_lazy("Spreadsheet"),
        help_text=gettext_lazy(
            "A list of tasks and how long each took, as CSV, Excel or LibreOffice file, at most %(most)s MB. "
            "You see what we read from it before you send the request."
        ),
        required=False,
        max_length=500,  # characters of the file's name
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xlsm,.xls,.ods,.gz,.zip,text/csv"}),
    )

    def __init__(
        self,
        kinds: list[KindOfWork],
        data: Any = None,
        files: Any = None,
        *,
        has_kept_file: bool = False,
    ) -> None:
        super().__init__(data, files, label_suffix="")
        self.kinds, self.has_kept_file = kinds, has_kept_file
        self.fields["file"].help_text %= {"most": settings.SPREADSHEET_LIMITS.most_mb}
        self.fields["template"].choices = [(kind.name, kind.title) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["template"].initial = kinds[0].name if kinds else None
        self.figures = [self.figures_form(kind) for kind in kinds]

    @property
    def chosen_kind_name(self) -> str:
        """Return the name of the chosen kind of work; empty if none is chosen."""
        return str(self["template"].value() or "")

    def figures_form(self, kind: KindOfWork) -> FiguresForm:
        """Return the form for the kind's figures: bound if the kind is chosen, else with the typed texts shown.

        A form that is not bound is not validated.
        """
        if not self.is_bound:
            return FiguresForm(kind)
        if kind.name == self.chosen_kind_name:
            return FiguresForm(kind, self.data)
        typed = {name: self.data.get(f"figures-{kind.name}-{name}") for name in kind.figures}
        return FiguresForm(kind, initial={name: value for name, value in typed.items() if value is not None})

    @property
    def chosen_figures(self) -> FiguresForm | None:
        """Return the form for the figures of the chosen kind, or None if no kind is chosen."""
        return next((figures for figures in self.figures if figures.kind.name == self.chosen_kind_name), None)

    def clean_file(self) -> "UploadedFile[Any] | None":
        """Return the file, or None if none was chosen. Raises ValidationError if it is larger than allowed."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None:
            try:
                require_allowed_size(file.size or 0, display_name(file.name or ""))
            except TooLarge as error:
                raise forms.ValidationError(str(error)) from error
        return file

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data, and add an error unless the request has a text or a file."""
        data = self.cleaned_data
        # A file that was refused has an error of its own: asking for a text as well would mislead.
        has_file = data.get("file") is not None or self.has_kept_file or "file" in self.errors
        if "request_text" in data and not data["request_text"] and not has_file:
            self.add_error("request_text", _("Say what should be looked at, or choose a file."))
        return data

    def is_valid(self) -> bool:
        """Return True if the request and the figures of the chosen kind are valid."""
        figures = self.chosen_figures
        has_valid_figures = figures is None or not figures.is_bound or figures.is_valid()
        return super().is_valid() and has_valid_figures

    @property
    def text_fields(self) -> list[forms.BoundField]:
        """Return the fields for free text, in the order in which the page shows them."""
        return [self["request_text"], self["title"]]

    @property
    def validated_forms(self) -> list[forms.Form]:
        """Return the forms whose errors are shown: this one and the one for the figures of the chosen kind."""
        figures = self.chosen_figures
        return [self, figures] if figures else [self]

    def typed_inputs(self) -> list[tuple[str, str]]:
        """Return (input name, typed text) of each input that was sent, those of kinds that are not chosen included."""
        own = [self.add_prefix(name) for name in self.fields if name != "file"]
        figures = [form.add_prefix(name) for form in self.figures for name in form.fields]
        # The input of a point in time has a second, hidden input with the time zone in which it was shown.
        names = [input_name for name in [*own, *figures] for input_name in (name, f"{name}{SHOWN_SUFFIX}")]
        return [(name, self.data[name]) for name in names if name in self.data]
