"""What becomes of credits after they are issued: transfers, cancellations, reversals, and more about retirements."""

from pathlib import Path

import django.db.models.deletion
import django.db.models.expressions
import ledger.journal.fields
import uuid
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0019_report_verification'),
    ]

    operations = [
        migrations.CreateModel(
            name='Cancellation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='public id')),
                ('kind', models.CharField(choices=[('voluntary', 'by their holder'), ('buffer', 'from the buffer pool, for a reversal'), ('replenishment', 'to make up for a reversal'), ('administrative', 'by the operator')], max_length=16, verbose_name='kind')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('serials', ledger.journal.fields.SerialRangesField(verbose_name='serial numbers')),
                ('reason', models.CharField(choices=[('no_claim', 'for the climate, with no claim to their use'), ('other_registry', 'moved to another registry'), ('over_issuance', 'more issued than was due'), ('double_counting', 'counted elsewhere as well'), ('mistake', 'mistake in data or calculation'), ('reversal', 'reversal'), ('other', 'another reason')], max_length=16, verbose_name='reason')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('idempotency_key', models.CharField(max_length=64, null=True, verbose_name='idempotency key')),
                ('record_id', models.BigIntegerField(verbose_name='record')),
                ('cancelled_at', models.DateTimeField(verbose_name='cancelled at')),
            ],
            options={
                'verbose_name': 'cancellation of credits',
                'verbose_name_plural': 'cancellations of credits',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='CancellationOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('first_serial', models.BigIntegerField(null=True, verbose_name='first serial number')),
                ('reason', models.CharField(choices=[('no_claim', 'for the climate, with no claim to their use'), ('other_registry', 'moved to another registry'), ('over_issuance', 'more issued than was due'), ('double_counting', 'counted elsewhere as well'), ('mistake', 'mistake in data or calculation'), ('reversal', 'reversal'), ('other', 'another reason')], max_length=16, verbose_name='reason')),
                ('note', models.CharField(max_length=300, verbose_name='note')),
                ('status', models.CharField(choices=[('requested', 'requested'), ('confirmed', 'confirmed'), ('refused', 'refused')], default='requested', max_length=12, verbose_name='status')),
                ('requested_at', models.DateTimeField(verbose_name='entered at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
            ],
            options={
                'verbose_name': 'ordered cancellation',
                'verbose_name_plural': 'ordered cancellations',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='CreditTransfer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='public id')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('ground', models.CharField(choices=[('gift', 'gift'), ('contract', 'contract outside the market'), ('group', 'within a group of companies'), ('court', 'decision of a court')], max_length=16, verbose_name='ground')),
                ('price_fen', models.BigIntegerField(null=True, verbose_name='price a tonne in fen')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('state', models.CharField(choices=[('offered', 'offered'), ('accepted', 'accepted'), ('declined', 'declined'), ('withdrawn', 'withdrawn'), ('expired', 'expired')], default='offered', max_length=10, verbose_name='state')),
                ('expires_at', models.DateTimeField(verbose_name='expires at')),
                ('serials', ledger.journal.fields.SerialRangesField(null=True, verbose_name='serial numbers')),
                ('idempotency_key', models.CharField(max_length=64, null=True, verbose_name='idempotency key')),
                ('offered_at', models.DateTimeField(verbose_name='offered at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
            ],
            options={
                'verbose_name': 'transfer of credits',
                'verbose_name_plural': 'transfers of credits',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Reversal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='public id')),
                ('happened_on', models.DateField(verbose_name='happened on')),
                ('discovered_on', models.DateField(verbose_name='discovered on')),
                ('cause', models.CharField(choices=[('flood', 'flood'), ('fire', 'fire'), ('drought', 'drought'), ('ploughed_up', 'ploughing up'), ('land_lost', 'land lost to another use'), ('over_issuance', 'over-issuance: more issued than was due'), ('other', 'another cause')], max_length=16, verbose_name='cause')),
                ('is_intentional', models.BooleanField(default=False, verbose_name='brought about on purpose')),
                ('description', models.TextField(max_length=2000, verbose_name='description')),
                ('loss_t', models.BigIntegerField(verbose_name='tonnes lost')),
                ('state', models.CharField(choices=[('reported', 'reported'), ('confirmed', 'confirmed, to be made up for'), ('compensated', 'made up for'), ('refused', 'refused')], default='reported', max_length=12, verbose_name='state')),
                ('from_buffer_t', models.BigIntegerField(null=True, verbose_name='tonnes cancelled from the buffer pool')),
                ('owed_t', models.BigIntegerField(null=True, verbose_name='tonnes owed by the proponent')),
                ('due_on', models.DateField(null=True, verbose_name='to be made up for by')),
                ('refusal_reason', models.CharField(blank=True, max_length=200, verbose_name='reason of the refusal')),
                ('reported_at', models.DateTimeField(verbose_name='reported at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('compensated_at', models.DateTimeField(null=True, verbose_name='made up for at')),
            ],
            options={
                'verbose_name': 'reversal',
                'verbose_name_plural': 'reversals',
                'ordering': ['-id'],
            },
        ),
        migrations.AddField(
            model_name='retirement',
            name='beneficiary_place',
            field=models.CharField(blank=True, max_length=120, verbose_name='place of the beneficiary'),
        ),
        migrations.AddField(
            model_name='retirement',
            name='case_number',
            field=models.CharField(blank=True, max_length=60, verbose_name='case number'),
        ),
        migrations.AddField(
            model_name='retirement',
            name='court_name',
            field=models.CharField(blank=True, max_length=120, verbose_name='court'),
        ),
        migrations.AddField(
            model_name='retirement',
            name='period_ends_on',
            field=models.DateField(null=True, verbose_name='used for the time to'),
        ),
        migrations.AddField(
            model_name='retirement',
            name='period_starts_on',
            field=models.DateField(null=True, verbose_name='used for the time from'),
        ),
        migrations.AlterField(
            model_name='hold',
            name='purpose',
            field=models.CharField(choices=[('order', 'order'), ('withdrawal', 'withdrawal'), ('replace', 'new terms of an order'), ('block_offer', 'offer of a block trade'), ('auction', 'one-way auction'), ('bid', 'bid'), ('sealed_bid', 'sealed bid'), ('transfer', 'transfer that was offered'), ('cancellation', 'cancellation that was asked for')], max_length=16, verbose_name='purpose of the hold'),
        ),
        migrations.AddConstraint(
            model_name='retirement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('period_ends_on__isnull', True), ('period_starts_on__isnull', True)), ('period_starts_on__lte', models.F('period_ends_on')), _connector='OR'), name='retirement_period_in_order'),
        ),
        migrations.AddField(
            model_name='cancellation',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cancellations', to='ledger.batch', verbose_name='batch of credits'),
        ),
        migrations.AddField(
            model_name='cancellation',
            name='cancelled_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cancelled by'),
        ),
        migrations.AddField(
            model_name='cancellation',
            name='organisation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cancellations', to='ledger.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='cancellation',
            name='transaction',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='cancellation', to='ledger.transaction', verbose_name='transaction'),
        ),
        migrations.AddField(
            model_name='cancellationorder',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.batch', verbose_name='batch of credits'),
        ),
        migrations.AddField(
            model_name='cancellationorder',
            name='cancellation',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='order', to='ledger.cancellation', to_field='public_id', verbose_name='cancellation of credits'),
        ),
        migrations.AddField(
            model_name='cancellationorder',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='cancellationorder',
            name='hold',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.hold', verbose_name='hold'),
        ),
        migrations.AddField(
            model_name='cancellationorder',
            name='organisation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='cancellationorder',
            name='requested_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='entered by'),
        ),
        migrations.AddField(
            model_name='credittransfer',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='transfers', to='ledger.batch', verbose_name='batch of credits'),
        ),
        migrations.AddField(
            model_name='credittransfer',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='credittransfer',
            name='hold',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.hold', verbose_name='hold'),
        ),
        migrations.AddField(
            model_name='credittransfer',
            name='offered_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='offered by'),
        ),
        migrations.AddField(
            model_name='credittransfer',
            name='recipient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='recipient'),
        ),
        migrations.AddField(
            model_name='credittransfer',
            name='sender',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='sender'),
        ),
        migrations.AddField(
            model_name='credittransfer',
            name='transaction',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_transfer', to='ledger.transaction', verbose_name='transaction'),
        ),
        migrations.AddField(
            model_name='reversal',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='reversal',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='ledger.project', verbose_name='project'),
        ),
        migrations.AddField(
            model_name='reversal',
            name='reported_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='entered by'),
        ),
        migrations.AddField(
            model_name='reversal',
            name='reporter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='reported by'),
        ),
        migrations.AddField(
            model_name='cancellation',
            name='reversal',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cancellations', to='ledger.reversal', verbose_name='reversal'),
        ),
        migrations.AddConstraint(
            model_name='cancellationorder',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_t__gt', 0)), name='cancellation_order_has_tonnes'),
        ),
        migrations.AddConstraint(
            model_name='cancellationorder',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('requested_by')), _negated=True), _connector='OR'), name='cancellation_order_decided_by_another'),
        ),
        migrations.AddConstraint(
            model_name='cancellationorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cancellation__isnull', False), ('decided_by__isnull', False), ('status', 'confirmed')), models.Q(('cancellation__isnull', True), ('decided_by__isnull', False), ('status', 'refused')), models.Q(('cancellation__isnull', True), ('decided_by__isnull', True), ('status', 'requested')), _connector='OR'), name='cancellation_order_confirmed_by_cancelling'),
        ),
        migrations.AddIndex(
            model_name='credittransfer',
            index=models.Index(fields=['sender', '-id'], name='credit_transfer_of_sender'),
        ),
        migrations.AddIndex(
            model_name='credittransfer',
            index=models.Index(fields=['recipient', '-id'], name='credit_transfer_to_recipient'),
        ),
        migrations.AddIndex(
            model_name='credittransfer',
            index=models.Index(condition=models.Q(('state', 'offered')), fields=['expires_at'], name='credit_transfer_expiring'),
        ),
        migrations.AddConstraint(
            model_name='credittransfer',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_t__gt', 0)), name='credit_transfer_has_tonnes'),
        ),
        migrations.AddConstraint(
            model_name='credittransfer',
            constraint=models.CheckConstraint(condition=models.Q(('price_fen__isnull', True), ('price_fen__gt', 0), _connector='OR'), name='credit_transfer_price'),
        ),
        migrations.AddConstraint(
            model_name='credittransfer',
            constraint=models.CheckConstraint(condition=models.Q(('sender', models.F('recipient')), _negated=True), name='credit_transfer_between_two'),
        ),
        migrations.AddConstraint(
            model_name='credittransfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'offered')), models.Q(models.Q(('state', 'offered'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='credit_transfer_decided_once'),
        ),
        migrations.AddConstraint(
            model_name='credittransfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('serials__isnull', False), ('state', 'accepted'), ('transaction__isnull', False)), models.Q(models.Q(('state', 'accepted'), _negated=True), ('serials__isnull', True), ('transaction__isnull', True)), _connector='OR'), name='credit_transfer_accepted_has_moved'),
        ),
        migrations.AddConstraint(
            model_name='credittransfer',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key__isnull', False)), fields=('sender', 'idempotency_key'), name='credit_transfer_key_once'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(('loss_t__gt', 0)), name='reversal_has_tonnes'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(('happened_on__lte', models.F('discovered_on'))), name='reversal_discovered_after_it_happened'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('reported_by')), _negated=True), _connector='OR'), name='reversal_decided_by_another'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('loss_t', django.db.models.expressions.CombinedExpression(models.F('from_buffer_t'), '+', models.F('owed_t'))), ('state__in', ['confirmed', 'compensated'])), models.Q(('due_on__isnull', True), ('from_buffer_t__isnull', True), ('owed_t__isnull', True), ('state__in', ['reported', 'refused'])), _connector='OR'), name='reversal_covered_or_owed'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'reported')), models.Q(models.Q(('state', 'reported'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='reversal_decided_in_order'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('compensated_at__isnull', False), ('state', 'compensated')), models.Q(models.Q(('state', 'compensated'), _negated=True), ('compensated_at__isnull', True)), _connector='OR'), name='reversal_compensated_in_order'),
        ),
        migrations.AddConstraint(
            model_name='reversal',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'reported')), fields=('project', 'cause', 'happened_on'), name='reversal_reported_once'),
        ),
        migrations.AddConstraint(
            model_name='cancellation',
            constraint=models.CheckConstraint(condition=models.Q(('quantity_t__gt', 0)), name='cancellation_has_tonnes'),
        ),
        migrations.AddConstraint(
            model_name='cancellation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['buffer', 'replenishment']), ('reason', 'reversal'), ('reversal__isnull', False)), models.Q(('kind__in', ['voluntary', 'administrative']), ('reversal__isnull', True), models.Q(('reason', 'reversal'), _negated=True)), _connector='OR'), name='cancellation_names_its_reversal'),
        ),
        migrations.AddConstraint(
            model_name='cancellation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'buffer'), ('organisation__isnull', True)), ('kind', 'administrative'), models.Q(('kind__in', ['voluntary', 'replenishment']), ('organisation__isnull', False)), _connector='OR'), name='cancellation_of_the_pool_or_a_holder'),
        ),
        migrations.AddConstraint(
            model_name='cancellation',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key__isnull', False)), fields=('organisation', 'idempotency_key'), name='cancellation_key_once'),
        ),
        migrations.RunSQL(
            (SQL / "after_issuance.sql").read_text(encoding="utf-8"),
            (SQL / "after_issuance_undo.sql").read_text(encoding="utf-8"),
        ),
    ]
