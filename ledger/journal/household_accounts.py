"""Accounts of member households: what each has coming from its cooperative's sales, until it is paid out."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection
from django.utils import timezone

from ledger.journal.models import Account, Asset
from ledger.journal.services import open_asset
from ledger.rows import draw_ids, insert_rows
from ledger.transparency.services import NewRecord, append_records


def open_share_accounts(households: Mapping[int, UUID]) -> dict[int, int]:
    """Return the ids of households' accounts by the households' ids, opened where they are new.

    `households` are public ids by id. Whoever calls it has locked what keeps others from opening the same accounts.
    """
    cash = open_asset(code="CNY", kind=Asset.Kind.CASH)
    found = _accounts(cash, list(households))
    if missing := [each for each in households if each not in found]:
        found |= _open(cash, missing, households)
    return found


def _accounts(cash: Asset, household_ids: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT household_id, id FROM ledger_account
             WHERE household_id = ANY(%s) AND asset_id = %s AND purpose = 'share'
            """,
            [list(household_ids), cash.pk],
        )
        return dict(cursor.fetchall())


def _open(cash: Asset, missing: Sequence[int], households: Mapping[int, UUID]) -> dict[int, int]:
    ids = draw_ids(Account, len(missing))
    insert_rows(
        Account,
        ("id", "household_id", "asset_id", "purpose", "balance", "held"),
        ("int8", "int8", "int8", "varchar", "int8", "int8"),
        [(pk, household_id, cash.pk, "share", 0, 0) for pk, household_id in zip(ids, missing, strict=True)],
    )
    now = timezone.now()
    append_records(
        [
            NewRecord("account_opened", account_opened(pk, cash.code, households[household_id]), "system", now)
            for pk, household_id in zip(ids, missing, strict=True)
        ]
    )
    return dict(zip(missing, ids, strict=True))


def account_opened(account_id: int, asset_code: str, household: UUID) -> dict[str, object]:
    """Return what the log says of a household's account."""
    return {
        "account": str(account_id),
        "asset": asset_code,
        "purpose": "share",
        "organisation": None,
        "household": str(household),
    }
