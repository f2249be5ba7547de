"""Keep the orders on the book in a table of their own, so that a change of an order touches no index; and leave room for it."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
INSERT INTO trading_bookentry (order_id, market_id, side, price_fen)
SELECT id, market_id, side, CASE order_type WHEN 'limit' THEN price_fen END
  FROM trading_order
 WHERE status IN ('new', 'partially_filled') AND trading_mode = 'listing'
"""


class Migration(migrations.Migration):

    dependencies = [("trading", "0007_surveillance")]

    operations = [
        migrations.CreateModel(
            name="BookEntry",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="book_entry",
                        serialize=False,
                        to="trading.order",
                    ),
                ),
                ("side", models.CharField(choices=[("buy", "buy"), ("sell", "sell")], max_length=4)),
                ("price_fen", models.BigIntegerField(null=True)),
                (
                    "market",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trading.market",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["market", "side", "price_fen"], name="book_by_price")]},
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="order", name="order_on_the_book"),
        migrations.RunSQL(
            "ALTER TABLE trading_order SET (fillfactor = 50)", "ALTER TABLE trading_order RESET (fillfactor)"
        ),
    ]
