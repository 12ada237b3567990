"""People and their roles, for administrators."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

from accounts.models import User


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """A person, with how they like to read."""

    list_display = ["username", "get_full_name", "email", "is_staff", "is_active"]
    fieldsets = [*UserAdmin.fieldsets, (_("Preferences"), {"fields": ("language", "time_zone")})]  # type: ignore[misc]
