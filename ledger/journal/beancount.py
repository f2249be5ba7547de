"""Write the whole journal as a beancount file, so that a program that is not ours can do the sums.

Each account is one of beancount's, named by its purpose and id; each batch is a commodity. Amounts keep their sign: what an
account has is positive, the bank's and the issuance accounts' side is negative, and each transaction comes to nothing.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from django.db import connection, transaction
from django.utils import timezone

from ledger.journal.models import Account, Transaction, Transfer
from ledger.transparency.models import LogLeaf, Record
from ledger.transparency.services import format_time

ROOTS = {
    "holding": "Assets:Holding",
    "share": "Assets:Share",
    "buffer": "Assets:Buffer",
    "bank": "Equity:Bank",
    "issuance": "Equity:Issuance",
    "fees": "Income:Fees",
    "retired": "Expenses:Retired",
    "cancelled": "Expenses:Cancelled",
}
TRANSACTIONS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Name:
    """How an account is called in the file, and in what its amounts are."""

    account: str
    commodity: str
    is_cash: bool

    def amount(self, amount: int) -> str:
        """Return an amount in its commodity. Units: fen in and yuan out, or tonnes."""
        if not self.is_cash:
            return f"{amount} {self.commodity}"
        yuan, fen = divmod(abs(amount), 100)
        return f"{'-' if amount < 0 else ''}{yuan}.{fen:02d} {self.commodity}"


def write_beancount(out: TextIO) -> int:
    """Write the journal as it is at one moment, and return how many transactions it has. Only accounts are kept in memory."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        accounts = list(Account.objects.select_related("asset", "organisation", "household").order_by("id"))
        names = _names(accounts)
        last_on = timezone.localdate()
        count = 0
        out.writelines(_opening(accounts, names))
        for found in _transactions():
            last_on = max(last_on, *(_day(row.occurred_at) for row in found))
            count += len(found)
            out.writelines(_entries(found, names))
        out.writelines(_balances(accounts, names, last_on + dt.timedelta(days=1)))
    return count


def _names(accounts: Sequence[Account]) -> dict[int, Name]:
    commodities: dict[int, str] = {}
    for asset in sorted({account.asset for account in accounts}, key=lambda asset: asset.pk):
        plain = re.sub(r"[^A-Z0-9.-]", "-", asset.code.upper()).strip(".-")
        if not re.match(r"[A-Z]", plain):
            plain = f"X{plain}"
        commodities[asset.pk] = plain if plain not in commodities.values() else f"{plain}-{asset.pk}"
    return {
        account.pk: Name(
            f"{ROOTS[account.purpose]}:Account-{account.pk}",
            commodities[account.asset_id],
            account.asset.kind == "cash",
        )
        for account in accounts
    }


def _opening(accounts: Sequence[Account], names: Mapping[int, Name]) -> Iterator[str]:
    opened_on = _opening_days()
    today = timezone.localdate()
    yield 'option "title" "Tianhui"\noption "operating_currency" "CNY"\n\n'
    declared: dict[str, dt.date] = {}
    for account in accounts:
        commodity, day = names[account.pk].commodity, opened_on.get(account.pk, today)
        declared[commodity] = min(declared.get(commodity, day), day)
    for commodity, day in declared.items():
        yield f"{day} commodity {commodity}\n"
    yield "\n"
    for account in accounts:
        name = names[account.pk]
        yield f"{opened_on.get(account.pk, today)} open {name.account} {name.commodity}\n"
        yield f'  account: "{account.pk}"\n  asset: "{account.asset.code}"\n'
        if account.organisation is not None:
            yield f'  organisation: "{account.organisation.public_id}"\n'
        if account.household is not None:
            yield f'  household: "{account.household.public_id}"\n'


def _opening_days() -> dict[int, dt.date]:
    """Return when each account was opened: as the log says, or when it was first used, where that is told of an earlier day."""
    days: dict[int, dt.date] = {}
    for (entry,) in Record.objects.filter(kind="account_opened").values_list("entry").iterator():
        content = json.loads(bytes(entry))
        days[int(content["body"]["account"])] = _day(dt.datetime.fromisoformat(content["at"]))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT side.account_id, min(posted.occurred_at)
              FROM ledger_transfer transfer
              JOIN ledger_transaction posted ON posted.id = transfer.transaction_id
             CROSS JOIN LATERAL (VALUES (debit_account_id), (credit_account_id)) AS side (account_id)
             GROUP BY side.account_id
            """
        )
        for account_id, first_used_at in cursor.fetchall():
            day = _day(first_used_at)
            days[account_id] = min(days.get(account_id, day), day)
    return days


def _transactions() -> Iterator[list[Transaction]]:
    """Yield all transactions, some at a time, in the order of their ids."""
    last_id = 0
    while found := list(Transaction.objects.filter(pk__gt=last_id).order_by("pk")[:TRANSACTIONS_AT_ONCE]):
        yield found
        last_id = found[-1].pk


def _entries(found: Sequence[Transaction], names: Mapping[int, Name]) -> Iterator[str]:
    record_ids = [posted.record_id for posted in found]
    entries = dict(Record.objects.filter(pk__in=record_ids).values_list("pk", "entry"))
    places = dict(LogLeaf.objects.filter(record_id__in=record_ids).values_list("record_id", "index"))
    transfers: dict[int, list[Transfer]] = {posted.pk: [] for posted in found}
    for transfer in Transfer.objects.filter(transaction_id__in=list(transfers)).order_by("pk"):
        transfers[transfer.transaction_id].append(transfer)
    for posted in found:
        yield f'\n{_day(posted.occurred_at)} * "{posted.kind}"\n'
        entry = entries.get(posted.record_id)
        yield from _metadata(posted, places.get(posted.record_id), json.loads(bytes(entry))["body"] if entry else {})
        for transfer in transfers[posted.pk]:
            yield from _postings(transfer, names)


def _metadata(posted: Transaction, place: int | None, body: Mapping[str, Any]) -> Iterator[str]:
    yield f'  transaction: "{posted.pk}"\n  occurred-at: "{format_time(posted.occurred_at)}"\n'
    if place is not None:
        yield f"  record-index: {place}\n"
    if posted.reverses_id is not None:
        yield f'  reverses: "{posted.reverses_id}"\n'
    if trade := body.get("trade"):
        yield f'  trade: "{trade["trade"]}"\n  market: "{trade["market"]}"\n'
        yield f"  price-fen: {trade['price_fen']}\n  quantity-t: {trade['quantity_t']}\n"


def _postings(transfer: Transfer, names: Mapping[int, Name]) -> Iterator[str]:
    giver, receiver = names[transfer.debit_account_id], names[transfer.credit_account_id]
    runs = ", ".join(f"{run.lower}-{run.upper - 1}" for run in transfer.serials or ())
    for name, amount in ((giver, -transfer.amount), (receiver, transfer.amount)):
        yield f'  {name.account}  {name.amount(amount)}\n    transfer: "{transfer.pk}"\n'
        if runs:
            yield f'    serials: "{runs}"\n'


def _balances(accounts: Sequence[Account], names: Mapping[int, Name], day: dt.date) -> Iterator[str]:
    yield "\n"
    for account in accounts:
        name = names[account.pk]
        number, commodity = name.amount(account.balance).split(" ")
        yield f"{day} balance {name.account}  {number} ~ 0 {commodity}\n"


def _day(moment: dt.datetime) -> dt.date:
    return timezone.localdate(moment)
