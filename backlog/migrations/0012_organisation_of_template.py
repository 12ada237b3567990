import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0013_organisations'),
        ('backlog', '0011_organisation_of_project'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='template',
            name='one_row_a_template_version',
        ),
        migrations.AddField(
            model_name='template',
            name='organisation',
            field=models.ForeignKey(db_default=1, db_index=False, default=1, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation', verbose_name='organisation'),
        ),
        migrations.AddConstraint(
            model_name='template',
            constraint=models.UniqueConstraint(fields=('organisation', 'name', 'version'), name='one_row_a_version_within'),
        ),
    ]
