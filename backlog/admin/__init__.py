"""The admin's pages about items, projects and templates; each module registers its own."""

from backlog.admin import items, models_page, projects, templates

__all__ = ["items", "models_page", "projects", "templates"]
