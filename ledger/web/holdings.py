"""What an organisation's account has seen, and money paid out."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from ledger.credits.selectors import serial_numbers
from ledger.errors import NotFound
from ledger.journal.models import Account, Asset, Transaction, Transfer
from ledger.journal.payments import request_withdrawal
from ledger.journal.selectors import cash_account, statement, sum_after
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership
from ledger.templatetags.tianhui import localized
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.credits import WithdrawForm
from ledger.web.rights import may_withdraw

TRANSFERS_A_PAGE = 50
PAYMENTS_A_PAGE = 20
RUNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer as its account sees it."""

    transfer: Transfer
    text: str
    counterparty: str
    received: int | None
    given: int | None
    balance: int
    serials: list[str]
    more_runs: int


@require_safe
@for_members
def account_statement(request: HttpRequest, membership: Membership, account_id: int) -> HttpResponse:
    """Show an account's transfers: one's own organisation's, or anybody's to those who read everything."""
    account = _account(membership, account_id)
    page = Paginator(statement(account), TRANSFERS_A_PAGE).get_page(request.GET.get("page"))
    transfers = list(page.object_list)
    context = {
        "account": account,
        "batch": account.asset.batch if account.asset.kind == Asset.Kind.CREDIT else None,
        "is_cash": account.asset.kind == Asset.Kind.CASH,
        "is_own": account.organisation_id == membership.organisation_id,
        "page": page,
        "entries": _entries(account, transfers),
    }
    return render(request, "ledger/credits/statement.html", context)


def _account(membership: Membership, account_id: int) -> Account:
    accounts = Account.objects.select_related("asset__batch__project", "organisation")
    account = accounts.filter(pk=account_id).first()
    if account is None:
        raise NotFound()
    if account.organisation_id != membership.organisation_id and not reads_everything(membership):
        raise NotFound()
    return account


def _entries(account: Account, transfers: Sequence[Transfer]) -> list[Entry]:
    """Return transfers with the balance after each.

    The balance is reckoned back from what the account has now. A transfer that is posted between the two reads shifts the
    column until the page is loaded anew; the ledger itself is not concerned.
    """
    if not transfers:
        return []
    balance = account.balance - sum_after(account, transfers[0].pk)
    entries = []
    for transfer in transfers:
        entries.append(_entry(account, transfer, balance))
        balance -= _signed(account, transfer)
    return entries


def _signed(account: Account, transfer: Transfer) -> int:
    return transfer.amount if transfer.credit_account_id == account.pk else -transfer.amount


def _entry(account: Account, transfer: Transfer, balance: int) -> Entry:
    receives = transfer.credit_account_id == account.pk
    other = transfer.debit_account if receives else transfer.credit_account
    runs = list(transfer.serials or [])
    return Entry(
        transfer=transfer,
        text=_text(account, transfer, other, receives),
        counterparty=_name_of(other),
        received=transfer.amount if receives else None,
        given=None if receives else transfer.amount,
        balance=balance,
        serials=[serial_numbers(account.asset.batch, run.lower, run.upper - 1) for run in runs[:RUNS_SHOWN]],
        more_runs=len(runs[RUNS_SHOWN:]),
    )


def _name_of(account: Account) -> str:
    if account.organisation is not None:
        return str(localized(account.organisation, "name"))
    return _("Registry: %(purpose)s") % {"purpose": account.get_purpose_display()}


def _text(account: Account, transfer: Transfer, other: Account, receives: bool) -> str:
    kind = transfer.transaction.kind
    if kind != Transaction.Kind.SETTLEMENT:
        return str(_TEXTS.get((kind, receives), transfer.transaction.get_kind_display()))
    if other.purpose == Account.Purpose.FEES:
        return _("Trading fee")
    is_cash = account.asset.kind == Asset.Kind.CASH
    if is_cash:
        return _("Paid for credits that were sold") if receives else _("Paid for credits that were bought")
    return _("Credits bought on the market") if receives else _("Credits sold on the market")


_TEXTS: dict[tuple[str, bool], str | Promise] = {
    (Transaction.Kind.DEPOSIT, True): gettext_lazy("Money paid in by bank"),
    (Transaction.Kind.WITHDRAWAL, False): gettext_lazy("Money paid out to the bank"),
    (Transaction.Kind.ISSUANCE, True): gettext_lazy("Credits issued"),
    (Transaction.Kind.RETIREMENT, False): gettext_lazy("Credits retired"),
    (Transaction.Kind.CANCELLATION, False): gettext_lazy("Credits cancelled"),
    (Transaction.Kind.TRANSFER, True): pgettext_lazy("statement", "Received"),
    (Transaction.Kind.TRANSFER, False): pgettext_lazy("statement", "Given"),
}


@require_http_methods(["GET", "POST"])
@for_members
def withdraw(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask for money to be paid out, and see what became of one's payments."""
    if not membership.organisation.holds_assets:
        raise Http404
    account = cash_account(membership.organisation)
    available_fen = account.available if account else 0
    form = WithdrawForm(request.POST or None, available_fen=available_fen)
    if form.is_valid() and carry_out(form, request_withdrawal, actor=membership, **form.cleaned_data) is not None:
        messages.success(request, _("The amount is set aside. A treasurer pays it out next."))
        return redirect("withdraw")
    payments = membership.organisation.payments.order_by("-id")
    context = {
        "form": form,
        "account": account,
        "available_fen": available_fen,
        "may_withdraw": may_withdraw(membership),
        "page": Paginator(payments, PAYMENTS_A_PAGE).get_page(request.GET.get("page")),
    }
    return show(request, "ledger/payments/withdraw.html", context)
