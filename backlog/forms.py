"""Editing a template: its definition as YAML, saved as a new version."""

from typing import Any

import yaml
from django import forms
from django.core.exceptions import ValidationError

from backlog import blueprints
from backlog.errors import InvalidTemplate
from schemas import strict_json

LONGEST_YAML = 100_000
# Aliases within aliases grow without bound; a template needs one or two.
MOST_ALIASES = 10


class DefinitionForm(forms.Form):
    """A template's definition as YAML; valid when it can be used as it is."""

    definition = forms.CharField(
        label="Definition (YAML)",
        max_length=LONGEST_YAML,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "class": "definition", "spellcheck": "false"}),
        help_text="Saved as a new version. Projects keep the version they began with; new ones take the newest.",
    )

    def clean_definition(self) -> dict[str, Any]:
        """The definition. Raises ValidationError with every fault."""
        definition = read_yaml(self.cleaned_data["definition"])
        try:
            blueprints.parse(definition)
        except InvalidTemplate as error:
            raise ValidationError(error.message) from error
        return definition


def read_yaml(text: str) -> dict[str, Any]:
    """The YAML text as JSON values. Raises ValidationError."""
    try:
        if sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)) > MOST_ALIASES:
            raise ValidationError(f"At most {MOST_ALIASES} aliases (*name) may be used: write the others out.")
        value = strict_json.loads(strict_json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValidationError(f"This is not YAML that can be read: {error}") from error
    if not isinstance(value, dict):
        raise ValidationError("A template is a mapping with `name`, `title` and `items`.")
    return value


def as_yaml(definition: blueprints.Definition) -> str:
    """The definition as it would be written by hand: what is not said stays unsaid."""
    written = definition.model_dump(mode="json", exclude_unset=True)
    return str(yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=100))
