from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0007_traces_of_commits'),
    ]

    operations = [
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.BigIntegerField(help_text='The number of the account, which stays.')),
                ('by', models.CharField(max_length=200)),
                ('reason', models.TextField()),
                ('began_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('counts', models.JSONField(default=dict, help_text='How many rows were changed in each table.')),
                ('archives', models.JSONField(default=list)),
                ('is_open', models.BooleanField(default=False)),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('is_open', True)), fields=['id'], name='erasure_open')],
            },
        ),
    ]
