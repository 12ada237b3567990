import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0016_organisation_of_audit_record'),
        ('events', '0009_producer'),
    ]

    operations = [
        migrations.AddField(
            model_name='deadletter',
            name='organisation',
            field=models.ForeignKey(db_default=1, db_index=False, editable=False, help_text="That of its event's project, else of its requester, else the first one.", on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation', verbose_name='organisation'),
        ),
    ]
