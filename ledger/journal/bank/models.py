"""Statements of the operator's bank account, and the entries in them that payments are matched with."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.bank.content import MAX_ACCOUNT, MAX_NAME
from ledger.journal.models import Payment
from ledger.parties.models import Organisation, User


class BankStatement(models.Model):
    """A file of the bank that was imported. Never changed: its hash is in the log."""

    class Format(models.TextChoices):
        CAMT053 = "camt053", _("camt.053")
        CSV = "csv", _("CSV")

    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64, unique=True)
    format = models.CharField(_("format"), max_length=8, choices=Format)
    account = models.CharField(_("bank account"), max_length=MAX_ACCOUNT)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    opening_fen = models.BigIntegerField(_("opening balance in fen"), null=True)
    closing_fen = models.BigIntegerField(_("closing balance in fen"), null=True)
    duplicates = models.PositiveIntegerField(_("entries known before"))
    skipped = models.PositiveIntegerField(_("entries not booked"))
    imported_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("imported by"), related_name="+")
    imported_at = models.DateTimeField(_("imported at"))
    record_id = models.BigIntegerField(_("record"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        constraints = [
            models.CheckConstraint(
                name="bank_statement_period_in_order", condition=Q(ends_on__gte=models.F("starts_on"))
            )
        ]
        indexes = [models.Index(fields=["account", "starts_on"], name="bank_statement_of_account")]

    def __str__(self) -> str:
        return f"{self.account} · {self.starts_on} – {self.ends_on}"

    @property
    def is_balanced(self) -> bool:
        """Whether its entries were seen to lead from its opening balance to its closing one: else it gave not both."""
        return self.opening_fen is not None and self.closing_fen is not None


class BankEntry(models.Model):
    """One booked movement of the bank account, and the payment that it is of.

    Open until a treasurer matches it with a payment, or sets it aside; open again when that payment is refused.
    """

    class Direction(models.TextChoices):
        CREDIT = "credit", _("paid in")
        DEBIT = "debit", _("paid out")

    class Status(models.TextChoices):
        OPEN = "open", _("to be matched")
        MATCHED = "matched", _("matched")
        IGNORED = "ignored", pgettext_lazy("bank entry", "set aside")

    statement = models.ForeignKey(
        BankStatement, models.PROTECT, verbose_name=_("bank statement"), related_name="entries"
    )
    bank_reference = models.CharField(_("bank reference"), max_length=64)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction)
    amount_fen = models.BigIntegerField(_("amount in fen"))
    booked_on = models.DateField(_("booked on"))
    is_reversal = models.BooleanField(_("takes back an earlier entry"), default=False)
    # More than one where the bank has booked several payments in one and does not say how much each was.
    payments = models.PositiveIntegerField(_("payments booked in one"), default=1)
    counterparty_name = models.CharField(_("counterparty"), max_length=MAX_NAME, blank=True)
    counterparty_account = models.CharField(_("counterparty's account"), max_length=MAX_ACCOUNT, blank=True)
    counterparty_code = models.CharField(_("counterparty's code"), max_length=MAX_ACCOUNT, blank=True)
    text = models.TextField(_("remittance text"), blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    payment = models.OneToOneField(
        Payment, models.PROTECT, verbose_name=_("payment"), null=True, related_name="bank_entry"
    )
    reason = models.CharField(_("reason for setting it aside"), max_length=200, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("handled by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("handled at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("bank entry")
        verbose_name_plural = _("bank entries")
        constraints = [
            models.CheckConstraint(name="bank_entry_moves_something", condition=Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="bank_entry_matched_with_a_payment",
                condition=Q(status="matched", payment__isnull=False) | (~Q(status="matched") & Q(payment__isnull=True)),
            ),
            models.CheckConstraint(
                name="bank_entry_set_aside_for_a_reason", condition=~Q(status="ignored") | ~Q(reason="")
            ),
        ]
        indexes = [models.Index(fields=["bank_reference"], name="bank_entry_by_reference")]

    def __str__(self) -> str:
        return self.bank_reference

    @property
    def signed_fen(self) -> int:
        return self.amount_fen if self.direction == self.Direction.CREDIT else -self.amount_fen

    @property
    def is_open(self) -> bool:
        """Whether it waits for a payment: also where its payment was refused or reversed, which was a mistake then."""
        if self.payment is not None and self.payment.status in Payment.VOID_STATUSES:
            return True
        return self.status == self.Status.OPEN

    @property
    def takes_a_payment(self) -> bool:
        """Whether it can be one payment: what takes back another, or is many in one, cannot."""
        return not self.is_reversal and self.payments == 1


class BankAccount(models.Model):
    """Where an organisation's money is paid out to: stated by one treasurer from its contract, confirmed by a second one.

    Never changed: another one takes its place. It is the organisation's own, in its own name.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="bank_accounts"
    )
    bank = models.CharField(_("bank"), max_length=MAX_NAME)
    number = models.CharField(_("account number"), max_length=MAX_ACCOUNT)
    # What the log's hash of the number is made with, so that nobody finds the number by trying; none of before it was made so.
    nonce = models.CharField(_("nonce"), max_length=32, blank=True, default="", db_default="")
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    requested_at = models.DateTimeField(_("entered at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("bank account of an organisation")
        verbose_name_plural = _("bank accounts of organisations")
        constraints = [
            models.CheckConstraint(
                name="bank_account_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
            ),
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(status="requested"), name="bank_account_waits_once"
            ),
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """The bank, and enough of the number to know it by."""
        return f"{self.bank} {self.masked_number}"

    @property
    def masked_number(self) -> str:
        """The last four digits, as everybody is shown the number who need not compare it."""
        return f"····{self.number[-4:]}"
