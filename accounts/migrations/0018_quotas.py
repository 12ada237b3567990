import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0017_memberships'),
    ]

    operations = [
        migrations.CreateModel(
            name='Quota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('projects_a_month', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='projects a month')),
                ('bytes_stored', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='bytes stored')),
                ('calls_a_minute', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='REST calls a minute')),
                ('open_connections', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='open streams and live pages')),
                ('month', models.DateField(editable=False, null=True)),
                ('projects_used', models.PositiveBigIntegerField(default=0, editable=False)),
                ('bytes_used', models.PositiveBigIntegerField(default=0, editable=False)),
                ('counted_at', models.DateTimeField(editable=False, null=True)),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='quota', to='accounts.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'quota',
                'verbose_name_plural': 'quotas',
                'default_permissions': (),
            },
        ),
    ]
