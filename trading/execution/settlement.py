"""Delivery versus payment: each fill is one transaction that moves credits, cash and fees, or nothing at all."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from ledger.journal.locks import LockedAccount, lock_accounts
from ledger.journal.models import Account, Asset
from ledger.journal.posting import HoldChange, Leg, Posting, post_within
from ledger.journal.services import open_account, open_asset
from trading.execution.agreed import Agreed
from trading.execution.batches import Batch, Fill
from trading.markets.fees import fee_fen
from trading.markets.models import Market


class SettledFill(NamedTuple):
    trade_id: int
    fill: Fill
    buyer_fee_fen: int
    seller_fee_fen: int
    transaction_id: int


def find_fees_account(market: Market, batch: Batch) -> int:
    """Return the id of the account that receives fees, opened where it is new; 0 where there are none."""
    agreed = any(each.fee_bps for each in batch.agreed.values())
    if not (market.taker_fee_bps or market.maker_fee_bps or agreed):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id FROM ledger_account account JOIN ledger_asset asset ON asset.id = account.asset_id
             WHERE account.organisation_id IS NULL AND account.purpose = 'fees' AND asset.code = 'CNY'
            """
        )
        row: tuple[int] | None = cursor.fetchone()
    if row is not None:
        return row[0]
    cash = open_asset(code="CNY", kind=Asset.Kind.CASH)
    return open_account(organisation=None, asset=cash, purpose=Account.Purpose.FEES).pk


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a batch settles: the holds that it changes, and every account concerned, locked."""

    holds: Mapping[int, HoldChange]
    accounts: dict[int, LockedAccount]
    fees_account_id: int


def begin_settlement(batch: Batch, market: Market) -> Settlement:
    """Set each touched order's hold to the worst case of what remains, and lock whatever account is concerned.

    Before any order is written: who enters an id that is in use has taken its account, and waits for the order that has the id.

    Locks: the accounts of the fills and of the holds that change, in id order.
    """
    fees_account_id = find_fees_account(market, batch)
    holds = _hold_changes(batch, market)
    ids = {change.account_id for change in holds.values()}
    for fill in batch.fills:
        ids.update((fill.buy.cash_account_id, fill.buy.credit_account_id))
        ids.update((fill.sell.cash_account_id, fill.sell.credit_account_id))
    if batch.fills and fees_account_id:
        ids.add(fees_account_id)
    return Settlement(holds, lock_accounts(ids) if ids else {}, fees_account_id)


def settle(
    settlement: Settlement, batch: Batch, trade_ids: Sequence[int], market: Market, now: dt.datetime
) -> list[SettledFill]:
    """Post the settlement of every fill, and write the holds."""
    if not batch.fills and not settlement.holds:
        return []
    fees = [_fees(fill, market, batch.agreed.get(fill.sequence)) for fill in batch.fills]
    postings = [
        _posting(trade_id, fill, fee, settlement.fees_account_id, market, now)
        for trade_id, fill, fee in zip(trade_ids, batch.fills, fees, strict=True)
    ]
    posted = post_within(postings, hold_changes=settlement.holds, locked=settlement.accounts)
    return [
        SettledFill(trade_id, fill, *fee, row.transaction_id)
        for trade_id, fill, fee, row in zip(trade_ids, batch.fills, fees, posted, strict=True)
    ]


def _hold_changes(batch: Batch, market: Market) -> dict[int, HoldChange]:
    changes = dict(batch.released)
    for order in batch.touched.values():
        change = order.hold_change(market.taker_fee_bps)
        if change.after != change.before:
            changes[order.hold_id] = change
            order.hold_remaining = change.after
    return changes


def _fees(fill: Fill, market: Market, agreed: Agreed | None) -> tuple[int, int]:
    """Return what buyer and seller pay, in fen; of what was agreed outside the book both the same, as it was promised."""
    value_fen = fill.price_fen * fill.quantity_t
    if agreed is not None:
        fee = fee_fen(value_fen, agreed.fee_bps)
        return fee, fee
    taker_fee, maker_fee = fee_fen(value_fen, market.taker_fee_bps), fee_fen(value_fen, market.maker_fee_bps)
    return (taker_fee, maker_fee) if fill.is_buy_taker else (maker_fee, taker_fee)


def _posting(
    trade_id: int, fill: Fill, fees: tuple[int, int], fees_account_id: int, market: Market, now: dt.datetime
) -> Posting:
    buy, sell = fill.buy, fill.sell
    buyer_fee_fen, seller_fee_fen = fees
    legs = [
        Leg(sell.credit_account_id, buy.credit_account_id, fill.quantity_t),
        Leg(buy.cash_account_id, sell.cash_account_id, fill.price_fen * fill.quantity_t),
    ]
    if buyer_fee_fen:
        legs.append(Leg(buy.cash_account_id, fees_account_id, buyer_fee_fen))
    if seller_fee_fen:
        legs.append(Leg(sell.cash_account_id, fees_account_id, seller_fee_fen))
    maker, taker = (sell, buy) if fill.is_buy_taker else (buy, sell)
    trade = {
        "trade": str(trade_id),
        "market": str(market.pk),
        "price_fen": fill.price_fen,
        "quantity_t": fill.quantity_t,
        "maker_order": str(maker.id),
        "taker_order": str(taker.id),
        "buyer_fee_fen": buyer_fee_fen,
        "seller_fee_fen": seller_fee_fen,
    }
    # The key makes a second settlement of the trade impossible (ledger/migrations/sql/guards.sql).
    return Posting("settlement", legs, "system", now, idempotency_key=f"trade:{trade_id}", trade=trade)
