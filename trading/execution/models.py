"""What the executor wrote down: instructions in the order applied, and trades. Append-only."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.models import Transaction
from trading.markets.models import Market, TradingMode
from trading.markets.writing import terms_written
from trading.orders.models import Instruction, Order


class ExecutedInstruction(models.Model):
    """An instruction as the book took it: with these alone the market can be replayed."""

    market = models.ForeignKey(
        Market, models.PROTECT, verbose_name=_("market"), related_name="+", db_constraint=False, db_index=False
    )
    sequence = models.BigIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=16, choices=Instruction.Kind)
    order_id = models.BigIntegerField(pgettext_lazy("trading", "order"), null=True)
    # The very text that is hashed into the log's digest of the batch.
    content = models.TextField(_("content"))
    executed_at = models.DateTimeField(_("executed at"))

    class Meta:
        app_label = "trading"
        verbose_name = _("executed instruction")
        verbose_name_plural = _("executed instructions")
        constraints = [models.UniqueConstraint(fields=["market", "sequence"], name="instruction_sequence_once")]
        # As for trades: a range of pages is enough to find an hour.
        indexes = [BrinIndex(fields=["executed_at"], name="instruction_times", pages_per_range=32, autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.sequence} {self.get_kind_display()}"


class Trade(models.Model):
    """A price and a quantity that two orders agreed on, and the transaction that settled them, one each."""

    market = models.ForeignKey(
        Market, models.PROTECT, verbose_name=_("market"), related_name="trades", db_constraint=False, db_index=False
    )
    sequence = models.BigIntegerField(_("instruction"), help_text="of the instruction that caused it")
    trading_mode = models.CharField(
        _("trading mode"),
        max_length=16,
        choices=TradingMode,
        default=TradingMode.LISTING,
        db_default=TradingMode.LISTING,
    )
    buy_order = models.ForeignKey(
        Order, models.PROTECT, verbose_name=_("buy order"), related_name="buys", db_constraint=False
    )
    sell_order = models.ForeignKey(
        Order, models.PROTECT, verbose_name=_("sell order"), related_name="sells", db_constraint=False
    )
    taker_side = models.CharField(_("side of the taker"), max_length=4, choices=Order.Side)
    price_fen = models.BigIntegerField(_("price in fen"))
    quantity_t = models.BigIntegerField(_("tonnes"))
    buyer_fee_fen = models.BigIntegerField(_("buyer's fee in fen"))
    seller_fee_fen = models.BigIntegerField(_("seller's fee in fen"))
    transaction = models.OneToOneField(
        Transaction, models.PROTECT, verbose_name=_("settlement"), related_name="trade", db_constraint=False
    )
    executed_at = models.DateTimeField(_("executed at"))

    class Meta:
        app_label = "trading"
        verbose_name = _("trade")
        verbose_name_plural = _("trades")
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
            # Those few that were not made on the book: the rest of a market's trades is in its candles.
            models.Index(
                fields=["market", "executed_at"],
                condition=~Q(trading_mode=TradingMode.LISTING),
                name="trade_negotiated",
            ),
        ]

    def __str__(self) -> str:
        return terms_written(self.quantity_t, self.price_fen)

    @property
    def value_fen(self) -> int:
        return self.price_fen * self.quantity_t


class Candle(models.Model):
    """What a minute's trades of the listing come to; a minute without any has none. Units: fen per tonne, tonnes, fen.

    The executor adds each batch's trades in the batch's own transaction, so candles and trades never differ.
    """

    pk = models.CompositePrimaryKey("market_id", "minute")
    market = models.ForeignKey(
        Market, models.PROTECT, verbose_name=_("market"), related_name="+", db_constraint=False, db_index=False
    )
    minute = models.DateTimeField(_("minute"))
    open_fen = models.BigIntegerField(_("opening price in fen"))
    high_fen = models.BigIntegerField(_("highest price in fen"))
    low_fen = models.BigIntegerField(_("lowest price in fen"))
    close_fen = models.BigIntegerField(_("closing price in fen"))
    quantity_t = models.BigIntegerField(_("tonnes"))
    # The same money may change hands many times in a minute: no bound of the journal holds for the sum.
    value_fen = models.DecimalField(_("value in fen"), max_digits=38, decimal_places=0)
    trades = models.BigIntegerField(_("number of trades"))

    class Meta:
        app_label = "trading"
        verbose_name = _("candle")
        verbose_name_plural = _("candles")

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.open_fen}–{self.close_fen}"
