"""Security events, from where they came, and resets of second factors."""

import django.db.models.deletion
from pathlib import Path

from django.conf import settings
from django.db import migrations, models


SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0023_log_follower'),
        ('sessions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='SecurityEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('logged_in', 'logged in'), ('new_device', 'logged in by a new browser'), ('locked', 'locked after too many attempts'), ('password_changed', 'password changed'), ('password_reset', 'password reset by e-mail'), ('email_changed', 'e-mail address changed'), ('factor_added', 'second factor added'), ('factor_removed', 'second factor removed'), ('factors_reset', 'second factors reset by the operator'), ('recovery_codes_made', 'recovery codes made'), ('recovery_code_used', 'recovery code used'), ('session_ended', 'session ended'), ('token_made', 'API token made'), ('token_revoked', 'API token revoked')], max_length=24, verbose_name='what happened')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('record_id', models.BigIntegerField(verbose_name='record')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='security_events', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'security event',
                'verbose_name_plural': 'security events',
            },
        ),
        migrations.CreateModel(
            name='EventOrigin',
            fields=[
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='origin', serialize=False, to='ledger.securityevent', verbose_name='security event')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='address')),
                ('browser', models.CharField(blank=True, max_length=80, verbose_name='browser')),
            ],
            options={
                'verbose_name': 'origin of a security event',
                'verbose_name_plural': 'origins of security events',
            },
        ),
        migrations.CreateModel(
            name='FactorReset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('status', models.CharField(choices=[('requested', 'requested'), ('confirmed', 'confirmed'), ('refused', 'refused')], default='requested', max_length=12, verbose_name='status')),
                ('requested_at', models.DateTimeField(verbose_name='entered at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='entered by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='factor_resets', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'reset of second factors',
                'verbose_name_plural': 'resets of second factors',
            },
        ),
        migrations.AddIndex(
            model_name='securityevent',
            index=models.Index(fields=['user', '-id'], name='security_event_of_person'),
        ),
        migrations.AddConstraint(
            model_name='factorreset',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('user', models.F('requested_by')), _negated=True), models.Q(('decided_by__isnull', True), models.Q(models.Q(('decided_by', models.F('requested_by')), _negated=True), models.Q(('decided_by', models.F('user')), _negated=True)), _connector='OR')), name='factor_reset_by_two_others'),
        ),
        migrations.AddConstraint(
            model_name='factorreset',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'requested')), fields=('user',), name='factor_reset_one_open_a_person'),
        ),
        migrations.RunSQL(
            (SQL / "accounts.sql").read_text(encoding="utf-8"), (SQL / "accounts_undo.sql").read_text(encoding="utf-8")
        ),
    ]
