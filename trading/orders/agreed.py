"""Enter what parties have agreed on outside the book: orders of both sides, covered, and one instruction that names them.

A block trade that was accepted and a one-way auction that was awarded end here, in the transaction that decides them. The
market's executor settles the instruction in its turn, whole, or rejects it whole where the market is halted by then.
"""

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ledger.errors import InsufficientBalance
from ledger.journal.locks import lock_accounts
from ledger.journal.models import Asset, Hold
from ledger.journal.services import HoldChange, open_account, open_asset, place_hold, release_holds
from ledger.parties.models import Organisation
from trading.errors import InsufficientCredits, InsufficientFunds
from trading.markets.fees import worst_cost_fen
from trading.markets.models import Market
from trading.orders.models import Instruction, Order
from trading.orders.wakeups import wake_after_commit


class TradingAccounts(NamedTuple):
    """The ids of an organisation's accounts in CNY and in a market's credits."""

    cash_id: int
    credit_id: int

    def holding(self, side: str) -> int:
        """Return the account on which an order of that side holds."""
        return self.cash_id if side == Order.Side.BUY else self.credit_id


@dataclass(frozen=True, slots=True)
class AgreedOrder:
    """One party's part in what was agreed. Units: fen per tonne, tonnes."""

    organisation: Organisation
    placed_by_id: int
    side: str
    price_fen: int
    quantity_t: int
    name: str


class AgreedTrade(NamedTuple):
    """A trade between two of the orders, by their places."""

    buy: int
    sell: int
    price_fen: int
    quantity_t: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Orders, and how they trade with each other. Both sides pay `fee_bps`; `maker` is the side that was there first."""

    market: Market
    mode: str
    fee_bps: int
    maker: str
    orders: Sequence[AgreedOrder]
    trades: Sequence[AgreedTrade]


def open_trading_accounts(organisation: Organisation, market: Market) -> TradingAccounts:
    """Return an organisation's accounts in CNY and in a market's credits, opened where they are new."""
    cny = open_asset(code="CNY", kind=Asset.Kind.CASH)
    cash = open_account(organisation=organisation, asset=cny)
    return TradingAccounts(cash.pk, open_account(organisation=organisation, asset=market.asset).pk)


def needed(side: str, price_fen: int, quantity_t: int, fee_bps: int) -> int:
    """Return the most that a party can give. Units: fen of a buyer, tonnes of a seller."""
    return worst_cost_fen(price_fen, quantity_t, fee_bps) if side == Order.Side.BUY else quantity_t


def hold_for(*, accounts: TradingAccounts, side: str, amount: int, purpose: str) -> Hold:
    """Set aside what a party needs.

    Locks: the account.
    Raises: InsufficientFunds, InsufficientCredits.
    """
    try:
        return place_hold(account_id=accounts.holding(side), amount=amount, purpose=purpose)
    except InsufficientBalance as error:
        refusal = InsufficientFunds if side == Order.Side.BUY else InsufficientCredits
        raise refusal(field="quantity_t", **error.params) from error


def enter_agreed(agreement: Agreement, *, freed: Mapping[int, HoldChange], actor: str, now: dt.datetime) -> list[Order]:
    """Release the holds of the proposals, hold for the orders instead, and queue them; return them in their order.

    Locks: the accounts of all parties, in id order.
    Raises: InsufficientFunds, InsufficientCredits where a party has too little now.
    """
    market = agreement.market
    accounts = [open_trading_accounts(each.organisation, market) for each in agreement.orders]
    lock_accounts({*(id for each in accounts for id in each), *(change.account_id for change in freed.values())})
    release_holds(freed)
    orders = [_enter(each, its, agreement, now) for each, its in zip(agreement.orders, accounts, strict=True)]
    Instruction.objects.create(
        market=market, kind=Instruction.Kind.AGREED, actor=actor, content=_content(agreement, orders), entered_at=now
    )
    wake_after_commit(market)
    return orders


def _enter(agreed: AgreedOrder, accounts: TradingAccounts, agreement: Agreement, now: dt.datetime) -> Order:
    amount = needed(agreed.side, agreed.price_fen, agreed.quantity_t, agreement.fee_bps)
    hold = hold_for(accounts=accounts, side=agreed.side, amount=amount, purpose=Hold.Purpose.ORDER)
    return Order.objects.create(
        market=agreement.market,
        organisation=agreed.organisation,
        placed_by_id=agreed.placed_by_id,
        # Nobody else can have taken an id that nobody can guess.
        client_order_id=f"{agreed.name}-{secrets.token_hex(8)}",
        side=agreed.side,
        # It trades at once and whole, or not at all.
        time_in_force=Order.TimeInForce.FOK,
        trading_mode=agreement.mode,
        price_fen=agreed.price_fen,
        quantity_t=agreed.quantity_t,
        cash_account_id=accounts.cash_id,
        credit_account_id=accounts.credit_id,
        hold=hold,
        placed_at=now,
    )


def _content(agreement: Agreement, orders: Sequence[Order]) -> dict[str, Any]:
    """Return what the executor is told: with this alone it can be replayed."""
    return {
        "mode": str(agreement.mode),
        "fee_bps": agreement.fee_bps,
        "maker": str(agreement.maker),
        "orders": [
            {
                "order": order.pk,
                "owner": order.organisation_id,
                "side": str(order.side),
                "price_fen": order.price_fen,
                "quantity_t": order.quantity_t,
            }
            for order in orders
        ],
        "trades": [
            {
                "buy": orders[trade.buy].pk,
                "sell": orders[trade.sell].pk,
                "price_fen": trade.price_fen,
                "quantity_t": trade.quantity_t,
            }
            for trade in agreement.trades
        ],
    }
