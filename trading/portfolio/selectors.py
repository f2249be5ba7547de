"""What an organisation has: its cash, its credits by project and vintage with what they cost and are worth, and why any are held."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from ledger.journal.models import Account, Asset
from ledger.journal.selectors import holdings
from ledger.parties.models import Organisation
from ledger.rows import array_of
from trading.portfolio.positions import NO_POSITION, Position, positions


@dataclass(frozen=True, slots=True)
class LastPrice:
    """What a tonne was traded for last on the book of a market, and when; both None where nothing was. Units: fen per tonne."""

    symbol: str
    price_fen: int | None
    traded_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class CreditLine:
    """One batch's tonnes in a portfolio. Units: tonnes, fen. What they would bring is an estimate, without the fees of a sale."""

    account: Account
    position: Position
    last: LastPrice | None

    @property
    def price_fen(self) -> int | None:
        return self.last.price_fen if self.last else None

    @property
    def value_fen(self) -> int | None:
        """The tonnes at the last price; None where there is none."""
        return None if self.price_fen is None else self.account.balance * self.price_fen

    @property
    def unrealised_fen(self) -> int | None:
        return self.position.unrealised_fen(self.price_fen)


@dataclass(frozen=True, slots=True)
class Sums:
    """Several lines together. Units: tonnes, fen.

    Value and unrealised profit are of the tonnes that have a price; how many have none is said beside them.
    """

    tonnes: int
    held_t: int
    cost_fen: int
    value_fen: int
    unrealised_fen: int
    realised_fen: int
    used_fen: int
    unpriced_t: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All that an organisation has now. `lines` are what it holds, `sums` are also of what it held before."""

    cash: Account | None
    lines: list[CreditLine]
    former: list[CreditLine]
    sums: Sums

    @property
    def total_fen(self) -> int:
        """Cash, held or not, and the value of the credits that have a price."""
        return (self.cash.balance if self.cash else 0) + self.sums.value_fen


def portfolio_of(organisation: Organisation) -> Portfolio:
    """Return what an organisation has, in three queries however many batches it is: of each project the newest vintage first."""
    accounts = list(holdings(organisation))
    credits = [account for account in accounts if account.asset.kind == Asset.Kind.CREDIT]
    lines = _lines(credits)
    held = [line for line in lines if line.account.balance]
    return Portfolio(
        cash=next((account for account in accounts if account.asset.kind == Asset.Kind.CASH), None),
        lines=sorted(held, key=_place),
        former=[line for line in lines if not line.account.balance],
        sums=sums_of(lines),
    )


def _lines(accounts: Sequence[Account]) -> list[CreditLine]:
    found = positions(account.pk for account in accounts)
    prices = last_prices(account.asset_id for account in accounts)
    return [
        CreditLine(account, found.get(account.pk, NO_POSITION), prices.get(account.asset_id)) for account in accounts
    ]


def _place(line: CreditLine) -> tuple[int, int, int]:
    batch = line.account.asset.batch
    return -batch.project_id, -batch.vintage, batch.tranche


def sums_of(lines: Iterable[CreditLine]) -> Sums:
    """Return what lines come to together."""
    lines = list(lines)
    return Sums(
        tonnes=sum(line.account.balance for line in lines),
        held_t=sum(line.account.held for line in lines),
        cost_fen=sum(line.position.cost_fen for line in lines),
        value_fen=sum(line.value_fen or 0 for line in lines),
        unrealised_fen=sum(line.unrealised_fen or 0 for line in lines if line.account.balance),
        realised_fen=sum(line.position.realised_fen for line in lines),
        used_fen=sum(line.position.used_fen for line in lines),
        unpriced_t=sum(line.account.balance for line in lines if line.price_fen is None),
    )


_LAST = """
SELECT market.asset_id, market.symbol, last.price_fen, last.executed_at
  FROM trading_market market
  LEFT JOIN LATERAL (
       SELECT price_fen, executed_at FROM trading_trade
        WHERE market_id = market.id AND trading_mode = 'listing' ORDER BY id DESC LIMIT 1
       ) last ON true
 WHERE market.asset_id = ANY(%s::bigint[])
"""


def last_prices(asset_ids: Iterable[int]) -> dict[int, LastPrice]:
    """Return the last price of each asset that has a market, by the asset's id, in one query."""
    ids = list(asset_ids)
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [array_of(ids)])
        return {asset_id: LastPrice(*rest) for asset_id, *rest in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a portfolio by its tonnes: of a project, or of a vintage."""

    key: str
    lines: tuple[CreditLine, ...]

    @property
    def sums(self) -> Sums:
        return sums_of(self.lines)


def by_project(lines: Iterable[CreditLine]) -> list[Share]:
    """Return what lines come to by project, in their order; the key is the project's code."""
    return _grouped(lines, lambda line: line.account.asset.batch.project.code)


def by_vintage(lines: Iterable[CreditLine]) -> list[Share]:
    """Return what lines come to by vintage, the newest first."""
    found = _grouped(lines, lambda line: str(line.account.asset.batch.vintage))
    return sorted(found, key=lambda share: share.key, reverse=True)


def _grouped(lines: Iterable[CreditLine], key_of: Callable[[CreditLine], str]) -> list[Share]:
    groups: dict[str, list[CreditLine]] = {}
    for line in lines:
        groups.setdefault(key_of(line), []).append(line)
    return [Share(key, tuple(found)) for key, found in groups.items()]
