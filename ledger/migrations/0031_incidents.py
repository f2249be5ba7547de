"""Incidents, locked accounts, erasures; and what the database refuses while everything is frozen."""

import django.db.models.deletion
from pathlib import Path

from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0030_log_bindings'),
    ]

    operations = [
        migrations.AlterField(
            model_name='securityevent',
            name='kind',
            field=models.CharField(choices=[('logged_in', 'logged in'), ('new_device', 'logged in by a new browser'), ('locked', 'locked after too many attempts'), ('password_changed', 'password changed'), ('password_reset', 'password reset by e-mail'), ('email_changed', 'e-mail address changed'), ('factor_added', 'second factor added'), ('factor_removed', 'second factor removed'), ('factors_reset', 'second factors reset by the operator'), ('recovery_codes_made', 'recovery codes made'), ('recovery_code_used', 'recovery code used'), ('session_ended', 'session ended'), ('token_made', 'API token made'), ('token_revoked', 'API token revoked'), ('account_locked', 'account locked by the operator'), ('account_unlocked', 'account unlocked by the operator')], max_length=24, verbose_name='what happened'),
        ),
        migrations.CreateModel(
            name='AccountLock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('locked_at', models.DateTimeField(verbose_name='locked at')),
                ('unlocked_at', models.DateTimeField(null=True, verbose_name='unlocked at')),
                ('locked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='locked by')),
                ('unlocked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='unlocked by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='locks', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'locked account',
                'verbose_name_plural': 'locked accounts',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('user', models.F('locked_by')), _negated=True), models.Q(('unlocked_by__isnull', True), models.Q(models.Q(('unlocked_by', models.F('locked_by')), _negated=True), models.Q(('unlocked_by', models.F('user')), _negated=True)), _connector='OR')), name='account_unlocked_by_another'), models.UniqueConstraint(condition=models.Q(('unlocked_at', None)), fields=('user',), name='account_lock_one_open_a_person')],
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('requested', 'requested'), ('done', 'done'), ('refused', 'refused')], default='requested', max_length=12, verbose_name='status')),
                ('requested_at', models.DateTimeField(verbose_name='entered at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('household', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to='ledger.household', verbose_name='member household')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='entered by')),
            ],
            options={
                'verbose_name': 'erasure of personal data',
                'verbose_name_plural': 'erasures of personal data',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('household__isnull', False), ('person__isnull', True)), models.Q(('household__isnull', True), ('person__isnull', False)), _connector='OR'), name='erasure_of_one'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'done'), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('requested_by')), _negated=True), models.Q(('person__isnull', True), models.Q(('decided_by', models.F('person')), _negated=True), _connector='OR')), _connector='OR'), name='erasure_decided_by_another'), models.UniqueConstraint(condition=models.Q(('status', 'requested')), fields=('person',), name='erasure_one_open_a_person'), models.UniqueConstraint(condition=models.Q(('status', 'requested')), fields=('household',), name='erasure_one_open_a_household')],
            },
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(choices=[('trading', 'trading'), ('withdrawals', 'withdrawals'), ('everything', 'everything')], max_length=16, verbose_name='frozen')),
                ('reason', models.CharField(max_length=160, verbose_name='reason')),
                ('begun_at', models.DateTimeField(verbose_name='frozen at')),
                ('lift_requested_at', models.DateTimeField(null=True, verbose_name='lift asked for at')),
                ('lift_reason', models.CharField(blank=True, max_length=200, verbose_name='why it may be lifted')),
                ('auction_minutes', models.PositiveSmallIntegerField(default=0, verbose_name='call auction before trading, in minutes')),
                ('lifted_at', models.DateTimeField(null=True, verbose_name='lifted at')),
                ('begun_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='frozen by')),
                ('lift_requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lift asked for by')),
                ('lifted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lifted by')),
            ],
            options={
                'verbose_name': 'incident',
                'verbose_name_plural': 'incidents',
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('scope',), name='incident_one_open_a_scope'), models.CheckConstraint(condition=models.Q(models.Q(('lifted_at__isnull', True), ('lifted_by__isnull', True)), models.Q(('lift_requested_by__isnull', False), ('lifted_at__isnull', False), ('lifted_by__isnull', False), models.Q(('lifted_by', models.F('lift_requested_by')), _negated=True)), _connector='OR'), name='incident_lifted_by_two'), models.CheckConstraint(condition=models.Q(models.Q(('lift_requested_at__isnull', True), ('lift_requested_by__isnull', True)), models.Q(('lift_requested_at__isnull', False), ('lift_requested_by__isnull', False)), _connector='OR'), name='incident_lift_asked_for_whole')],
            },
        ),
        migrations.RunSQL((SQL / "incidents.sql").read_text(), (SQL / "incidents_undo.sql").read_text()),
    ]
