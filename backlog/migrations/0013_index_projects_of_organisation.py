from django.db import migrations, models

from events.index_operations import AddIndexBesideWriters


class Migration(migrations.Migration):

    # On PostgreSQL the index is made while others write.
    atomic = False

    dependencies = [
        ('backlog', '0012_organisation_of_template'),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name='project',
            index=models.Index(fields=['organisation', '-opened_at'], name='project_of_organisation'),
        ),
    ]
