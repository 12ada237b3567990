"""Columns for the encrypted secrets of webhooks.

The columns in the clear keep their names in the database, where the release before still uses them; only their fields
are renamed. `rotate-keys` moves what stands in them.
"""

import encryption.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0003_key_and_skipped'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField('endpoint', 'secret', 'plain_secret'),
                migrations.AlterField(
                    'endpoint', 'plain_secret',
                    models.CharField(blank=True, db_column='secret', default='', editable=False, max_length=100),
                ),
            ],
        ),
        migrations.AddField(
            'endpoint', 'secret',
            encryption.fields.EncryptedField(db_column='encrypted_secret', editable=False, null=True, verbose_name='secret'),
        ),
    ]
