"""Read accounts, statements and serial numbers."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet

from ledger.errors import NotAllowed, NotFound
from ledger.journal.models import Account, Asset, Correction, Hold, Payment, SerialBlock, Transfer
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation


@dataclass(frozen=True, slots=True)
class SerialSpan:
    """The lowest and the highest serial number of an account, and in how many blocks its numbers are."""

    first: int
    last: int
    blocks: int


def holdings(organisation: Organisation) -> QuerySet[Account]:
    """Return an organisation's accounts, cash first, with what is needed to name them."""
    return (
        Account.objects.filter(organisation=organisation)
        .select_related("asset", "asset__batch", "asset__batch__project")
        .order_by("asset__kind", "-asset_id")
    )


def accounts_seen_by(membership: Membership) -> QuerySet[Account]:
    """Return the accounts that one may see, newest first: the operator and auditors all, others their own."""
    accounts = Account.objects.select_related("asset", "organisation", "household").order_by("-id")
    return accounts if reads_everything(membership) else accounts.filter(organisation=membership.organisation)


def sealed_accounts(accounts: Iterable[Account]) -> set[int]:
    """Return the ids of those accounts with the deposit of a sealed bid, which what is held on them would tell."""
    ids = [account.pk for account in accounts]
    holds = Hold.objects.filter(account__in=ids, purpose=Hold.Purpose.SEALED_BID, remaining__gt=0)
    return set(holds.values_list("account_id", flat=True))


def access_account_by_id(*, account_id: int, membership: Membership) -> Account:
    """Return an account.

    Raises: NotFound, also where it is not to be seen.
    """
    account = accounts_seen_by(membership).filter(pk=account_id).first()
    if account is None:
        raise NotFound()
    return account


def payments_seen_by(membership: Membership) -> QuerySet[Payment]:
    """Return the payments that one may see, newest first: the operator and auditors all, others their own."""
    payments = Payment.objects.select_related("organisation").order_by("-id")
    return payments if reads_everything(membership) else payments.filter(organisation=membership.organisation)


def access_payment_by_id(*, payment_id: int, membership: Membership) -> Payment:
    """Return a payment.

    Raises: NotFound, also where it is not to be seen.
    """
    payment = payments_seen_by(membership).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound()
    return payment


def corrections_seen_by(membership: Membership) -> QuerySet[Correction]:
    """Return the corrections, newest first, to the operator and auditors.

    Raises: NotAllowed.
    """
    if not reads_everything(membership):
        raise NotAllowed()
    return Correction.objects.order_by("-id")


def cash_account(organisation: Organisation) -> Account | None:
    """Return an organisation's account in CNY, or None where it has none yet."""
    return Account.objects.filter(organisation=organisation, asset__code="CNY", purpose=Account.Purpose.HOLDING).first()


def holding_in(organisation: Organisation, asset: Asset) -> Account | None:
    """Return an organisation's account in an asset, or None where it never had any."""
    return Account.objects.filter(organisation=organisation, asset=asset, purpose=Account.Purpose.HOLDING).first()


def runs_to_give(account: Account, quantity_t: int, most: int) -> tuple[list[tuple[int, int]], int]:
    """Return which serial numbers would leave an account next, so many runs at most, and how many tonnes those leave out."""
    runs: list[tuple[int, int]] = []
    for first, last in first_runs(account, most):
        taken = min(quantity_t, last - first + 1)
        if not taken:
            break
        runs.append((first, first + taken - 1))
        quantity_t -= taken
    return runs, quantity_t


def first_runs(account: Account, most: int) -> list[tuple[int, int]]:
    """Return the oldest runs of serial numbers of an account, so many at most."""
    blocks = SerialBlock.objects.filter(account=account).order_by("id")[:most]
    return [(block.serials.lower, block.serials.upper - 1) for block in blocks]


def system_account(asset: Asset, purpose: str) -> Account | None:
    """Return the system's account of that purpose, or None where it has none yet."""
    return Account.objects.filter(organisation=None, asset=asset, purpose=purpose).first()


def statement(account: Account) -> QuerySet[Transfer]:
    """Return the transfers of an account, newest first."""
    return (
        Transfer.objects.filter(Q(debit_account=account) | Q(credit_account=account))
        .select_related(
            "transaction",
            "debit_account__organisation",
            "credit_account__organisation",
            "debit_account__household",
            "credit_account__household",
            "debit_account__asset",
        )
        .order_by("-id")
    )


def balances_at(accounts: Iterable[Account], at: dt.datetime) -> dict[int, int]:
    """Return what accounts had at an instant, that instant included, by their ids, in one query.

    The instant is that of `Transaction.occurred_at`. What was held on them then is not kept: only balances are known of
    the past. Reckoned back from the balances of now, so that the recent past, which is asked for most, is found fastest.
    """
    ids = [account.pk for account in accounts]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id, account.balance - coalesce(later.net, 0)
              FROM ledger_account account
              LEFT JOIN (SELECT moved.account_id, sum(moved.amount)::bigint AS net
                           FROM (SELECT credit_account_id AS account_id, amount, transaction_id
                                   FROM ledger_transfer WHERE credit_account_id = ANY(%(ids)s)
                                  UNION ALL
                                 SELECT debit_account_id, -amount, transaction_id
                                   FROM ledger_transfer WHERE debit_account_id = ANY(%(ids)s)) moved
                           JOIN ledger_transaction tx ON tx.id = moved.transaction_id
                          WHERE tx.occurred_at > %(at)s
                          GROUP BY moved.account_id) later ON later.account_id = account.id
             WHERE account.id = ANY(%(ids)s)
            """,
            {"ids": ids, "at": at},
        )
        return dict(cursor.fetchall())


def serial_blocks(account: Account) -> QuerySet[SerialBlock]:
    """Return the serial numbers that an account owns, in order."""
    return SerialBlock.objects.filter(account=account).order_by("serials")


def serial_spans(account_ids: Iterable[int]) -> dict[int, SerialSpan]:
    """Return the span of each account that owns serial numbers, by the account's id, in one query."""
    rows = (
        SerialBlock.objects.filter(account__in=list(account_ids))
        .values("account_id")
        .annotate(first=Min("serials__startswith"), after=Max("serials__endswith"), blocks=Count("id"))
    )
    return {row["account_id"]: SerialSpan(row["first"], row["after"] - 1, row["blocks"]) for row in rows}
