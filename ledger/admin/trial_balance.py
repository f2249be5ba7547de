"""The trial balance at the desk: every account that was ever moved, now or as of a past instant."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext, pgettext

from ledger.admin.display import moment, tonnes, yuan
from ledger.admin.export import csv_answer
from ledger.admin.filters import moment_written
from ledger.errors import InvalidValue
from ledger.journal.models import Account
from ledger.journal.trial_balance import TrialBalanceRow, trial_balance

ROWS_A_PAGE = 100
ASSETS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class AssetTotal:
    """What all accounts of an asset come to: as much debited as credited, or something is wrong."""

    code: str
    is_credit: bool
    accounts: int
    debits: int
    credits: int

    @property
    def balances(self) -> bool:
        return self.debits == self.credits


def totals_of(rows: Sequence[TrialBalanceRow]) -> list[AssetTotal]:
    """Return the totals of each asset; rows of one asset stand together."""
    totals = []
    for (code, is_credit), group in groupby(rows, key=lambda row: (row.asset_code, row.is_credit)):
        of_asset = list(group)
        debits, credits_ = sum(row.debits for row in of_asset), sum(row.credits for row in of_asset)
        totals.append(AssetTotal(code, is_credit, len(of_asset), debits, credits_))
    return totals


def page_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the page shows; a time that is none is said beside its field, and nothing is computed."""
    text = request.GET.get("at", "").strip()
    try:
        at = moment_written(text, of_day=dt.time.max) if text else None
    except InvalidValue as error:
        return {"title": gettext("Trial balance"), "at": text, "problem": str(error)}
    rows = trial_balance(at)
    totals = totals_of(rows)
    return {
        "title": gettext("Trial balance"),
        "at": text,
        "as_of": moment(at or timezone.now()),
        "balances": all(total.balances for total in totals),
        "totals": [_shown(total) for total in totals[:ASSETS_SHOWN]],
        "assets": len(totals),
        "page": (page := Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))),
        "rows": [_cells(row) for row in page],
    }


def exported(request: HttpRequest) -> HttpResponseBase | None:
    """Return the trial balance as CSV, or None where the time is none."""
    text = request.GET.get("at", "").strip()
    try:
        at = moment_written(text, of_day=dt.time.max) if text else None
    except InvalidValue:
        return None
    now = timezone.localtime(at)
    return csv_answer(f"trial-balance-{now:%Y%m%d-%H%M%S}.csv", _lines(trial_balance(at)))


def _lines(rows: Sequence[TrialBalanceRow]) -> Iterator[Sequence[object]]:
    yield [
        gettext("Asset"),
        gettext("Account"),
        gettext("Purpose"),
        gettext("Organisation"),
        gettext("Debits"),
        pgettext("journal", "Credits"),
        gettext("Balance"),
    ]
    for row in rows:
        cells = _cells(row)
        yield [cells["asset"], row.account_id, cells["purpose"], row.organisation_name or "", *cells["figures"]]


def _cells(row: TrialBalanceRow) -> dict[str, Any]:
    figure = tonnes if row.is_credit else yuan
    return {
        "asset": row.asset_code,
        "account_id": row.account_id,
        "purpose": Account.Purpose(row.purpose).label,
        "organisation": row.organisation_name,
        "figures": [figure(row.debits), figure(row.credits), figure(row.balance)],
    }


def _shown(total: AssetTotal) -> dict[str, Any]:
    figure = tonnes if total.is_credit else yuan
    return {
        "code": total.code,
        "unit": "t" if total.is_credit else gettext("yuan"),
        "accounts": total.accounts,
        "debits": figure(total.debits),
        "credits": figure(total.credits),
        "balances": total.balances,
    }
