"""Sessions and phases of a market, limits, and orders that end by themselves or are replaced."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0013_hold_purposes'),
        ('trading', '0003_order_terms'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClosedDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True, verbose_name='day')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'closed day',
                'verbose_name_plural': 'closed days',
                'ordering': ['-day'],
            },
        ),
        migrations.CreateModel(
            name='Expiry',
            fields=[
                ('order', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='expiry', serialize=False, to='trading.order')),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='MarketClock',
            fields=[
                ('market', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='clock', serialize=False, to='trading.market')),
                ('stepped_until', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='TradingLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('largest_order_t', models.BigIntegerField(blank=True, null=True, verbose_name='largest order in tonnes')),
                ('largest_order_fen', models.BigIntegerField(blank=True, null=True, verbose_name='largest order in fen')),
                ('most_held_fen', models.BigIntegerField(blank=True, null=True, verbose_name='most held for its orders in fen')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'trading limit',
                'verbose_name_plural': 'trading limits',
                'ordering': ['organisation', 'market'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='order',
            name='order_terms_go_together',
        ),
        migrations.RemoveConstraint(
            model_name='order',
            name='order_shows_a_part',
        ),
        migrations.AddField(
            model_name='instruction',
            name='content',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='instruction',
            name='hold',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.hold'),
        ),
        migrations.AddField(
            model_name='market',
            name='auction_ends_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='call auction ends at'),
        ),
        migrations.AddField(
            model_name='market',
            name='block_band_percent',
            field=models.PositiveSmallIntegerField(default=30, verbose_name='price band of block trades in percent'),
        ),
        migrations.AddField(
            model_name='market',
            name='block_minimum_t',
            field=models.BigIntegerField(default=1, verbose_name='smallest block trade in tonnes'),
        ),
        migrations.AddField(
            model_name='market',
            name='in_auction',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='market',
            name='largest_order_t',
            field=models.BigIntegerField(default=100000000, verbose_name='largest order in tonnes'),
        ),
        migrations.AddField(
            model_name='market',
            name='phase',
            field=models.CharField(choices=[('open', 'open'), ('auction', 'call auction'), ('closed', 'closed')], default='open', max_length=8, verbose_name='phase'),
        ),
        migrations.AddField(
            model_name='market',
            name='sessions',
            field=models.JSONField(blank=True, default=list, verbose_name='sessions'),
        ),
        migrations.AddField(
            model_name='market',
            name='volatility_minutes',
            field=models.PositiveSmallIntegerField(default=5, verbose_name='volatility interruption in minutes'),
        ),
        migrations.AddField(
            model_name='market',
            name='volatility_percent',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='volatility limit in percent'),
        ),
        migrations.AddField(
            model_name='market',
            name='volatility_reference_fen',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='entered_price_fen',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='entered_quantity_t',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='expires_at',
            field=models.DateTimeField(null=True, verbose_name='expires at'),
        ),
        migrations.AddField(
            model_name='order',
            name='trading_mode',
            field=models.CharField(choices=[('listing', 'listing'), ('block_trade', 'block trade'), ('one_way_auction', 'one-way auction')], db_default='listing', default='listing', max_length=16, verbose_name='trading mode'),
        ),
        migrations.AddField(
            model_name='trade',
            name='trading_mode',
            field=models.CharField(choices=[('listing', 'listing'), ('block_trade', 'block trade'), ('one_way_auction', 'one-way auction')], db_default='listing', default='listing', max_length=16, verbose_name='trading mode'),
        ),
        migrations.AlterField(
            model_name='executedinstruction',
            name='kind',
            field=models.CharField(choices=[('submit', 'submit'), ('cancel', 'cancel'), ('replace', 'replace'), ('expire', 'expire'), ('auction_open', 'begin a call auction'), ('auction_uncross', 'end the call auction'), ('new_day', 'begin the day'), ('open', 'open'), ('close', 'close'), ('end_day', 'end the day'), ('change_rules', 'change the rules'), ('agreed', 'settle what was agreed'), ('halt', 'halt'), ('resume', 'resume')], max_length=16, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='instruction',
            name='kind',
            field=models.CharField(choices=[('submit', 'submit'), ('cancel', 'cancel'), ('replace', 'replace'), ('expire', 'expire'), ('auction_open', 'begin a call auction'), ('auction_uncross', 'end the call auction'), ('new_day', 'begin the day'), ('open', 'open'), ('close', 'close'), ('end_day', 'end the day'), ('change_rules', 'change the rules'), ('agreed', 'settle what was agreed'), ('halt', 'halt'), ('resume', 'resume')], max_length=16),
        ),
        migrations.AlterField(
            model_name='market',
            name='state',
            field=models.CharField(choices=[('open', 'open'), ('auction', 'call auction'), ('closed', 'closed'), ('halted', 'halted')], default='open', max_length=8, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='order',
            name='status',
            field=models.CharField(choices=[('pending_new', 'received'), ('new', 'on the book'), ('partially_filled', 'partly filled'), ('filled', 'filled'), ('canceled', 'canceled'), ('expired', 'expired'), ('rejected', 'rejected')], default='pending_new', max_length=20, verbose_name='status'),
        ),
        migrations.AlterField(
            model_name='order',
            name='time_in_force',
            field=models.CharField(choices=[('gtc', 'until cancelled'), ('day', 'until the end of the day'), ('gtd', 'until a time'), ('ioc', 'at once, the rest cancelled'), ('fok', 'at once and whole, or not at all')], default='gtc', max_length=3, verbose_name='time in force'),
        ),
        migrations.AddConstraint(
            model_name='instruction',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'replace')), fields=('order',), name='one_replace_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='market',
            constraint=models.CheckConstraint(condition=models.Q(('block_band_percent__gt', 0), ('block_band_percent__lt', 100), ('block_minimum_t__gt', 0), ('largest_order_t__gt', 0), ('volatility_minutes__gt', 0), ('volatility_percent__lt', 100)), name='market_limits_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('order_type', 'limit'), ('time_in_force__in', ['gtc', 'day', 'gtd'])), models.Q(('display_t__isnull', True), ('post_only', False), ('time_in_force__in', ['day', 'ioc', 'fok'])), _connector='OR'), name='order_terms_go_together'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_at__isnull', False), ('time_in_force', 'gtd')), models.Q(models.Q(('time_in_force', 'gtd'), _negated=True), ('expires_at__isnull', True)), _connector='OR'), name='order_expires_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('display_t__isnull', True), ('display_t__gt', 0), _connector='OR'), name='order_shows_a_part'),
        ),
        migrations.AddField(
            model_name='tradinglimit',
            name='market',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='limits', to='trading.market', verbose_name='market'),
        ),
        migrations.AddField(
            model_name='tradinglimit',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trading_limits', to='ledger.organisation', verbose_name='organisation'),
        ),
        migrations.AddConstraint(
            model_name='tradinglimit',
            constraint=models.UniqueConstraint(fields=('organisation', 'market'), name='one_limit_of_an_organisation_in_a_market', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='tradinglimit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('largest_order_t__isnull', True), ('largest_order_t__gt', 0), _connector='OR'), models.Q(('largest_order_fen__isnull', True), ('largest_order_fen__gt', 0), _connector='OR'), models.Q(('most_held_fen__isnull', True), ('most_held_fen__gt', 0), _connector='OR')), name='trading_limit_in_bounds'),
        ),
    ]
