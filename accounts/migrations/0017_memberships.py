import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0016_organisation_of_audit_record'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='home',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='auditrecord',
            name='action',
            field=models.CharField(choices=[('signed-in', 'Signed in'), ('sign-in-failed', 'Sign-in failed'), ('signed-out', 'Signed out'), ('invited', 'Invited'), ('linked', 'Linked with the single sign-on'), ('joined', 'Linked with another account of the person'), ('left', 'Not linked with another account any more'), ('switched', 'Switched to another organisation'), ('account-made', 'Account made'), ('account-changed', 'Account changed'), ('account-deleted', 'Account deleted'), ('password-changed', 'Password changed'), ('rights-given', 'Rights given'), ('rights-taken', 'Rights taken away'), ('role-made', 'Role made'), ('role-changed', 'Role renamed'), ('role-deleted', 'Role deleted'), ('key-made', 'Key made'), ('key-rotated', 'Key rotated'), ('key-changed', 'Key changed'), ('key-revoked', 'Key revoked'), ('key-deleted', 'Key deleted'), ('webhook-made', 'Webhook made'), ('webhook-changed', 'Webhook changed'), ('webhook-disabled', 'Webhook disabled'), ('webhook-enabled', 'Webhook enabled'), ('webhook-secret-rotated', 'Webhook secret rotated'), ('webhook-deleted', 'Webhook deleted'), ('file-quarantined', 'File put into quarantine'), ('link-made', 'Shared link made'), ('link-opened', 'Shared link opened'), ('link-revoked', 'Shared link revoked'), ('link-deleted', 'Shared link deleted'), ('group-dropped', 'Consumer group dropped'), ('report-opened', 'Report looked at'), ('report-exported', 'Report exported'), ('template-made', 'Template changed'), ('decision-refused', 'Decision refused'), ('quota-changed', 'Quota changed'), ('person-exported', 'Personal data exported'), ('person-erased', 'Person erased')], max_length=30, verbose_name='what'),
        ),
    ]
