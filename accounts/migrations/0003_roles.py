"""The roles and their permissions, as groups."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_preferences"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("backlog", "0001_initial"),
        ("clarifications", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("events", "0001_initial"),
    ]

    # `accounts.roles` brings the groups in line after every migrate, so history holds no copy of the roles.
    operations = []
