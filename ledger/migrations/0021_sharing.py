"""Member households share in what their cooperative sells."""

import django.db.models.deletion
import django.db.models.expressions
from pathlib import Path

from django.conf import settings
from django.db import migrations, models


SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0020_after_issuance'),
    ]

    operations = [
        migrations.CreateModel(
            name='DistributedSale',
            fields=[
                ('transaction', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='ledger.transaction', verbose_name='transaction')),
                ('net_fen', models.BigIntegerField(verbose_name='net proceeds in fen')),
            ],
            options={
                'verbose_name': 'distributed sale',
                'verbose_name_plural': 'distributed sales',
            },
        ),
        migrations.CreateModel(
            name='Distribution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('net_fen', models.BigIntegerField(verbose_name='net proceeds in fen')),
                ('retained_fen', models.BigIntegerField(verbose_name='retained in fen')),
                ('shared_fen', models.BigIntegerField(verbose_name='shared in fen')),
                ('shares_sha256', models.CharField(max_length=64, verbose_name='SHA-256 of the shares')),
                ('distributed_at', models.DateTimeField(verbose_name='distributed at')),
                ('record_id', models.BigIntegerField(verbose_name='record')),
            ],
            options={
                'verbose_name': 'distribution to households',
                'verbose_name_plural': 'distributions to households',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='HouseholdLink',
            fields=[
                ('household', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='link', serialize=False, to='ledger.household', verbose_name='member household')),
                ('token_hash', models.BinaryField(null=True, unique=True)),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked at')),
            ],
            options={
                'verbose_name': 'link of a household',
                'verbose_name_plural': 'links of households',
            },
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_fen', models.BigIntegerField(verbose_name='amount in fen')),
                ('bank_reference', models.CharField(blank=True, max_length=64, verbose_name='bank reference')),
                ('status', models.CharField(choices=[('requested', 'requested'), ('posted', 'posted'), ('refused', 'refused'), ('reversed', 'reversed')], default='requested', max_length=12, verbose_name='status')),
                ('requested_at', models.DateTimeField(verbose_name='entered at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
            ],
            options={
                'verbose_name': 'payout to households',
                'verbose_name_plural': 'payouts to households',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='PayoutLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_fen', models.BigIntegerField(verbose_name='amount in fen')),
            ],
            options={
                'verbose_name': 'household of a payout',
                'verbose_name_plural': 'households of a payout',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('area_ha', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='area in hectares')),
                ('contribution', models.BigIntegerField(verbose_name='contribution')),
                ('amount_fen', models.BigIntegerField(verbose_name='amount in fen')),
            ],
            options={
                'verbose_name': 'share of a household',
                'verbose_name_plural': 'shares of households',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='SharingPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('effective_from', models.DateTimeField(verbose_name='effective from')),
                ('after_transfer', models.BigIntegerField(verbose_name='for sales after transfer')),
                ('retained_bps', models.PositiveSmallIntegerField(verbose_name='retained, in basis points')),
                ('retained_for', models.CharField(blank=True, max_length=300, verbose_name='what the retained part is for')),
                ('area_bps', models.PositiveSmallIntegerField(verbose_name='by area, in basis points')),
                ('equal_bps', models.PositiveSmallIntegerField(verbose_name='equally, in basis points')),
                ('contribution_bps', models.PositiveSmallIntegerField(verbose_name='by contribution, in basis points')),
                ('statement', models.TextField(blank=True, max_length=2000, verbose_name='statement')),
                ('is_public', models.BooleanField(default=False, verbose_name='shown publicly')),
                ('content_sha256', models.CharField(max_length=64, verbose_name='SHA-256 of the content')),
                ('stated_at', models.DateTimeField(verbose_name='stated at')),
            ],
            options={
                'verbose_name': 'sharing plan',
                'verbose_name_plural': 'sharing plans',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='SharingProgress',
            fields=[
                ('cooperative', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='sharing_progress', serialize=False, to='ledger.organisation', verbose_name='cooperative')),
                ('looked_to', models.BigIntegerField(default=0, verbose_name='looked at up to transfer')),
            ],
        ),
        migrations.CreateModel(
            name='SharingWeight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weight', models.BigIntegerField(verbose_name='contribution')),
            ],
            options={
                'verbose_name': 'contribution of a household',
                'verbose_name_plural': 'contributions of households',
                'ordering': ['id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_once',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_belongs_to_someone_or_the_system',
        ),
        migrations.AddField(
            model_name='account',
            name='household',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='ledger.household', verbose_name='member household'),
        ),
        migrations.AlterField(
            model_name='account',
            name='purpose',
            field=models.CharField(choices=[('holding', 'holding'), ('share', 'share of a household'), ('bank', 'bank'), ('fees', 'fees'), ('issuance', 'issuance'), ('buffer', 'buffer pool'), ('retired', 'retired'), ('cancelled', 'cancelled')], default='holding', max_length=16, verbose_name='purpose of the account'),
        ),
        migrations.AlterField(
            model_name='hold',
            name='purpose',
            field=models.CharField(choices=[('order', 'order'), ('withdrawal', 'withdrawal'), ('replace', 'new terms of an order'), ('block_offer', 'offer of a block trade'), ('auction', 'one-way auction'), ('bid', 'bid'), ('sealed_bid', 'sealed bid'), ('payout', 'payout to households'), ('transfer', 'transfer that was offered'), ('cancellation', 'cancellation that was asked for')], max_length=16, verbose_name='purpose of the hold'),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='kind',
            field=models.CharField(choices=[('deposit', 'deposit'), ('withdrawal', 'withdrawal'), ('issuance', 'issuance'), ('settlement', 'settlement'), ('retirement', 'retirement'), ('cancellation', 'cancellation'), ('transfer', 'transfer'), ('reversal', 'reversal'), ('distribution', 'distribution to households'), ('payout', 'payout to households')], max_length=16, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(fields=('organisation', 'household', 'asset', 'purpose'), name='account_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('household__isnull', True), ('organisation__isnull', False), ('purpose', 'holding')), models.Q(('household__isnull', False), ('organisation__isnull', True), ('purpose', 'share')), models.Q(models.Q(('purpose__in', ['holding', 'share']), _negated=True), ('household__isnull', True), ('organisation__isnull', True)), _connector='OR'), name='account_belongs_to_someone_or_the_system'),
        ),
        migrations.AddField(
            model_name='distribution',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='distributions', to='ledger.batch', verbose_name='batch of credits'),
        ),
        migrations.AddField(
            model_name='distribution',
            name='cooperative',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='distributions', to='ledger.organisation', verbose_name='cooperative'),
        ),
        migrations.AddField(
            model_name='distributedsale',
            name='distribution',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sales', to='ledger.distribution', verbose_name='distribution to households'),
        ),
        migrations.AddField(
            model_name='householdlink',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by'),
        ),
        migrations.AddField(
            model_name='payout',
            name='cooperative',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='ledger.organisation', verbose_name='cooperative'),
        ),
        migrations.AddField(
            model_name='payout',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='payout',
            name='requested_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='entered by'),
        ),
        migrations.AddField(
            model_name='payout',
            name='transaction',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payout', to='ledger.transaction', verbose_name='transaction'),
        ),
        migrations.AddField(
            model_name='payoutline',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account', verbose_name='account'),
        ),
        migrations.AddField(
            model_name='payoutline',
            name='hold',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='payout_line', to='ledger.hold', verbose_name='hold'),
        ),
        migrations.AddField(
            model_name='payoutline',
            name='payout',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='ledger.payout', verbose_name='payout to households'),
        ),
        migrations.AddField(
            model_name='share',
            name='distribution',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='ledger.distribution', verbose_name='distribution to households'),
        ),
        migrations.AddField(
            model_name='share',
            name='household',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='ledger.household', verbose_name='member household'),
        ),
        migrations.AddField(
            model_name='share',
            name='transaction',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction', verbose_name='transaction'),
        ),
        migrations.AddField(
            model_name='sharingplan',
            name='cooperative',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sharing_plans', to='ledger.organisation', verbose_name='cooperative'),
        ),
        migrations.AddField(
            model_name='sharingplan',
            name='project',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sharing_plans', to='ledger.project', verbose_name='project'),
        ),
        migrations.AddField(
            model_name='sharingplan',
            name='stated_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stated by'),
        ),
        migrations.AddField(
            model_name='distribution',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='distributions', to='ledger.sharingplan', verbose_name='sharing plan'),
        ),
        migrations.AddField(
            model_name='sharingweight',
            name='household',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.household', verbose_name='member household'),
        ),
        migrations.AddField(
            model_name='sharingweight',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='weights', to='ledger.sharingplan', verbose_name='sharing plan'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='payout_is_of_something'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('requested_by')), _negated=True), _connector='OR'), name='payout_decided_by_another'),
        ),
        migrations.AddConstraint(
            model_name='payout',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('bank_reference', ''), _negated=True), models.Q(('status__in', ['refused', 'reversed']), _negated=True)), fields=('bank_reference',), name='payout_reference_once'),
        ),
        migrations.AddConstraint(
            model_name='payoutline',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='payout_line_is_of_something'),
        ),
        migrations.AddConstraint(
            model_name='payoutline',
            constraint=models.UniqueConstraint(fields=('payout', 'account'), name='payout_line_once_a_household'),
        ),
        migrations.AddConstraint(
            model_name='share',
            constraint=models.UniqueConstraint(fields=('distribution', 'household'), name='share_once_a_household'),
        ),
        migrations.AddConstraint(
            model_name='share',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_fen', 0), ('transaction__isnull', True)), models.Q(('amount_fen__gt', 0), ('transaction__isnull', False)), _connector='OR'), name='share_moves_what_it_is'),
        ),
        migrations.AddConstraint(
            model_name='sharingplan',
            constraint=models.UniqueConstraint(fields=('cooperative', 'project', 'version'), name='sharing_plan_version_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='sharingplan',
            constraint=models.CheckConstraint(condition=models.Q(('retained_bps__lte', 10000), ('area_bps', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.Value(10000), '-', models.F('equal_bps')), '-', models.F('contribution_bps')))), name='sharing_plan_parts_make_a_whole'),
        ),
        migrations.AddConstraint(
            model_name='sharingplan',
            constraint=models.CheckConstraint(condition=models.Q(('effective_from__gte', models.F('stated_at'))), name='sharing_plan_never_for_the_past'),
        ),
        migrations.AddConstraint(
            model_name='distribution',
            constraint=models.CheckConstraint(condition=models.Q(('net_fen', django.db.models.expressions.CombinedExpression(models.F('retained_fen'), '+', models.F('shared_fen'))), ('retained_fen__gte', 0), ('shared_fen__gte', 0)), name='distribution_parts_make_the_whole'),
        ),
        migrations.AddConstraint(
            model_name='sharingweight',
            constraint=models.UniqueConstraint(fields=('plan', 'household'), name='sharing_weight_once_a_household'),
        ),
        migrations.AddConstraint(
            model_name='sharingweight',
            constraint=models.CheckConstraint(condition=models.Q(('weight__gt', 0)), name='sharing_weight_is_something'),
        ),
        migrations.RunSQL(
            (SQL / "sharing.sql").read_text(encoding="utf-8"), (SQL / "sharing_undo.sql").read_text(encoding="utf-8")
        ),
    ]
