"""Reports from the draft to the last tranche: assignment, findings, versions, risk assessments, partial issuance."""

from pathlib import Path

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0016_project_life'),
    ]

    operations = [
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('kind', models.CharField(choices=[('corrective_action', 'corrective action'), ('clarification', 'clarification'), ('forward_action', 'forward action')], max_length=24, verbose_name='kind')),
                ('text', models.TextField(verbose_name='finding')),
                ('status', models.CharField(choices=[('open', 'open'), ('answered', 'answered'), ('closed', 'closed')], default='open', max_length=16, verbose_name='status')),
                ('opened_at', models.DateTimeField(verbose_name='opened at')),
                ('answer', models.TextField(blank=True, verbose_name='answer')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered at')),
                ('closing_note', models.TextField(blank=True, verbose_name='closing note')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed at')),
                ('reopening_reason', models.TextField(blank=True, verbose_name='reason of the reopening')),
                ('reopened_at', models.DateTimeField(null=True, verbose_name='reopened at')),
            ],
            options={
                'verbose_name': 'finding',
                'verbose_name_plural': 'findings',
                'ordering': ['report', 'number'],
            },
        ),
        migrations.CreateModel(
            name='ReportVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('case', models.JSONField(verbose_name='case')),
                ('sheet', models.JSONField(verbose_name='calculation sheet')),
                ('sheet_sha256', models.CharField(max_length=64, verbose_name='SHA-256 of the sheet')),
                ('net_t', models.BigIntegerField(verbose_name='net tonnes')),
                ('buffer_t', models.BigIntegerField(verbose_name='tonnes to the buffer pool')),
                ('replaced_at', models.DateTimeField(verbose_name='replaced at')),
            ],
            options={
                'verbose_name': 'version of a report',
                'verbose_name_plural': 'versions of reports',
                'ordering': ['report', 'number'],
            },
        ),
        migrations.CreateModel(
            name='RiskAssessment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('answers', models.JSONField(verbose_name='answers')),
                ('internal', models.DecimalField(decimal_places=2, max_digits=6, verbose_name='internal risks')),
                ('external', models.DecimalField(decimal_places=2, max_digits=6, verbose_name='external risks')),
                ('natural', models.DecimalField(decimal_places=2, max_digits=6, verbose_name='natural risks')),
                ('risk_percent', models.PositiveSmallIntegerField(verbose_name='share for the buffer pool in percent')),
                ('status', models.CharField(choices=[('stated', 'stated'), ('confirmed', 'confirmed'), ('refused', 'refused')], default='stated', max_length=16, verbose_name='status')),
                ('stated_at', models.DateTimeField(verbose_name='stated at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('refusal_reason', models.TextField(blank=True, verbose_name='reason of the refusal')),
            ],
            options={
                'verbose_name': 'risk assessment',
                'verbose_name_plural': 'risk assessments',
                'ordering': ['-id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='batch',
            name='batch_once_a_vintage',
        ),
        migrations.AddField(
            model_name='batch',
            name='tranche',
            field=models.PositiveSmallIntegerField(default=1, verbose_name='tranche'),
        ),
        migrations.AddField(
            model_name='monitoringreport',
            name='accepted_at',
            field=models.DateTimeField(null=True, verbose_name='accepted at'),
        ),
        migrations.AddField(
            model_name='monitoringreport',
            name='accepted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by'),
        ),
        migrations.AddField(
            model_name='monitoringreport',
            name='assigned_at',
            field=models.DateTimeField(null=True, verbose_name='assigned at'),
        ),
        migrations.AddField(
            model_name='monitoringreport',
            name='issued_t',
            field=models.BigIntegerField(default=0, verbose_name='issued tonnes'),
        ),
        migrations.AddField(
            model_name='monitoringreport',
            name='practices',
            field=models.JSONField(default=dict, verbose_name='practices'),
        ),
        migrations.AddField(
            model_name='monitoringreport',
            name='saved_at',
            field=models.DateTimeField(null=True, verbose_name='saved at'),
        ),
        migrations.AddField(
            model_name='monitoringreport',
            name='status_since',
            field=models.DateTimeField(null=True, verbose_name='status since'),
        ),
        migrations.AlterField(
            model_name='batch',
            name='report',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='ledger.monitoringreport', verbose_name='monitoring report'),
        ),
        migrations.AlterField(
            model_name='monitoringreport',
            name='buffer_t',
            field=models.BigIntegerField(default=0, verbose_name='tonnes to the buffer pool'),
        ),
        migrations.AlterField(
            model_name='monitoringreport',
            name='case',
            field=models.JSONField(null=True, verbose_name='case'),
        ),
        migrations.AlterField(
            model_name='monitoringreport',
            name='issuable_t',
            field=models.BigIntegerField(default=0, verbose_name='issuable tonnes'),
        ),
        migrations.AlterField(
            model_name='monitoringreport',
            name='net_t',
            field=models.BigIntegerField(default=0, verbose_name='net tonnes'),
        ),
        migrations.AlterField(
            model_name='monitoringreport',
            name='sheet',
            field=models.JSONField(null=True, verbose_name='calculation sheet'),
        ),
        migrations.AlterField(
            model_name='monitoringreport',
            name='sheet_sha256',
            field=models.CharField(blank=True, max_length=64, verbose_name='SHA-256 of the sheet'),
        ),
        migrations.AlterField(
            model_name='monitoringreport',
            name='submitted_at',
            field=models.DateTimeField(null=True, verbose_name='submitted at'),
        ),
        migrations.RunSQL((SQL / "report_backfill.sql").read_text(encoding="utf-8"), migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.UniqueConstraint(fields=('project', 'vintage', 'tranche'), name='batch_tranche_once_a_vintage'),
        ),
        migrations.AddConstraint(
            model_name='monitoringreport',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('status', 'rejected'), _negated=True), expressions=[(models.Func(models.F('project'), models.F('project'), models.Value('[]'), function='int8range', output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField()), '&&'), (models.Func(models.F('period_starts_on'), models.F('period_ends_on'), models.Value('[]'), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='report_periods_do_not_overlap'),
        ),
        migrations.AddConstraint(
            model_name='monitoringreport',
            constraint=models.CheckConstraint(condition=models.Q(('period_ends_on__gte', models.F('period_starts_on')), ('period_ends_on__year', models.F('vintage')), ('period_starts_on__year', models.F('vintage'))), name='report_period_in_its_vintage'),
        ),
        migrations.AddConstraint(
            model_name='monitoringreport',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'draft'), models.Q(('case__isnull', False), ('sheet__isnull', False), ('submitted_at__isnull', False), models.Q(('sheet_sha256', ''), _negated=True)), _connector='OR'), name='report_is_calculated_unless_a_draft'),
        ),
        migrations.AddConstraint(
            model_name='monitoringreport',
            constraint=models.CheckConstraint(condition=models.Q(('issued_t__gte', 0), ('issued_t__lte', models.F('net_t'))), name='report_issues_no_more_than_it_has'),
        ),
        migrations.AddConstraint(
            model_name='monitoringreport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'issued'), _negated=True), ('issued_t', models.F('net_t')), _connector='OR'), name='report_issued_when_all_is'),
        ),
        migrations.AddField(
            model_name='finding',
            name='answered_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by'),
        ),
        migrations.AddField(
            model_name='finding',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='closed by'),
        ),
        migrations.AddField(
            model_name='finding',
            name='opened_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='opened by'),
        ),
        migrations.AddField(
            model_name='finding',
            name='reopened_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reopened by'),
        ),
        migrations.AddField(
            model_name='finding',
            name='report',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='ledger.monitoringreport', verbose_name='monitoring report'),
        ),
        migrations.AddField(
            model_name='reportversion',
            name='replaced_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='replaced by'),
        ),
        migrations.AddField(
            model_name='reportversion',
            name='report',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='ledger.monitoringreport', verbose_name='monitoring report'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='risk_assessments', to='ledger.project', verbose_name='project'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='stated_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stated by'),
        ),
        migrations.AddField(
            model_name='riskassessment',
            name='verifier',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='risk_assessments', to='ledger.organisation', verbose_name='verifier'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.UniqueConstraint(fields=('report', 'number'), name='finding_number_once_a_report'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(('closed_by__isnull', True), ('answered_by__isnull', True), models.Q(('closed_by', models.F('answered_by')), _negated=True), _connector='OR'), name='finding_closed_by_another'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('status', 'open')), models.Q(('answered_at__isnull', False), ('closed_at__isnull', True), ('status', 'answered')), models.Q(('closed_at__isnull', False), ('status', 'closed')), _connector='OR'), name='finding_is_as_its_times_say'),
        ),
        migrations.AddConstraint(
            model_name='reportversion',
            constraint=models.UniqueConstraint(fields=('report', 'number'), name='report_version_once'),
        ),
        migrations.AddConstraint(
            model_name='riskassessment',
            constraint=models.UniqueConstraint(fields=('project', 'number'), name='risk_number_once_a_project'),
        ),
        migrations.AddConstraint(
            model_name='riskassessment',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'stated')), fields=('project',), name='risk_one_waits_a_project'),
        ),
        migrations.AddConstraint(
            model_name='riskassessment',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('stated_by')), _negated=True), _connector='OR'), name='risk_decided_by_another'),
        ),
        migrations.AddConstraint(
            model_name='riskassessment',
            constraint=models.CheckConstraint(condition=models.Q(('risk_percent__gte', 10), ('risk_percent__lte', 60)), name='risk_share_within_bounds'),
        ),
        migrations.RunSQL(
            (SQL / "report_guards.sql").read_text(encoding="utf-8"),
            (SQL / "report_guards_undo.sql").read_text(encoding="utf-8"),
        ),
    ]
