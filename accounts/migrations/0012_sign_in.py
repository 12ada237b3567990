import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_personal_data'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='must_change_password',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='has_second_factor',
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name='second factor'),
        ),
        migrations.AddField(
            model_name='user',
            name='verified_email',
            field=models.EmailField(blank=True, db_default='', default='', editable=False, max_length=254),
        ),
        migrations.AlterField(
            model_name='auditrecord',
            name='action',
            field=models.CharField(choices=[('signed-in', 'Signed in'), ('sign-in-failed', 'Sign-in failed'), ('signed-out', 'Signed out'), ('invited', 'Invited'), ('linked', 'Linked with the single sign-on'), ('account-made', 'Account made'), ('account-changed', 'Account changed'), ('account-deleted', 'Account deleted'), ('password-changed', 'Password changed'), ('rights-given', 'Rights given'), ('rights-taken', 'Rights taken away'), ('role-made', 'Role made'), ('role-changed', 'Role renamed'), ('role-deleted', 'Role deleted'), ('key-made', 'Key made'), ('key-rotated', 'Key rotated'), ('key-changed', 'Key changed'), ('key-revoked', 'Key revoked'), ('key-deleted', 'Key deleted'), ('webhook-made', 'Webhook made'), ('webhook-changed', 'Webhook changed'), ('webhook-disabled', 'Webhook disabled'), ('webhook-enabled', 'Webhook enabled'), ('webhook-secret-rotated', 'Webhook secret rotated'), ('webhook-deleted', 'Webhook deleted'), ('file-quarantined', 'File put into quarantine'), ('link-made', 'Shared link made'), ('link-opened', 'Shared link opened'), ('link-revoked', 'Shared link revoked'), ('link-deleted', 'Shared link deleted'), ('group-dropped', 'Consumer group dropped'), ('report-opened', 'Report looked at'), ('report-exported', 'Report exported'), ('template-made', 'Template changed'), ('person-exported', 'Personal data exported'), ('person-erased', 'Person erased')], max_length=30, verbose_name='what'),
        ),
        migrations.CreateModel(
            name='BrowserSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('session_key', models.CharField(max_length=40, unique=True)),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='from')),
                ('browser', models.CharField(blank=True, max_length=200, verbose_name='browser')),
                ('signed_in_at', models.DateTimeField(auto_now_add=True, verbose_name='signed in')),
                ('used_at', models.DateTimeField(db_index=True, verbose_name='last used')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='browsers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=16)),
                ('typed_address', models.CharField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
