"""Alerts of surveillance with their steps, relations between organisations, and changes of the rules."""

from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0012_serial_blocks_by_spgist'),
        ('trading', '0006_candles'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(choices=[('self_trade', 'orders that meet themselves'), ('round_trip', 'round trips'), ('order_to_trade', 'many orders, few trades'), ('quick_cancel', 'orders canceled at once'), ('band_hit', 'hits of the price band'), ('holding', 'concentration of holdings'), ('open_interest', 'concentration of the book'), ('marking_close', 'marking the close')], max_length=16, verbose_name='rule')),
                ('severity', models.CharField(choices=[('low', 'low'), ('medium', 'medium'), ('high', 'high')], max_length=8, verbose_name='severity')),
                ('organisations', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None, verbose_name='organisations')),
                ('window_starts_at', models.DateTimeField(verbose_name='window from')),
                ('window_ends_at', models.DateTimeField(verbose_name='window to')),
                ('evidence', models.JSONField(verbose_name='evidence')),
                ('opened_at', models.DateTimeField(verbose_name='raised at')),
            ],
            options={
                'verbose_name': 'alert',
                'verbose_name_plural': 'alerts',
            },
        ),
        migrations.CreateModel(
            name='AlertStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='step')),
                ('state', models.CharField(choices=[('open', 'open'), ('under_review', 'under review'), ('unfounded', 'closed as unfounded'), ('escalated', 'escalated')], max_length=16, verbose_name='state')),
                ('reason', models.CharField(blank=True, max_length=1000, verbose_name='reason')),
                ('taken_at', models.DateTimeField(verbose_name='taken at')),
            ],
            options={
                'verbose_name': 'step of an alert',
                'verbose_name_plural': 'steps of alerts',
            },
        ),
        migrations.CreateModel(
            name='Relation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('same_controller', 'same controller'), ('shareholder', 'one is a shareholder of the other'), ('shared_people', 'shared people'), ('agreement', 'acting by agreement')], max_length=16, verbose_name='kind of relation')),
                ('reason', models.CharField(max_length=1000, verbose_name='how it is known')),
                ('declared_at', models.DateTimeField(verbose_name='declared at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('end_reason', models.CharField(blank=True, max_length=1000, verbose_name='why it ended')),
            ],
            options={
                'verbose_name': 'relation between organisations',
                'verbose_name_plural': 'relations between organisations',
            },
        ),
        migrations.CreateModel(
            name='RuleChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(choices=[('self_trade', 'orders that meet themselves'), ('round_trip', 'round trips'), ('order_to_trade', 'many orders, few trades'), ('quick_cancel', 'orders canceled at once'), ('band_hit', 'hits of the price band'), ('holding', 'concentration of holdings'), ('open_interest', 'concentration of the book'), ('marking_close', 'marking the close')], max_length=16, verbose_name='rule')),
                ('thresholds', models.JSONField(verbose_name='thresholds')),
                ('reason', models.CharField(max_length=1000, verbose_name='reason')),
                ('changed_at', models.DateTimeField(verbose_name='changed at')),
            ],
            options={
                'verbose_name': 'change of a rule',
                'verbose_name_plural': 'rules and their changes',
            },
        ),
        migrations.CreateModel(
            name='RuleProgress',
            fields=[
                ('rule', models.CharField(choices=[('self_trade', 'orders that meet themselves'), ('round_trip', 'round trips'), ('order_to_trade', 'many orders, few trades'), ('quick_cancel', 'orders canceled at once'), ('band_hit', 'hits of the price band'), ('holding', 'concentration of holdings'), ('open_interest', 'concentration of the book'), ('marking_close', 'marking the close')], max_length=16, primary_key=True, serialize=False)),
                ('judged_until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name='executedinstruction',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['executed_at'], name='instruction_times', pages_per_range=32),
        ),
        migrations.AddField(
            model_name='alert',
            name='market',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='trading.market', verbose_name='market'),
        ),
        migrations.AddField(
            model_name='alertstep',
            name='alert',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='trading.alert', verbose_name='alert'),
        ),
        migrations.AddField(
            model_name='alertstep',
            name='taken_by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='taken by'),
        ),
        migrations.AddField(
            model_name='relation',
            name='declared_by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='declared by'),
        ),
        migrations.AddField(
            model_name='relation',
            name='ended_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='ended by'),
        ),
        migrations.AddField(
            model_name='relation',
            name='one',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='one organisation'),
        ),
        migrations.AddField(
            model_name='relation',
            name='other',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='other organisation'),
        ),
        migrations.AddField(
            model_name='rulechange',
            name='changed_by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=django.contrib.postgres.indexes.GinIndex(fields=['organisations'], name='alert_by_organisation'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(fields=('rule', 'market', 'organisations', 'window_starts_at'), name='alert_once_a_window'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('window_starts_at__lt', models.F('window_ends_at'))), name='alert_window_has_length'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('organisations__len__in', [1, 2])), name='alert_is_about_somebody'),
        ),
        migrations.AddConstraint(
            model_name='alertstep',
            constraint=models.UniqueConstraint(fields=('alert', 'number'), name='alert_step_once'),
        ),
        migrations.AddConstraint(
            model_name='alertstep',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'under_review'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='alert_decided_with_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='relation',
            constraint=models.CheckConstraint(condition=models.Q(('one__lt', models.F('other'))), name='relation_in_order'),
        ),
        migrations.AddConstraint(
            model_name='relation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='relation_ends_with_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='relation',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('one', 'other', 'kind'), name='relation_declared_once'),
        ),
        migrations.AddIndex(
            model_name='rulechange',
            index=models.Index(fields=['rule', '-id'], name='rule_change_newest'),
        ),
        migrations.RunSQL(
            (SQL / "surveillance.sql").read_text(encoding="utf-8"),
            (SQL / "surveillance_undo.sql").read_text(encoding="utf-8"),
        ),
    ]
