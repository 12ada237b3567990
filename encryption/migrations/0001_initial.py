import uuid

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='DataKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('wrapped', models.BinaryField(help_text='The key, sealed by a key-encryption key.')),
                ('wrapped_by', models.CharField(help_text='The id of that key-encryption key.', max_length=200)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('rotated_at', models.DateTimeField(help_text='When every value was encrypted with it; empty while that is still being done.', null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
