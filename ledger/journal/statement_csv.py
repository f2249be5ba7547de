"""Account statements and the trial balance as CSV, and statements as XLSX: for spreadsheets, amounts exact."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import IO

from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.journal.statements import Line, Statement
from ledger.journal.trial_balance import TrialBalanceRow
from ledger.journal.wording import marked
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row, workbook_file

MAX_LINES = 50_000
MOST_EXACT_FEN = 10**15
"""A spreadsheet keeps fifteen digits."""
RUNS_IN_CELL = 20
COLUMNS = (
    "occurred_at",
    "transaction",
    "what",
    "counterparty",
    "asset",
    "received",
    "given",
    "balance",
    "serials",
    "log_index",
)
TRIAL_BALANCE_COLUMNS = ("asset", "purpose", "organisation", "account", "debits", "credits", "balance")


def exact(amount: int | None, *, is_credit: bool) -> str:
    """Return an amount as a program reads it: yuan with two decimals, or whole tonnes."""
    if amount is None:
        return ""
    return str(amount) if is_credit else f"{Decimal(amount) / 100:.2f}"


def statement_csv(statement: Statement) -> Iterator[str]:
    """Yield a statement as CSV, between its opening and its closing balance."""
    yield BYTE_ORDER_MARK
    yield from map(csv_row, _rows(statement, exact))


def statement_workbook(statement: Statement) -> IO[bytes]:
    """Return a statement as a workbook of XLSX, with the same rows; amounts are numbers, so that they can be added up."""
    return workbook_file([(statement.account.asset.code, _rows(statement, _as_number))])


def _rows(statement: Statement, write: Callable[..., object]) -> Iterator[list[object]]:
    asset = statement.account.asset
    is_credit = asset.kind == asset.Kind.CREDIT
    period = statement.period
    yield list(COLUMNS)
    yield _balance_row(
        period.starts_on or "", _("Opening balance"), asset.code, write(statement.opening, is_credit=is_credit)
    )
    for line in statement.lines:
        yield _line_row(line, is_credit, write)
    yield _balance_row(
        period.ends_on or "", _("Closing balance"), asset.code, write(statement.closing, is_credit=is_credit)
    )


def _as_number(amount: int | None, *, is_credit: bool) -> object:
    """Return an amount as a spreadsheet reckons with it; as a text where a spreadsheet would lose its fen."""
    if amount is None or is_credit:
        return amount
    return amount / 100 if abs(amount) < MOST_EXACT_FEN else exact(amount, is_credit=False)


def trial_balance_csv(rows: Iterable[TrialBalanceRow]) -> Iterator[str]:
    """Yield a trial balance as CSV."""
    yield BYTE_ORDER_MARK
    yield csv_row(TRIAL_BALANCE_COLUMNS)
    for row in rows:
        amounts = (exact(amount, is_credit=row.is_credit) for amount in (row.debits, row.credits, row.balance))
        yield csv_row([row.asset_code, row.purpose, row.organisation_name, row.account_id, *amounts])


def _balance_row(day: object, text: str, asset_code: str, balance: object) -> list[object]:
    return [day, "", text, "", asset_code, "", "", balance, "", ""]


def _line_row(line: Line, is_credit: bool, write: Callable[..., object]) -> list[object]:
    serials, more = line.first_runs(RUNS_IN_CELL)
    return [
        timezone.localtime(line.occurred_at).isoformat(timespec="seconds"),
        line.transaction_id,
        marked(line.text, is_reversed=line.is_reversed),
        line.counterparty,
        line.asset_code,
        *(write(amount, is_credit=is_credit) for amount in (line.received, line.given, line.balance)),
        "; ".join([*serials, f"(+{more})"] if more else serials),
        "" if line.log_index is None else line.log_index,
    ]
