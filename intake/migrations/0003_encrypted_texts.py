"""Columns for encrypted texts from the files of people.

The columns in the clear keep their names in the database, where the release before still uses them; only their fields
are renamed. `rotate-keys` moves what stands in them.
"""

import encryption.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0002_remembered_reading'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField('rememberedreading', 'file_name', 'plain_file_name'),
                migrations.AlterField(
                    'rememberedreading', 'plain_file_name',
                    models.CharField(blank=True, db_column='file_name', default='', editable=False, max_length=200),
                ),
                migrations.RenameField('rememberedreading', 'answers', 'plain_answers'),
                migrations.AlterField(
                    'rememberedreading', 'plain_answers',
                    models.JSONField(db_column='answers', default=dict, editable=False),
                ),
                migrations.RenameField('unreadrows', 'headers', 'plain_headers'),
                migrations.AlterField(
                    'unreadrows', 'plain_headers',
                    models.JSONField(db_column='headers', default=list, editable=False),
                ),
                migrations.RenameField('unreadrows', 'rows', 'plain_rows'),
                migrations.AlterField(
                    'unreadrows', 'plain_rows',
                    models.JSONField(db_column='rows', default=list, editable=False),
                ),
            ],
        ),
        migrations.AddField(
            'rememberedreading', 'file_name',
            encryption.fields.EncryptedField(db_column='encrypted_file_name', editable=False, null=True, verbose_name='name of the file'),
        ),
        migrations.AddField(
            'rememberedreading', 'answers',
            encryption.fields.EncryptedField(db_column='encrypted_answers', editable=False, null=True, verbose_name='answers'),
        ),
        migrations.AddField(
            'unreadrows', 'headers',
            encryption.fields.EncryptedField(db_column='encrypted_headers', editable=False, null=True, verbose_name='columns'),
        ),
        migrations.AddField(
            'unreadrows', 'rows',
            encryption.fields.EncryptedField(db_column='encrypted_rows', editable=False, null=True, verbose_name='rows'),
        ),
    ]
