"""Candles of one minute, made of the trades that are there, and when each order was changed last."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

FILL = """
INSERT INTO trading_candle (market_id, minute, open_fen, high_fen, low_fen, close_fen, quantity_t, value_fen, trades)
SELECT market_id, date_trunc('minute', executed_at), (array_agg(price_fen ORDER BY id))[1], max(price_fen),
       min(price_fen), (array_agg(price_fen ORDER BY id DESC))[1], sum(quantity_t), sum(price_fen * quantity_t), count(*)
  FROM trading_trade
 WHERE trading_mode = 'listing'
 GROUP BY 1, 2
"""


class Migration(migrations.Migration):

    dependencies = [
        ('trading', '0005_blocks_and_auctions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Candle',
            fields=[
                ('pk', models.CompositePrimaryKey('market_id', 'minute', blank=True, editable=False, primary_key=True, serialize=False)),
                ('market', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trading.market', verbose_name='market')),
                ('minute', models.DateTimeField(verbose_name='minute')),
                ('open_fen', models.BigIntegerField(verbose_name='opening price in fen')),
                ('high_fen', models.BigIntegerField(verbose_name='highest price in fen')),
                ('low_fen', models.BigIntegerField(verbose_name='lowest price in fen')),
                ('close_fen', models.BigIntegerField(verbose_name='closing price in fen')),
                ('quantity_t', models.BigIntegerField(verbose_name='tonnes')),
                ('value_fen', models.DecimalField(decimal_places=0, max_digits=38, verbose_name='value in fen')),
                ('trades', models.BigIntegerField(verbose_name='number of trades')),
            ],
            options={
                'verbose_name': 'candle',
                'verbose_name_plural': 'candles',
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='order',
            name='changed_at',
            field=models.DateTimeField(null=True, verbose_name='changed at'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['changed_at'], name='order_changes', pages_per_range=32),
        ),
        migrations.AddIndex(
            model_name='trade',
            index=models.Index(condition=models.Q(('trading_mode', 'listing'), _negated=True), fields=['market', 'executed_at'], name='trade_negotiated'),
        ),
    ]
