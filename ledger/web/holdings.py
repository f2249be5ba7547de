"""What an organisation's account has seen, as a page and as files, and money paid out."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger.credits.sharing.distributing import share_proceeds
from ledger.errors import InvalidValue, NotFound
from ledger.journal.bank.accounts import bank_account_of
from ledger.journal.models import Account, Asset, Payment
from ledger.journal.payments import request_withdrawal
from ledger.journal.selectors import balances_at, cash_account
from ledger.journal.statement_csv import MAX_LINES as MAX_CSV_LINES
from ledger.journal.statement_csv import statement_csv, statement_workbook
from ledger.journal.statement_pdf import MAX_LINES as MAX_PDF_LINES
from ledger.journal.statement_pdf import statement_pdf
from ledger.journal.statements import (
    Period,
    Statement,
    closing_balance,
    file_name,
    lines_of_page,
    opening_balance,
    read_statement,
    transfers_in,
)
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership
from ledger.spreadsheets import XLSX
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.credits import WithdrawForm
from ledger.web.forms.statements import PeriodForm, StatementForm
from ledger.web.rights import may_withdraw
from ledger.web.security.doors import for_fresh_sessions, kept_form

TRANSFERS_A_PAGE = 50
PAYMENTS_A_PAGE = 20
RUNS_SHOWN = 5


@require_safe
@for_members
def account_statement(request: HttpRequest, membership: Membership, account_id: int) -> HttpResponse:
    """Show an account's transfers: one's own organisation's, or anybody's to those who read everything."""
    account = _account(membership, account_id)
    form = StatementForm(request.GET)
    period = form.period() if form.is_valid() else Period()
    at = form.cleaned_data.get("at")
    page = Paginator(transfers_in(account, period), TRANSFERS_A_PAGE).get_page(request.GET.get("page"))
    closing = closing_balance(account, period)
    lines = lines_of_page(account, period, list(page.object_list), closing)
    context = {
        "account": account,
        "batch": account.asset.batch if account.asset.kind == Asset.Kind.CREDIT else None,
        "is_cash": account.asset.kind == Asset.Kind.CASH,
        "is_own": account.organisation_id == membership.organisation_id,
        "form": form,
        "period": period,
        "opening": opening_balance(account, period),
        "closing": closing,
        "at": at,
        "balance_then": balances_at([account], at)[account.pk] if at else None,
        "page": page,
        "rows": [(line, *line.first_runs(RUNS_SHOWN)) for line in lines],
    }
    return show(request, "ledger/credits/statement.html", context)


@require_safe
@for_members
def statement_as_csv(request: HttpRequest, membership: Membership, account_id: int) -> StreamingHttpResponse:
    """Return a statement as a file for spreadsheets."""
    found = _statement(request, _account(membership, account_id), most=MAX_CSV_LINES)
    return StreamingHttpResponse(
        statement_csv(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name(found)}.csv"'},
    )


@require_safe
@for_members
def statement_as_workbook(request: HttpRequest, membership: Membership, account_id: int) -> FileResponse:
    """Return a statement as a workbook of XLSX."""
    found = _statement(request, _account(membership, account_id), most=MAX_CSV_LINES)
    name = f"{file_name(found)}.xlsx"
    return FileResponse(statement_workbook(found), as_attachment=True, filename=name, content_type=XLSX)


@require_safe
@for_members
def statement_as_pdf(request: HttpRequest, membership: Membership, account_id: int) -> HttpResponse:
    """Return a statement to be printed and kept."""
    found = _statement(request, _account(membership, account_id), most=MAX_PDF_LINES)
    return HttpResponse(
        statement_pdf(found),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{file_name(found)}.pdf"'},
    )


def _statement(request: HttpRequest, account: Account, *, most: int) -> Statement:
    form = PeriodForm(request.GET)
    if not form.is_valid():
        field, messages_ = next(iter(form.errors.items()))
        raise InvalidValue(field=field, reason=str(messages_[0]))
    return read_statement(account, form.period(), most=most)


def _account(membership: Membership, account_id: int) -> Account:
    accounts = Account.objects.select_related("asset__batch__project", "organisation")
    account = accounts.filter(pk=account_id).first()
    if account is None:
        raise NotFound()
    if account.organisation_id != membership.organisation_id and not reads_everything(membership):
        raise NotFound()
    return account


@require_http_methods(["GET", "POST"])
@for_fresh_sessions("withdraw")
@for_members
def withdraw(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask for money to be paid out, and see what became of one's payments."""
    if not membership.organisation.holds_assets:
        raise Http404
    # What member households have coming of the last moment's sales is not the cooperative's to withdraw.
    share_proceeds(membership.organisation_id)
    account = cash_account(membership.organisation)
    available_fen = account.available if account else 0
    form = WithdrawForm(request.POST or None, available_fen=available_fen, initial=kept_form(request))
    if form.is_valid() and carry_out(form, request_withdrawal, actor=membership, **form.cleaned_data) is not None:
        messages.success(request, _("The amount is set aside. A treasurer pays it out next."))
        return redirect("withdraw")
    withdrawals = membership.organisation.payments.filter(direction=Payment.Direction.WITHDRAWAL)
    payments = withdrawals.select_related("bank_account").order_by("-id")
    context = {
        "form": form,
        "account": account,
        "available_fen": available_fen,
        "may_withdraw": may_withdraw(membership),
        "bank_account": bank_account_of(membership.organisation),
        "page": Paginator(payments, PAYMENTS_A_PAGE).get_page(request.GET.get("page")),
    }
    return show(request, "ledger/payments/withdraw.html", context)
