"""Statements of the operator's bank account, with their entries."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0005_corrections'),
    ]

    operations = [
        migrations.CreateModel(
            name='BankStatement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True, verbose_name='SHA-256 of the file')),
                ('format', models.CharField(choices=[('camt053', 'camt.053'), ('csv', 'CSV')], max_length=8, verbose_name='format')),
                ('account', models.CharField(max_length=64, verbose_name='bank account')),
                ('currency', models.CharField(default='CNY', max_length=3, verbose_name='currency')),
                ('starts_on', models.DateField(verbose_name='first day')),
                ('ends_on', models.DateField(verbose_name='last day')),
                ('opening_fen', models.BigIntegerField(null=True, verbose_name='opening balance in fen')),
                ('closing_fen', models.BigIntegerField(null=True, verbose_name='closing balance in fen')),
                ('duplicates', models.PositiveIntegerField(verbose_name='entries known before')),
                ('skipped', models.PositiveIntegerField(verbose_name='entries not booked')),
                ('imported_at', models.DateTimeField(verbose_name='imported at')),
                ('record_id', models.BigIntegerField(verbose_name='record')),
                ('imported_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='imported by')),
            ],
            options={
                'verbose_name': 'bank statement',
                'verbose_name_plural': 'bank statements',
            },
        ),
        migrations.CreateModel(
            name='BankEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bank_reference', models.CharField(max_length=64, verbose_name='bank reference')),
                ('direction', models.CharField(choices=[('credit', 'paid in'), ('debit', 'paid out')], max_length=8, verbose_name='direction')),
                ('amount_fen', models.BigIntegerField(verbose_name='amount in fen')),
                ('booked_on', models.DateField(verbose_name='booked on')),
                ('is_reversal', models.BooleanField(default=False, verbose_name='takes back an earlier entry')),
                ('payments', models.PositiveIntegerField(default=1, verbose_name='payments booked in one')),
                ('counterparty_name', models.CharField(blank=True, max_length=200, verbose_name='counterparty')),
                ('counterparty_account', models.CharField(blank=True, max_length=64, verbose_name="counterparty's account")),
                ('counterparty_code', models.CharField(blank=True, max_length=64, verbose_name="counterparty's code")),
                ('text', models.TextField(blank=True, verbose_name='remittance text')),
                ('status', models.CharField(choices=[('open', 'to be matched'), ('matched', 'matched'), ('ignored', 'set aside')], default='open', max_length=8, verbose_name='status')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason for setting it aside')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='handled at')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='handled by')),
                ('payment', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bank_entry', to='ledger.payment', verbose_name='payment')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='ledger.bankstatement', verbose_name='bank statement')),
            ],
            options={
                'verbose_name': 'bank entry',
                'verbose_name_plural': 'bank entries',
            },
        ),
        migrations.AddIndex(
            model_name='bankstatement',
            index=models.Index(fields=['account', 'starts_on'], name='bank_statement_of_account'),
        ),
        migrations.AddConstraint(
            model_name='bankstatement',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='bank_statement_period_in_order'),
        ),
        migrations.AddIndex(
            model_name='bankentry',
            index=models.Index(fields=['bank_reference'], name='bank_entry_by_reference'),
        ),
        migrations.AddConstraint(
            model_name='bankentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='bank_entry_moves_something'),
        ),
        migrations.AddConstraint(
            model_name='bankentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('payment__isnull', False), ('status', 'matched')), models.Q(models.Q(('status', 'matched'), _negated=True), ('payment__isnull', True)), _connector='OR'), name='bank_entry_matched_with_a_payment'),
        ),
        migrations.AddConstraint(
            model_name='bankentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'ignored'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='bank_entry_set_aside_for_a_reason'),
        ),
        # A statement is what the bank has said: its entries are decided on, itself it is never changed.
        migrations.RunSQL("SELECT make_append_only('ledger_bankstatement')", migrations.RunSQL.noop),
    ]
