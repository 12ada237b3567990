"""What the roles may do with webhooks."""

from django.apps import apps as all_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

from accounts.roles import ROLES


def give_permissions(apps, schema_editor):
    """The roles' permissions; these are made first, since Django makes them only after all migrations."""
    using = schema_editor.connection.alias
    create_permissions(all_apps.get_app_config("webhooks"), verbosity=0, using=using, apps=apps)
    permission_model = apps.get_model("auth", "Permission")
    for name, permissions in ROLES.items():
        codenames = [p.removeprefix("webhooks.") for p in permissions if p.startswith("webhooks.")]
        found = permission_model.objects.using(using).filter(content_type__app_label="webhooks", codename__in=codenames)
        group, _ = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)
        group.permissions.add(*found)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_roles"),
        ("webhooks", "0001_initial"),
    ]

    operations = [migrations.RunPython(give_permissions, migrations.RunPython.noop)]
