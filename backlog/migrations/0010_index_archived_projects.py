from django.db import migrations, models

from events.index_operations import AddIndexBesideWriters


class Migration(migrations.Migration):

    # On PostgreSQL the indexes are made while others write.
    atomic = False

    dependencies = [
        ('backlog', '0009_archived_projects'),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name='project',
            index=models.Index(condition=models.Q(models.Q(('finished_at', None), _negated=True), ('archive', None)), fields=['finished_at'], name='project_to_archive'),
        ),
        AddIndexBesideWriters(
            model_name='workcontext',
            index=models.Index(condition=models.Q(('data__has_key', 'rows_ref'), ('data__has_key', 'readings'), _connector='OR'), fields=['project'], name='context_with_files'),
        ),
    ]
