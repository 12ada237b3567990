"""The admin's pages about items, projects and templates; each module registers its own."""

from backlog.admin import items, projects, templates

__all__ = ["items", "projects", "templates"]
