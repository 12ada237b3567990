import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_dropped_groups'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditrecord',
            name='action',
            field=models.CharField(choices=[('signed-in', 'Signed in'), ('sign-in-failed', 'Sign-in failed'), ('signed-out', 'Signed out'), ('account-made', 'Account made'), ('account-changed', 'Account changed'), ('account-deleted', 'Account deleted'), ('password-changed', 'Password changed'), ('rights-given', 'Rights given'), ('rights-taken', 'Rights taken away'), ('role-made', 'Role made'), ('role-changed', 'Role renamed'), ('role-deleted', 'Role deleted'), ('key-made', 'Key made'), ('key-rotated', 'Key rotated'), ('key-changed', 'Key changed'), ('key-revoked', 'Key revoked'), ('key-deleted', 'Key deleted'), ('webhook-made', 'Webhook made'), ('webhook-changed', 'Webhook changed'), ('webhook-disabled', 'Webhook disabled'), ('webhook-enabled', 'Webhook enabled'), ('webhook-secret-rotated', 'Webhook secret rotated'), ('webhook-deleted', 'Webhook deleted'), ('file-quarantined', 'File put into quarantine'), ('link-made', 'Shared link made'), ('link-opened', 'Shared link opened'), ('link-revoked', 'Shared link revoked'), ('link-deleted', 'Shared link deleted'), ('group-dropped', 'Consumer group dropped'), ('report-opened', 'Report looked at'), ('report-exported', 'Report exported'), ('template-made', 'Template changed'), ('person-exported', 'Personal data exported'), ('person-erased', 'Person erased')], max_length=30, verbose_name='what'),
        ),
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_id', models.BigIntegerField()),
                ('last_id', models.BigIntegerField(unique=True)),
                ('ids', models.JSONField()),
                ('digests', models.BinaryField()),
                ('digest', models.CharField(max_length=64)),
                ('sealed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
