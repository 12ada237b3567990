"""The form of a request: words, a kind of work, a spreadsheet, and the figures that the kind of work needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backlog.blueprints import Definition, definition_of
from backlog.models import Template
from clarifications.contract import merged, pointer_to
from clarifications.errors import InvalidAnswer
from clarifications.forms.answer_form import PLAIN_NAME
from clarifications.forms.fields import CELLS, field_for, kind_of
from clarifications.forms.json_fields import ABSENT
from clarifications.forms.moments import SHOWN
from clarifications.services import require_fits
from intake.uploads import MOST_BYTES
from pages.presentation import spoken
from reports.figures import worded

# What a request says elsewhere than in its figures.
SAID_ELSEWHERE = ("/request_text", "/rows", "/rows_ref", "/period")

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A template as a person chooses it: its name, its words, and the schemas of each figure that it needs."""

    name: str
    title: str
    description: str
    figures: dict[str, list[Schema]]


def kind_from(template: Template) -> Kind:
    """The newest version of a template, to be chosen."""
    definition = definition_of(template.pk)
    return Kind(template.name, spoken(definition.title), spoken(definition.description), figures_of(definition))


def figures_of(definition: Definition) -> dict[str, list[Schema]]:
    """Per figure the schemas that the template's items have for it; only single values, and no request text."""
    found: dict[str, list[Schema]] = {}
    for item in definition.items:
        for name, schema in item.needs.get("properties", {}).items():
            if is_figure(name, schema) and schema not in found.get(name, []):
                found.setdefault(name, []).append(schema)
    return found


def is_figure(name: str, schema: Schema) -> bool:
    """Whether a line of a form can hold it, and the request does not say it elsewhere."""
    if not PLAIN_NAME.fullmatch(name) or kind_of(schema) not in CELLS:
        return False
    pointer = pointer_to(name, schema)
    return not any(pointer == taken or pointer.startswith(f"{taken}/") for taken in SAID_ELSEWHERE)


class FiguresForm(forms.Form):
    """The figures of one kind of work, each optional: what is left out is asked later."""

    def __init__(self, kind: Kind, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial, prefix=f"figures-{kind.name}", label_suffix="")
        self.kind = kind
        for name, schemas in kind.figures.items():
            self.fields[name] = field_for(schemas[0], name=name, required=False)

    def clean(self) -> dict[str, Any]:
        """Each figure fits every schema that the template has for it."""
        for name, value in list(self.cleaned_data.items()):
            if value == ABSENT:
                continue
            try:
                for schema in self.kind.figures[name]:
                    require_fits(dict(schema), value)
            except InvalidAnswer as error:
                self.add_error(name, error.message)
        return self.cleaned_data

    def given(self) -> list[tuple[str, str]]:
        """(label, value) of what was given, in words."""
        filled = {name: value for name, value in self.cleaned_data.items() if value != ABSENT}
        return [(str(self.fields[name].label), worded(value)) for name, value in filled.items()]

    def context(self) -> dict[str, Any]:
        """What was given, each where its schema says it belongs."""
        data: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if value != ABSENT:
                data = merged(data, pointer_to(name, self.kind.figures[name][0]), value)
        return data


class RequestForm(forms.Form):
    """A request. Only the figures of the chosen kind of work count; what was typed at the others is kept."""

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
        kinds: list[Kind],
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
        """The name of the kind of work that is chosen now."""
        return str(self["template"].value() or "")

    def figures_form(self, kind: Kind) -> FiguresForm:
        """The kind's figures: read if it is the chosen one, otherwise shown as they were typed."""
        if not self.is_bound:
            return FiguresForm(kind)
        if kind.name == self.chosen:
            return FiguresForm(kind, self.data)
        typed = {name: self.data.get(f"figures-{kind.name}-{name}") for name in kind.figures}
        return FiguresForm(kind, initial={name: value for name, value in typed.items() if value is not None})

    @property
    def chosen_figures(self) -> FiguresForm | None:
        """The figures that count."""
        return next((figures for figures in self.figures if figures.kind.name == self.chosen), None)

    def clean_file(self) -> "UploadedFile[Any] | None":
        """The file, if one was chosen that is not too large."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB: send a part of it, or leave columns out."))
        return file

    def clean(self) -> dict[str, Any]:
        """There are words or a file."""
        said = self.cleaned_data
        has_file = said.get("file") is not None or self.has_kept_file or "file" in self.errors
        if "request_text" in said and not said["request_text"] and not has_file:
            self.add_error("request_text", _("Say what should be looked at, or choose a file."))
        return said

    def is_valid(self) -> bool:
        """Whether the request and the figures that count are valid."""
        figures = self.chosen_figures
        figures_fit = figures is None or not figures.is_bound or figures.is_valid()
        return super().is_valid() and figures_fit

    @property
    def words(self) -> list[forms.BoundField]:
        """The fields to write in."""
        return [self["request_text"], self["title"]]

    @property
    def shown_forms(self) -> list[forms.Form]:
        """The forms whose errors count: this one and the chosen figures."""
        figures = self.chosen_figures
        return [self, figures] if figures else [self]

    def typed(self) -> list[tuple[str, str]]:
        """(name, value) of everything that was typed, the figures of the kinds not chosen included."""
        plain = [self.add_prefix(name) for name in self.fields if name != "file"]
        figures = [form.add_prefix(name) for form in self.figures for name in form.fields]
        # A moment carries the zone in which it was shown beside it.
        names = [part for name in [*plain, *figures] for part in (name, f"{name}{SHOWN}")]
        return [(name, self.data[name]) for name in names if name in self.data]
