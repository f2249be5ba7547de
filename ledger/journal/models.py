"""Accounts, double-entry transactions, holds, serial numbers, payments and corrections.

Transactions and transfers are append-only (migrations/sql/append_only.sql). The rows that the settlement of trades
writes by the thousand keep no foreign keys in the database: checking them cost a third of the settlement's time, and
reconciliation finds a row that points nowhere.
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.fields import SerialRangesField
from ledger.parties.models import Household, Organisation, User


class Asset(models.Model):
    """What an account counts: fen of CNY, or whole tonnes of one credit batch."""

    class Kind(models.TextChoices):
        CASH = "cash", _("cash")
        CREDIT = "credit", _("credit")

    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)

    class Meta:
        app_label = "ledger"
        verbose_name = _("asset")
        verbose_name_plural = _("assets")

    def __str__(self) -> str:
        return self.code


class Account(models.Model):
    """One organisation's, a member household's, or the system's position in one asset."""

    class Purpose(models.TextChoices):
        HOLDING = "holding", _("holding")
        # What a household has coming from its cooperative's sales, until it is paid out.
        SHARE = "share", _("share of a household")
        BANK = "bank", _("bank")
        FEES = "fees", _("fees")
        ISSUANCE = "issuance", _("issuance")
        BUFFER = "buffer", _("buffer pool")
        RETIRED = "retired", _("retired")
        CANCELLED = "cancelled", _("cancelled")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), null=True, related_name="accounts"
    )
    household = models.ForeignKey(
        Household, models.PROTECT, verbose_name=_("member household"), null=True, related_name="accounts"
    )
    asset = models.ForeignKey(Asset, models.PROTECT, verbose_name=_("asset"), related_name="accounts")
    purpose = models.CharField(_("purpose of the account"), max_length=16, choices=Purpose, default=Purpose.HOLDING)
    balance = models.BigIntegerField(_("balance"), default=0)
    held = models.BigIntegerField(_("held"), default=0)

    class Meta:
        app_label = "ledger"
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "household", "asset", "purpose"], name="account_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="account_covers_its_holds",
                condition=Q(held__gte=0) & (Q(purpose__in=["bank", "issuance"], held=0) | Q(held__lte=F("balance"))),
            ),
            models.CheckConstraint(
                name="account_belongs_to_someone_or_the_system",
                condition=Q(purpose="holding", organisation__isnull=False, household__isnull=True)
                | Q(purpose="share", organisation__isnull=True, household__isnull=False)
                | (~Q(purpose__in=["holding", "share"]) & Q(organisation__isnull=True, household__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation or self.household or self.get_purpose_display()} · {self.asset}"

    @property
    def available(self) -> int:
        return self.balance - self.held


class Transaction(models.Model):
    """A set of transfers that happen together or not at all. Never changed; corrected by one that reverses it."""

    class Kind(models.TextChoices):
        DEPOSIT = "deposit", _("deposit")
        WITHDRAWAL = "withdrawal", _("withdrawal")
        ISSUANCE = "issuance", _("issuance")
        SETTLEMENT = "settlement", _("settlement")
        RETIREMENT = "retirement", _("retirement")
        CANCELLATION = "cancellation", _("cancellation")
        TRANSFER = "transfer", _("transfer")
        REVERSAL = "reversal", _("reversal")
        # What a sale brings, to the member households; and from them to the bank.
        DISTRIBUTION = "distribution", _("distribution to households")
        PAYOUT = "payout", _("payout to households")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    occurred_at = models.DateTimeField(_("occurred at"))
    actor = models.CharField(_("actor"), max_length=64)
    idempotency_key = models.CharField(_("idempotency key"), max_length=120, null=True)  # noqa: DJ001 (null: none given)
    reverses = models.OneToOneField(
        "self", models.PROTECT, verbose_name=_("reverses"), null=True, related_name="reversed_by", db_constraint=False
    )
    record_id = models.BigIntegerField(_("record"))

    class Meta:
        app_label = "ledger"
        verbose_name = pgettext_lazy("journal", "transaction")
        verbose_name_plural = pgettext_lazy("journal", "transactions")
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="transaction_key_once",
            )
        ]
        # Rows come nearly in the order of time: this finds a period in a large table, and costs next to nothing to keep.
        indexes = [BrinIndex(fields=["occurred_at"], name="transaction_by_time", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Transfer(models.Model):
    """An amount that one account gives (debit) and another receives (credit), with the serial numbers moved."""

    transaction = models.ForeignKey(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "transaction"),
        related_name="transfers",
        db_constraint=False,
    )
    debit_account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("debit account"), related_name="+", db_constraint=False, db_index=False
    )
    credit_account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("credit account"), related_name="+", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField(_("amount"))
    serials = SerialRangesField(_("serial numbers"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("transfer of the journal")
        verbose_name_plural = _("transfers of the journal")
        constraints = [
            models.CheckConstraint(name="transfer_moves_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="transfer_between_two", condition=~Q(debit_account=F("credit_account"))),
        ]
        indexes = [
            models.Index(fields=["debit_account", "id"], name="transfer_debit"),
            models.Index(fields=["credit_account", "id"], name="transfer_credit"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Hold(models.Model):
    """An amount set aside on an account for an order, a proposal, a transfer or a withdrawal until it settles or is released."""

    class Purpose(models.TextChoices):
        ORDER = "order", pgettext_lazy("trading", "order")
        WITHDRAWAL = "withdrawal", _("withdrawal")
        REPLACE = "replace", pgettext_lazy("trading", "new terms of an order")
        BLOCK_OFFER = "block_offer", _("offer of a block trade")
        AUCTION = "auction", _("one-way auction")
        BID = "bid", pgettext_lazy("auction", "bid")
        # Its amount would tell the bid: the desk does not show it as long as there is any.
        SEALED_BID = "sealed_bid", _("sealed bid")
        PAYOUT = "payout", _("payout to households")
        TRANSFER = "transfer", pgettext_lazy("credits", "transfer that was offered")
        CANCELLATION = "cancellation", pgettext_lazy("credits", "cancellation that was asked for")

    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), related_name="holds", db_constraint=False
    )
    purpose = models.CharField(_("purpose of the hold"), max_length=16, choices=Purpose)
    remaining = models.BigIntegerField(_("remaining"))
    placed_at = models.DateTimeField(_("placed at"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [models.CheckConstraint(name="hold_is_never_negative", condition=Q(remaining__gte=0))]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"


class SerialBlock(models.Model):
    """Which account owns a run of serial numbers now. No number can be in two blocks: the database refuses it."""

    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), related_name="blocks", db_constraint=False, db_index=False
    )
    asset = models.ForeignKey(
        Asset, models.PROTECT, verbose_name=_("asset"), related_name="blocks", db_constraint=False
    )
    serials = BigIntegerRangeField(_("serial numbers"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("run of serial numbers")
        verbose_name_plural = _("runs of serial numbers")
        constraints = [
            # SP-GiST keeps ranges that do not overlap in half the time that GiST takes.
            ExclusionConstraint(
                name="serial_in_one_block",
                expressions=[("serials", RangeOperators.OVERLAPS)],
                index_type="SPGIST",
            ),
            models.CheckConstraint(name="serial_block_not_empty", condition=Q(serials__isempty=False)),
        ]
        # An account's oldest blocks, which are delivered first.
        indexes = [models.Index(fields=["account", "id"], name="serial_block_by_age")]

    def __str__(self) -> str:
        return f"{self.serials.lower}–{self.serials.upper - 1}"


class SerialCounter(models.Model):
    """The one global sequence that serial numbers are drawn from, without gaps."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    next_serial = models.BigIntegerField(default=1)

    class Meta:
        app_label = "ledger"
        constraints = [models.CheckConstraint(name="serial_counter_is_one", condition=Q(id=1))]


class Payment(models.Model):
    """Money that enters or leaves by the bank: one treasurer enters it, a second one confirms it."""

    class Direction(models.TextChoices):
        DEPOSIT = "deposit", _("deposit")
        WITHDRAWAL = "withdrawal", _("withdrawal")

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        POSTED = "posted", _("posted")
        REFUSED = "refused", _("refused")
        REVERSED = "reversed", _("reversed")

    # Mistakes: the bank's reference is free to be entered as it should have been.
    VOID_STATUSES = (Status.REFUSED, Status.REVERSED)

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="payments"
    )
    direction = models.CharField(_("direction"), max_length=12, choices=Direction)
    amount_fen = models.BigIntegerField(_("amount in fen"))
    bank_reference = models.CharField(_("bank reference"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), null=True, related_name="payment")
    transaction = models.OneToOneField(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "transaction"),
        null=True,
        related_name="payment",
    )
    # Of a withdrawal, from when it is posted; withdrawals of before it was kept have none.
    bank_account = models.ForeignKey(
        "ledger.BankAccount",
        models.PROTECT,
        verbose_name=_("paid to"),
        null=True,
        related_name="payments",
        db_constraint=False,
        db_index=False,
    )
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    requested_at = models.DateTimeField(_("entered at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(name="payment_is_positive", condition=Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="payment_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
            ),
            models.UniqueConstraint(
                fields=["direction", "bank_reference"],
                # A refused or reversed payment was a mistake: the same reference may then be entered correctly.
                condition=~Q(bank_reference="") & ~Q(status__in=["refused", "reversed"]),
                name="payment_bank_reference_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.pk}"


class Correction(models.Model):
    """A wrong transaction that is undone by one that reverses it: one treasurer asks for it, a second one confirms it."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    transaction = models.ForeignKey(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "transaction"),
        related_name="corrections",
    )
    reason = models.CharField(_("reason"), max_length=200)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    reversal = models.OneToOneField(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "reversal"),
        null=True,
        related_name="correction",
    )
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    requested_at = models.DateTimeField(_("entered at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        constraints = [
            models.CheckConstraint(
                name="correction_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="correction_confirmed_by_a_reversal",
                condition=Q(status="confirmed", reversal__isnull=False, decided_by__isnull=False)
                | Q(status="refused", reversal__isnull=True, decided_by__isnull=False)
                | Q(status="requested", reversal__isnull=True, decided_by__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["transaction"], condition=~Q(status="refused"), name="transaction_corrected_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class Payout(models.Model):
    """Money that households of a cooperative get by the bank: its owner orders it, a treasurer confirms it.

    One list of the bank's: as many households as one transaction takes.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        POSTED = "posted", _("posted")
        REFUSED = "refused", _("refused")
        REVERSED = "reversed", _("reversed")

    cooperative = models.ForeignKey(Organisation, models.PROTECT, verbose_name=_("cooperative"), related_name="payouts")
    amount_fen = models.BigIntegerField(_("amount in fen"))
    bank_reference = models.CharField(_("bank reference"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    transaction = models.OneToOneField(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "transaction"),
        null=True,
        related_name="payout",
    )
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    requested_at = models.DateTimeField(_("entered at"))
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("payout to households")
        verbose_name_plural = _("payouts to households")
        constraints = [
            models.CheckConstraint(name="payout_is_of_something", condition=Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="payout_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
            ),
            models.UniqueConstraint(
                fields=["bank_reference"],
                condition=~Q(bank_reference="") & ~Q(status__in=["refused", "reversed"]),
                name="payout_reference_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative} · {self.pk}"


class PayoutLine(models.Model):
    """What one household gets by a payout, held on its account until the payout is decided."""

    payout = models.ForeignKey(Payout, models.PROTECT, verbose_name=_("payout to households"), related_name="lines")
    account = models.ForeignKey(Account, models.PROTECT, verbose_name=_("account"), related_name="+")
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), related_name="payout_line")
    amount_fen = models.BigIntegerField(_("amount in fen"))

    class Meta:
        app_label = "ledger"
        ordering = ["id"]
        verbose_name = _("household of a payout")
        verbose_name_plural = _("households of a payout")
        constraints = [
            models.CheckConstraint(name="payout_line_is_of_something", condition=Q(amount_fen__gt=0)),
            models.UniqueConstraint(fields=["payout", "account"], name="payout_line_once_a_household"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
