from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


def make_first(apps: Any, schema_editor: Any) -> None:
    """Make the organisation of everything that exists. The sequence gives it the number 1, and goes on from there."""
    apps.get_model("accounts", "Organisation").objects.using(schema_editor.connection.alias).create(
        name="Default", slug="default"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_sign_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='short name')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='made')),
            ],
            options={
                'verbose_name': 'organisation',
                'verbose_name_plural': 'organisations',
                'ordering': ['name'],
                'default_permissions': (),
            },
        ),
        migrations.RunPython(make_first, migrations.RunPython.noop),
        migrations.AddField(
            model_name='user',
            name='organisation',
            field=models.ForeignKey(db_default=1, db_index=False, default=1, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation', verbose_name='organisation'),
        ),
    ]
