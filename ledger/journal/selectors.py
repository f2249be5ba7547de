"""Read accounts, statements and serial numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, Sum, When

from ledger.errors import NotFound
from ledger.journal.models import Account, Asset, Payment, SerialBlock, Transfer
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
    accounts = Account.objects.select_related("asset", "organisation").order_by("-id")
    return accounts if reads_everything(membership) else accounts.filter(organisation=membership.organisation)


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


def cash_account(organisation: Organisation) -> Account | None:
    """Return an organisation's account in CNY, or None where it has none yet."""
    return Account.objects.filter(organisation=organisation, asset__code="CNY", purpose=Account.Purpose.HOLDING).first()


def holding_in(organisation: Organisation, asset: Asset) -> Account | None:
    """Return an organisation's account in an asset, or None where it never had any."""
    return Account.objects.filter(organisation=organisation, asset=asset, purpose=Account.Purpose.HOLDING).first()


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


def sum_after(account: Account, transfer_id: int) -> int:
    """Return what an account has received less what it has given since a transfer."""
    later = Transfer.objects.filter(Q(debit_account=account) | Q(credit_account=account), pk__gt=transfer_id)
    signed = Case(When(credit_account=account, then=F("amount")), default=-F("amount"))
    return later.aggregate(total=Sum(signed))["total"] or 0


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
