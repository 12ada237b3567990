"""The admin's pages about questions; each module registers its own."""

from clarifications.admin import projects, questions

__all__ = ["projects", "questions"]
