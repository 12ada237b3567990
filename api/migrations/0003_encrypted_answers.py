"""Columns for the encrypted answers that are kept for requests that come again.

The columns in the clear keep their names in the database, where the release before still uses them; only their fields
are renamed. `rotate-keys` moves what stands in them.
"""

import encryption.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0002_claims'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField('keptanswer', 'body', 'plain_body'),
                migrations.AlterField(
                    'keptanswer', 'plain_body',
                    models.JSONField(db_column='body', editable=False, null=True),
                ),
            ],
        ),
        migrations.AddField(
            'keptanswer', 'body',
            encryption.fields.EncryptedField(db_column='encrypted_body', editable=False, null=True),
        ),
    ]
