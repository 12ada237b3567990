"""The form of a request: its text, the kind of work, a spreadsheet, and the figures that the kind of work needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backlog.blueprints import Definition, definition_of
from backlog.models import Template
from clarifications.contract import pointer_to, with_value_at
from clarifications.errors import InvalidAnswer
from clarifications.forms.answer_form import PLAIN_NAME
from clarifications.forms.fields import CELL_KINDS, field_for, kind_of
from clarifications.forms.json_fields import ABSENT
from clarifications.forms.moments import SHOWN_SUFFIX
from clarifications.services import require_fitting_answer
from intake.uploads import MOST_BYTES
from pages.presentation import translated
from reports.figures import value_in_words

# Parts of the work context that other fields of the form fill; they are no figures.
FILLED_BY_OTHER_FIELDS = ("/request_text", "/rows", "/rows_ref", "/period")

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class KindOfWork:
    """A template as a choice in the form: `figures` holds the JSON Schemas that its items have for each figure."""

    name: str
    title: str
    description: str
    figures: dict[str, list[Schema]]


def kind_from(template: Template) -> KindOfWork:
    """Return the template as a choice, with its texts in the reader's language."""
    definition = definition_of(template.pk)
    return KindOfWork(
        template.name, translated(definition.title), translated(definition.description), figures_of(definition)
    )


def figures_of(definition: Definition) -> dict[str, list[Schema]]:
    """Return {figure: the different schemas that the template's items have for it}."""
    figures: dict[str, list[Schema]] = {}
    for item in definition.items:
        for name, schema in item.needs.get("properties", {}).items():
            if is_figure(name, schema) and schema not in figures.get(name, []):
                figures.setdefault(name, []).append(schema)
    return figures


def is_figure(name: str, schema: Schema) -> bool:
    """Return True if the value fits into one input of a form, and no other field of the form asks for it."""
    if not PLAIN_NAME.fullmatch(name) or kind_of(schema) not in CELL_KINDS:
        return False
    pointer = pointer_to(name, schema)
    return not any(pointer == filled or pointer.startswith(f"{filled}/") for filled in FILLED_BY_OTHER_FIELDS)


class FiguresForm(forms.Form):
    """The figures of one kind of work. All are optional: a figure that is missing is asked for later."""

    def __init__(self, kind: KindOfWork, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial, prefix=f"figures-{kind.name}", label_suffix="")
        self.kind = kind
        for name, schemas in kind.figures.items():
            self.fields[name] = field_for(schemas[0], name=name, required=False)

    def clean(self) -> dict[str, Any]:
        """Check each figure against every schema that the template has for it."""
        for name, value in list(self.cleaned_data.items()):
            if value == ABSENT:
                continue
            try:
                for schema in self.kind.figures[name]:
                    require_fitting_answer(dict(schema), value)
            except InvalidAnswer as error:
                self.add_error(name, error.message)
        return self.cleaned_data

    def filled_in(self) -> list[tuple[str, str]]:
        """Return (label, value in words) of each figure that was filled in."""
        filled = {name: value for name, value in self.cleaned_data.items() if value != ABSENT}
        return [(str(self.fields[name].label), value_in_words(value)) for name, value in filled.items()]

    def context(self) -> dict[str, Any]:
        """Return the figures that were filled in as a work context, each at the place that its schema names."""
        data: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if value != ABSENT:
                data = with_value_at(data, pointer_to(name, self.kind.figures[name][0]), value)
        return data


class RequestForm(forms.Form):
    """The form of a request, with a form of figures for each kind of work.

    Only the figures of the chosen kind are validated and sent; those of the other kinds keep what was typed.
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
            "A list of tasks and how long each took, as CSV or Excel (.xlsx), at most 20 MB. "
            "You see what we read from it before you send the request."
        ),
        required=False,
        max_length=500,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xlsm,text/csv"}),
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
        self.fields["template"].choices = [(kind.name, kind.title) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["template"].initial = kinds[0].name if kinds else None
        self.figures = [self.figures_form(kind) for kind in kinds]

    @property
    def chosen(self) -> str:
        """Return the name of the chosen kind of work; empty if none is chosen."""
        return str(self["template"].value() or "")

    def figures_form(self, kind: KindOfWork) -> FiguresForm:
        """Return the kind's form of figures: bound to the data if the kind is chosen, else with the typed values."""
        if not self.is_bound:
            return FiguresForm(kind)
        if kind.name == self.chosen:
            return FiguresForm(kind, self.data)
        typed = {name: self.data.get(f"figures-{kind.name}-{name}") for name in kind.figures}
        return FiguresForm(kind, initial={name: value for name, value in typed.items() if value is not None})

    @property
    def chosen_figures(self) -> FiguresForm | None:
        """Return the form of figures of the chosen kind, or None."""
        return next((figures for figures in self.figures if figures.kind.name == self.chosen), None)

    def clean_file(self) -> "UploadedFile[Any] | None":
        """Return the file, if any. Raises ValidationError if it is larger than MOST_BYTES."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB: send a part of it, or leave columns out."))
        return file

    def clean(self) -> dict[str, Any]:
        """Add an error unless the request has a text or a file."""
        data = self.cleaned_data
        has_file = data.get("file") is not None or self.has_kept_file or "file" in self.errors
        if "request_text" in data and not data["request_text"] and not has_file:
            self.add_error("request_text", _("Say what should be looked at, or choose a file."))
        return data

    def is_valid(self) -> bool:
        """Return True if the request and the figures of the chosen kind are valid."""
        figures = self.chosen_figures
        figures_fit = figures is None or not figures.is_bound or figures.is_valid()
        return super().is_valid() and figures_fit

    @property
    def text_fields(self) -> list[forms.BoundField]:
        """Return the fields for free text."""
        return [self["request_text"], self["title"]]

    @property
    def validated_forms(self) -> list[forms.Form]:
        """Return the forms whose errors are shown: this one and the chosen kind's figures."""
        figures = self.chosen_figures
        return [self, figures] if figures else [self]

    def typed(self) -> list[tuple[str, str]]:
        """Return (input name, value) of everything that was typed, also at the kinds that are not chosen."""
        own = [self.add_prefix(name) for name in self.fields if name != "file"]
        figures = [form.add_prefix(name) for form in self.figures for name in form.fields]
        # The input of a point in time has a second, hidden input with the time zone in which it was shown.
        names = [part for name in [*own, *figures] for part in (name, f"{name}{SHOWN_SUFFIX}")]
        return [(name, self.data[name]) for name in names if name in self.data]
