"""The page of a project's report."""

from typing import Any

from django.test import Client
from django.urls import reverse

from backlog.models import Project


def page(project: Project, name: str = "project") -> str:
    """The address of the project's page, or of another page of its."""
    return reverse(f"portal:{name}", args=[project.pk])


def report_page(client: Client, project: Project) -> Any:
    """The response of the project's report."""
    response = client.get(page(project, "report"))
    assert response.status_code == 200
    return response
