"""How a statement says in words what a transfer was, and with whom, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ledger.journal.models import Account, Asset, Transaction
from ledger.texts import localized

_TEXTS: dict[tuple[str, bool], str | Promise] = {
    (Transaction.Kind.DEPOSIT, True): gettext_lazy("Money paid in by bank"),
    (Transaction.Kind.WITHDRAWAL, False): gettext_lazy("Money paid out to the bank"),
    (Transaction.Kind.ISSUANCE, True): gettext_lazy("Credits issued"),
    (Transaction.Kind.RETIREMENT, False): gettext_lazy("Credits retired"),
    (Transaction.Kind.CANCELLATION, False): gettext_lazy("Credits cancelled"),
    (Transaction.Kind.DISTRIBUTION, True): gettext_lazy("Share of what was sold"),
    (Transaction.Kind.DISTRIBUTION, False): gettext_lazy("Shared among member households"),
    (Transaction.Kind.PAYOUT, False): gettext_lazy("Paid out to the household"),
    (Transaction.Kind.TRANSFER, True): pgettext_lazy("statement", "Received"),
    (Transaction.Kind.TRANSFER, False): pgettext_lazy("statement", "Given"),
}


def what_happened(account: Account, transaction: Transaction, other: Account, receives: bool) -> str:
    """Return what a transfer was to an account; `other` is the one on the other side."""
    if transaction.kind == Transaction.Kind.REVERSAL:
        return _("Reversal of transaction %(number)s") % {"number": transaction.reverses_id}
    if transaction.kind == Transaction.Kind.TRANSFER and account.asset.kind == Asset.Kind.CREDIT:
        return _("Credits received outside the market") if receives else _("Credits handed over outside the market")
    if transaction.kind != Transaction.Kind.SETTLEMENT:
        return str(_TEXTS.get((transaction.kind, receives), transaction.get_kind_display()))
    if other.purpose == Account.Purpose.FEES:
        return _("Trading fee")
    if account.asset.kind == Asset.Kind.CASH:
        return _("Paid for credits that were sold") if receives else _("Paid for credits that were bought")
    return _("Credits bought on the market") if receives else _("Credits sold on the market")


def marked(text: str, *, is_reversed: bool) -> str:
    """Return what happened, with a mark where it was undone later."""
    return _("%(text)s (reversed later)") % {"text": text} if is_reversed else text


def owner_of(account: Account) -> str:
    """Return whose an account is."""
    if account.organisation is not None:
        return localized(account.organisation, "name")
    if account.household is not None:
        return _("Household %(code)s") % {"code": account.household.code}
    return _("Registry: %(purpose)s") % {"purpose": account.get_purpose_display()}


def asset_name(asset: Asset) -> str:
    """Return what an account counts."""
    return _("Money in yuan") if asset.kind == Asset.Kind.CASH else asset.code
