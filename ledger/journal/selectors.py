"""Read accounts, statements and serial numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q, QuerySet

from ledger.journal.models import Account, Asset, SerialBlock, Transfer
from ledger.parties.models import Organisation


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


def cash_account(organisation: Organisation) -> Account | None:
    """Return an organisation's account in CNY, or None where it has none yet."""
    return Account.objects.filter(organisation=organisation, asset__code="CNY", purpose=Account.Purpose.HOLDING).first()


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
            "debit_account__asset",
        )
        .order_by("-id")
    )


def serial_blocks(account: Account) -> QuerySet[SerialBlock]:
    """Return the serial numbers that an account owns, in order."""
    return SerialBlock.objects.filter(account=account).order_by("serials")


def serial_spans(accounts: Iterable[Account]) -> dict[int, SerialSpan]:
    """Return the span of each account that owns serial numbers, by the account's id, in one query."""
    rows = (
        SerialBlock.objects.filter(account__in=[account.pk for account in accounts])
        .values("account_id")
        .annotate(first=Min("serials__startswith"), after=Max("serials__endswith"), blocks=Count("id"))
    )
    return {row["account_id"]: SerialSpan(row["first"], row["after"] - 1, row["blocks"]) for row in rows}
