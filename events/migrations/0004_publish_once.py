"""An outbox row for each commit, in place of columns of the ledger: the ledger's rows never change any more."""

from django.db import migrations, models
from django.db.models import F

MOST_EVENTS = 500


def move_unpublished(apps, schema_editor):
    """Name the events that are not published yet in the outbox, where the relay finds them."""
    using = schema_editor.connection.alias
    waiting = apps.get_model("events", "Event").objects.using(using).filter(published_at=None).order_by("seq")
    ids = list(waiting.values_list("event_id", "recorded_at"))
    outbox = apps.get_model("events", "Outbox").objects.using(using)
    for start in range(0, len(ids), MOST_EVENTS):
        part = ids[start : start + MOST_EVENTS]
        outbox.create(owner="", events=b"".join(event_id.bytes for event_id, _ in part), written_at=part[0][1])


def mark_all_handled_and_published(apps, schema_editor):
    """Undo: without these marks the older release would publish every event of the ledger again."""
    events = apps.get_model("events", "Event").objects.using(schema_editor.connection.alias)
    events.update(handled_at=F("recorded_at"), published_at=F("recorded_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0003_set_aside'),
    ]

    operations = [
        migrations.CreateModel(
            name='Outbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.CharField(blank=True, help_text='The process that committed; empty: gave it up.', max_length=100)),
                ('events', models.BinaryField(help_text='The ids of the events, 16 bytes each.')),
                ('written_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunPython(move_unpublished, mark_all_handled_and_published),
        migrations.RemoveIndex(
            model_name='event',
            name='event_unpublished',
        ),
        migrations.RemoveIndex(
            model_name='event',
            name='event_unanswered',
        ),
        migrations.RemoveField(
            model_name='event',
            name='handled_at',
        ),
        migrations.RemoveField(
            model_name='event',
            name='next_publish_at',
        ),
        migrations.RemoveField(
            model_name='event',
            name='published_at',
        ),
        migrations.RemoveField(
            model_name='event',
            name='publishes',
        ),
        migrations.RemoveField(
            model_name='event',
            name='work_id',
        ),
    ]
