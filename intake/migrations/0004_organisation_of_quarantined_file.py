import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0016_organisation_of_audit_record'),
        ('intake', '0003_encrypted_texts'),
    ]

    operations = [
        migrations.AddField(
            model_name='quarantinedfile',
            name='organisation',
            field=models.ForeignKey(db_default=1, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation', verbose_name='organisation'),
        ),
    ]
