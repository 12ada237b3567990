"""Takes the admin pages of django-allauth away: what they show is kept by people themselves, or empty."""

from importlib import import_module

from django.apps import apps
from django.contrib import admin

for name in ("account", "socialaccount", "mfa"):
    if apps.is_installed(f"allauth.{name}"):
        import_module(f"allauth.{name}.admin")
        for model in apps.get_app_config(name).get_models():
            if admin.site.is_registered(model):
                admin.site.unregister(model)
