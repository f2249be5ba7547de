"""Incidents, changes of markets by two, erasures; and what the database refuses while everything is frozen."""

import django.db.models.deletion
from pathlib import Path

from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0028_supply_totals'),
    ]

    operations = [
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
