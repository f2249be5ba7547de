"""What an organisation has: its cash, its credits by project and vintage with what they cost and are worth, and why any are held."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from ledger.journal.models import Account
from ledger.journal.selectors import cash_account
from ledger.parties.models import Organisation
from ledger.rows import array_of
from trading.portfolio.positions import NO_POSITION, Position, positions


@dataclass(frozen=True, slots=True)
class ProjectName:
    """What names a project, in both languages."""

    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class CreditLine:
    """One batch's tonnes in a portfolio. Units: tonnes, fen. What they would bring is an estimate, without the fees of a sale.

    `symbol` names the market of the batch; `price_fen` is what a tonne was traded for last on its book, and `priced_at` when.
    Each is None where there is none.
    """

    account_id: int
    code: str
    tonnes: int
    held_t: int
    project: ProjectName
    vintage: int
    symbol: str | None
    price_fen: int | None
    priced_at: dt.datetime | None
    position: Position

    @property
    def available_t(self) -> int:
        return self.tonnes - self.held_t

    @property
    def value_fen(self) -> int | None:
        """The tonnes at the last price; None where there is none."""
        return None if self.price_fen is None else self.tonnes * self.price_fen

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


# The newest project first, and of each the newest vintage.
_LINES = """
SELECT account.id, asset.code, account.balance, account.held, project.province_code, project.number, project.name, project.name_en,
       batch.vintage, market.symbol, last.price_fen, last.executed_at
  FROM ledger_account account
  JOIN ledger_asset asset ON asset.id = account.asset_id
  JOIN ledger_batch batch ON batch.asset_id = asset.id
  JOIN ledger_project project ON project.id = batch.project_id
  LEFT JOIN trading_market market ON market.asset_id = asset.id
  LEFT JOIN LATERAL (
       SELECT price_fen, executed_at FROM trading_trade
        WHERE market_id = market.id AND trading_mode = 'listing' ORDER BY id DESC LIMIT 1
       ) last ON account.balance > 0
 WHERE account.organisation_id = %(organisation)s AND account.purpose = 'holding'
   AND (%(accounts)s::bigint[] IS NULL OR account.id = ANY(%(accounts)s::bigint[]))
 ORDER BY project.id DESC, batch.vintage DESC, batch.tranche
"""


def portfolio_of(organisation: Organisation) -> Portfolio:
    """Return what an organisation has, in three queries however many batches it is."""
    lines = lines_of(organisation)
    return Portfolio(
        cash=cash_account(organisation),
        lines=[line for line in lines if line.tonnes],
        former=[line for line in lines if not line.tonnes],
        sums=sums_of(lines),
    )


def lines_of(organisation: Organisation, account_ids: Iterable[int] | None = None) -> list[CreditLine]:
    """Return what an organisation holds, or has held, of each batch, or of some accounts alone, in two queries."""
    accounts = None if account_ids is None else array_of(account_ids)
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"organisation": organisation.pk, "accounts": accounts})
        rows = cursor.fetchall()
    found = positions(row[0] for row in rows)
    return [_line(row, found.get(row[0], NO_POSITION)) for row in rows]


def _line(row: Sequence[Any], position: Position) -> CreditLine:
    account_id, code, tonnes, held_t, province, number, name, name_en, vintage, symbol, price_fen, priced_at = row
    project = ProjectName(f"TH-{province}-{number:06d}", name, name_en)
    return CreditLine(account_id, code, tonnes, held_t, project, vintage, symbol, price_fen, priced_at, position)


def sums_of(lines: Iterable[CreditLine]) -> Sums:
    """Return what lines come to together."""
    lines = list(lines)
    return Sums(
        tonnes=sum(line.tonnes for line in lines),
        held_t=sum(line.held_t for line in lines),
        cost_fen=sum(line.position.cost_fen for line in lines),
        value_fen=sum(line.value_fen or 0 for line in lines),
        unrealised_fen=sum(line.unrealised_fen or 0 for line in lines),
        realised_fen=sum(line.position.realised_fen for line in lines),
        used_fen=sum(line.position.used_fen for line in lines),
        unpriced_t=sum(line.tonnes for line in lines if line.price_fen is None),
    )


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
    return _grouped(lines, lambda line: line.project.code)


def by_vintage(lines: Iterable[CreditLine]) -> list[Share]:
    """Return what lines come to by vintage, the newest first."""
    found = _grouped(lines, lambda line: str(line.vintage))
    return sorted(found, key=lambda share: share.key, reverse=True)


def _grouped(lines: Iterable[CreditLine], key_of: Callable[[CreditLine], str]) -> list[Share]:
    groups: dict[str, list[CreditLine]] = {}
    for line in lines:
        groups.setdefault(key_of(line), []).append(line)
    return [Share(key, tuple(found)) for key, found in groups.items()]
