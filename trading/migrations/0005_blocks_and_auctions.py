"""Offers of block trades, one-way auctions and their bids."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0013_hold_purposes'),
        ('trading', '0004_sessions_and_modes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OneWayAuction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_auction_id', models.CharField(max_length=64, verbose_name='client auction id')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('reserve_price_fen', models.BigIntegerField(verbose_name='reserve price in fen')),
                ('least_bid_t', models.BigIntegerField(verbose_name='smallest bid in tonnes')),
                ('is_sealed', models.BooleanField(verbose_name='sealed bids')),
                ('pricing', models.CharField(choices=[('uniform', 'all pay the lowest winning price'), ('pay_as_bid', 'each pays its own bid')], max_length=10, verbose_name='price to be paid')),
                ('fee_bps', models.PositiveSmallIntegerField(verbose_name='fee of each party in basis points')),
                ('opens_at', models.DateTimeField(verbose_name='opens at')),
                ('closes_at', models.DateTimeField(verbose_name='closes at')),
                ('state', models.CharField(choices=[('open', 'open'), ('awarded', 'awarded'), ('unsold', 'unsold'), ('cancelled', 'cancelled')], default='open', max_length=10, verbose_name='state')),
                ('reason', models.CharField(blank=True, default='', max_length=200, verbose_name='reason of the cancellation')),
                ('announced_at', models.DateTimeField(verbose_name='announced at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('announced_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='announced by')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('hold', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.hold', verbose_name='hold')),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='one_way_auctions', to='trading.market', verbose_name='market')),
                ('sell_order', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trading.order', verbose_name='sell order')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='seller')),
            ],
            options={
                'verbose_name': 'one-way auction',
                'verbose_name_plural': 'one-way auctions',
            },
        ),
        migrations.CreateModel(
            name='Bid',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_bid_id', models.CharField(max_length=64, verbose_name='client bid id')),
                ('price_fen', models.BigIntegerField(verbose_name='price in fen')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('nonce', models.CharField(max_length=32, verbose_name='nonce')),
                ('state', models.CharField(choices=[('standing', 'standing'), ('withdrawn', 'withdrawn'), ('won', 'won'), ('lost', 'lost'), ('void', 'void')], default='standing', max_length=10, verbose_name='state')),
                ('awarded_t', models.BigIntegerField(default=0, verbose_name='awarded tonnes')),
                ('awarded_price_fen', models.BigIntegerField(null=True, verbose_name='price to be paid, in fen')),
                ('placed_at', models.DateTimeField(verbose_name='placed at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('bidder', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='bidder')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('hold', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.hold', verbose_name='hold')),
                ('order', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trading.order', verbose_name='order')),
                ('placed_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='placed by')),
                ('auction', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='bids', to='trading.onewayauction', verbose_name='one-way auction')),
            ],
            options={
                'verbose_name': 'bid',
                'verbose_name_plural': 'bids',
            },
        ),
        migrations.CreateModel(
            name='BlockOffer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_offer_id', models.CharField(max_length=64, verbose_name='client offer id')),
                ('side', models.CharField(choices=[('buy', 'buy'), ('sell', 'sell')], max_length=4, verbose_name='side')),
                ('price_fen', models.BigIntegerField(verbose_name='price in fen')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('fee_bps', models.PositiveSmallIntegerField(verbose_name='fee of each party in basis points')),
                ('expires_at', models.DateTimeField(verbose_name='expires at')),
                ('state', models.CharField(choices=[('open', 'open'), ('countered', 'countered'), ('accepted', 'accepted'), ('declined', 'declined'), ('withdrawn', 'withdrawn'), ('expired', 'expired')], default='open', max_length=10, verbose_name='state')),
                ('offered_at', models.DateTimeField(verbose_name='offered at')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('buy_order', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trading.order', verbose_name='buy order')),
                ('counterparty', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='to whom')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('hold', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.hold', verbose_name='hold')),
                ('market', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='block_offers', to='trading.market', verbose_name='market')),
                ('proposed_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='offered by')),
                ('proposer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.organisation', verbose_name='who offers')),
                ('replaces', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='countered_by', to='trading.blockoffer', verbose_name='answers')),
                ('sell_order', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trading.order', verbose_name='sell order')),
            ],
            options={
                'verbose_name': 'offer of a block trade',
                'verbose_name_plural': 'offers of block trades',
                'indexes': [models.Index(fields=['proposer', '-id'], name='block_offer_of_proposer'), models.Index(fields=['counterparty', '-id'], name='block_offer_to_counterparty'), models.Index(condition=models.Q(('state', 'open')), fields=['expires_at'], name='block_offer_expiring')],
                'constraints': [models.UniqueConstraint(fields=('proposer', 'client_offer_id'), name='client_offer_id_once'), models.CheckConstraint(condition=models.Q(('price_fen__gt', 0), ('quantity_t__gt', 0)), name='block_offer_in_bounds'), models.CheckConstraint(condition=models.Q(('proposer', models.F('counterparty')), _negated=True), name='block_offer_between_two'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='block_offer_decided_once'), models.CheckConstraint(condition=models.Q(models.Q(('buy_order__isnull', False), ('sell_order__isnull', False), ('state', 'accepted')), models.Q(models.Q(('state', 'accepted'), _negated=True), ('buy_order__isnull', True), ('sell_order__isnull', True)), _connector='OR'), name='block_offer_accepted_has_orders')],
            },
        ),
        migrations.AddIndex(
            model_name='onewayauction',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['closes_at'], name='one_way_auction_closing'),
        ),
        migrations.AddConstraint(
            model_name='onewayauction',
            constraint=models.UniqueConstraint(fields=('seller', 'client_auction_id'), name='client_auction_id_once'),
        ),
        migrations.AddConstraint(
            model_name='onewayauction',
            constraint=models.CheckConstraint(condition=models.Q(('least_bid_t__gt', 0), ('quantity_t__gt', 0), ('reserve_price_fen__gt', 0), ('least_bid_t__lte', models.F('quantity_t')), ('opens_at__lt', models.F('closes_at'))), name='one_way_auction_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='onewayauction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='one_way_auction_decided_once'),
        ),
        migrations.AddConstraint(
            model_name='onewayauction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sell_order__isnull', False), ('state', 'awarded')), models.Q(models.Q(('state', 'awarded'), _negated=True), ('sell_order__isnull', True)), _connector='OR'), name='one_way_auction_awarded_has_order'),
        ),
        migrations.AddIndex(
            model_name='bid',
            index=models.Index(fields=['auction', '-price_fen', 'id'], name='bid_by_price'),
        ),
        migrations.AddIndex(
            model_name='bid',
            index=models.Index(fields=['bidder', '-id'], name='bid_of_bidder'),
        ),
        migrations.AddConstraint(
            model_name='bid',
            constraint=models.UniqueConstraint(fields=('bidder', 'client_bid_id'), name='client_bid_id_once'),
        ),
        migrations.AddConstraint(
            model_name='bid',
            constraint=models.CheckConstraint(condition=models.Q(('awarded_t__gte', 0), ('awarded_t__lte', models.F('quantity_t')), ('price_fen__gt', 0), ('quantity_t__gt', 0)), name='bid_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='bid',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'standing')), models.Q(models.Q(('state', 'standing'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='bid_decided_once'),
        ),
        migrations.AddConstraint(
            model_name='bid',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('awarded_price_fen__isnull', False), ('awarded_price_fen__lte', models.F('price_fen')), ('awarded_t__gt', 0), ('order__isnull', False), ('state', 'won')), models.Q(models.Q(('state', 'won'), _negated=True), ('awarded_price_fen__isnull', True), ('awarded_t', 0), ('order__isnull', True)), _connector='OR'), name='bid_won_has_order'),
        ),
    ]
