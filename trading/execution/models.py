"""What the executor wrote down: instructions in the order applied, and trades. Append-only."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from ledger.journal.models import Transaction
from trading.markets.models import Market
from trading.orders.models import Instruction, Order


class ExecutedInstruction(models.Model):
    """An instruction as the book took it: with these alone the market can be replayed."""

    market = models.ForeignKey(Market, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Instruction.Kind)
    order_id = models.BigIntegerField(null=True)
    # The very text that is hashed into the log's digest of the batch.
    content = models.TextField()
    executed_at = models.DateTimeField()

    class Meta:
        app_label = "trading"
        constraints = [models.UniqueConstraint(fields=["market", "sequence"], name="instruction_sequence_once")]


class Trade(models.Model):
    """A price and a quantity that two orders agreed on, and the transaction that settled them, one each."""

    market = models.ForeignKey(Market, models.PROTECT, related_name="trades", db_constraint=False, db_index=False)
    sequence = models.BigIntegerField(help_text="of the instruction that caused it")
    buy_order = models.ForeignKey(Order, models.PROTECT, related_name="buys", db_constraint=False)
    sell_order = models.ForeignKey(Order, models.PROTECT, related_name="sells", db_constraint=False)
    taker_side = models.CharField(max_length=4, choices=Order.Side)
    price_fen = models.BigIntegerField()
    quantity_t = models.BigIntegerField()
    buyer_fee_fen = models.BigIntegerField()
    seller_fee_fen = models.BigIntegerField()
    transaction = models.OneToOneField(Transaction, models.PROTECT, related_name="trade", db_constraint=False)
    executed_at = models.DateTimeField()

    class Meta:
        app_label = "trading"
        constraints = [
            models.CheckConstraint(
                name="trade_in_bounds",
                condition=Q(price_fen__gt=0, quantity_t__gt=0, buyer_fee_fen__gte=0, seller_fee_fen__gte=0),
            )
        ]
        indexes = [
            models.Index(fields=["market", "-id"], name="trade_tape"),
            # Trades lie in the table in the order of their times: a range of pages is enough to find a day.
            BrinIndex(fields=["executed_at"], name="trade_times", pages_per_range=32, autosummarize=True),
        ]

    @property
    def value_fen(self) -> int:
        return self.price_fen * self.quantity_t
