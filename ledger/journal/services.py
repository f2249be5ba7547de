"""Open accounts, draw serial numbers, hold and release."""

from collections.abc import Mapping

from django.db import connection, transaction
from django.utils import timezone

from ledger.errors import InsufficientBalance, InvalidAmount
from ledger.journal.locks import lock_accounts, lock_serial_issue
from ledger.journal.models import Account, Asset, Hold
from ledger.journal.posting import (
    MAX_AMOUNT,
    HoldChange,
    Leg,
    PostedTransaction,
    Posting,
    post_transactions,
)
from ledger.parties.models import Organisation
from ledger.transparency.services import append_record

__all__ = [
    "HoldChange",
    "Leg",
    "PostedTransaction",
    "Posting",
    "draw_serials",
    "open_account",
    "open_asset",
    "place_hold",
    "post_transactions",
    "release_holds",
]


def open_asset(*, code: str, kind: str) -> Asset:
    """Return the asset of that code, made where it is new."""
    asset, _ = Asset.objects.get_or_create(code=code, defaults={"kind": kind})
    return asset


@transaction.atomic
def open_account(*, organisation: Organisation | None, asset: Asset, purpose: str = Account.Purpose.HOLDING) -> Account:
    """Return an organisation's (or, for None, the system's) account in an asset, opened where it is new."""
    account, is_new = Account.objects.get_or_create(organisation=organisation, asset=asset, purpose=purpose)
    if is_new:
        append_record(
            kind="account_opened",
            body={
                "account": str(account.pk),
                "asset": asset.code,
                "purpose": str(purpose),
                "organisation": str(organisation.public_id) if organisation else None,
            },
            actor="system",
        )
    return account


@transaction.atomic
def draw_serials(count: int) -> tuple[int, int]:
    """Draw `count` serial numbers from the one global sequence, and return the first and the last.

    Locks: the serial counter, so that a batch rolled back leaves no gap.
    Raises: InvalidAmount.
    """
    _check_amount(count)
    lock_serial_issue()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_serialcounter SET next_serial = next_serial + %s WHERE id = 1 RETURNING next_serial",
            [count],
        )
        after = cursor.fetchone()[0]
    return after - count, after - 1


@transaction.atomic
def place_hold(*, account_id: int, amount: int, purpose: str) -> Hold:
    """Set an amount aside on an account.

    Locks: the account.
    Raises: InvalidAmount, UnknownAccount, InsufficientBalance where less is available.
    """
    _check_amount(amount)
    account = lock_accounts([account_id])[account_id]
    if account.available < amount:
        raise InsufficientBalance(available=account.available, needed=amount)
    Account.objects.filter(pk=account_id).update(held=account.held + amount)
    return Hold.objects.create(account_id=account_id, purpose=purpose, remaining=amount, placed_at=timezone.now())


def release_holds(holds: Mapping[int, HoldChange]) -> None:
    """Shrink holds without moving anything.

    Locks: the accounts, in id order.
    Raises: HoldChanged where a hold is not what the caller saw.
    """
    post_transactions([], hold_changes=holds)


def _check_amount(amount: int) -> None:
    if type(amount) is not int or not 0 < amount <= MAX_AMOUNT:
        raise InvalidAmount(field="amount")
