"""What the roles may do with webhooks."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_roles"),
        ("webhooks", "0001_initial"),
    ]

    # `accounts.roles` brings the groups in line after every migrate, so history holds no copy of the roles.
    operations = []
