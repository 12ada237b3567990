"""What the roles may do with webhooks."""

from django.db import migrations

from accounts.roles import grant


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_roles"),
        ("webhooks", "0001_initial"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
