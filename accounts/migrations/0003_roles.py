"""The roles and their permissions, as groups."""

from django.apps import apps as all_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

from accounts.roles import ROLES

# The apps whose permissions are given here; an app that came later gives its own.
APPS = ("accounts", "auth", "backlog", "clarifications", "events")


def make_roles(apps, schema_editor):
    """One group a role; permissions are made first, since Django makes them only after all migrations."""
    using = schema_editor.connection.alias
    for label in APPS:
        create_permissions(all_apps.get_app_config(label), verbosity=0, using=using, apps=apps)
    permission_model = apps.get_model("auth", "Permission")
    for name, permissions in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)
        for permission in permissions:
            app_label, _, codename = permission.partition(".")
            if app_label not in APPS:
                continue
            found = permission_model.objects.using(using).get(content_type__app_label=app_label, codename=codename)
            group.permissions.add(found)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0002_preferences"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("backlog", "0001_initial"),
        ("clarifications", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("events", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
