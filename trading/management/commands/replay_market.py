"""Run a market's instruction log through the order book again and compare every trade; exit status 1 where one differs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from trading.execution.replay import replay_market
from trading.markets.models import Market


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("market", nargs="+", help="the symbol of a market, or all")

    @no_translations
    def handle(self, *args: Any, market: list[str], **options: Any) -> None:
        differences = 0
        for found in _markets(market):
            replay = replay_market(found)
            differences += bool(replay.difference)
            what = replay.difference or "the very same"
            self.stdout.write(f"{found.symbol}: {found.last_sequence:,} instructions, {replay.trades:,} trades: {what}")
        if differences:
            sys.exit(1)


def _markets(symbols: list[str]) -> list[Market]:
    markets = Market.objects.order_by("id")
    if symbols == ["all"]:
        return list(markets)
    found = {market.symbol: market for market in markets.filter(symbol__in=symbols)}
    if unknown := [symbol for symbol in symbols if symbol not in found]:
        raise CommandError(f"There is no market {', '.join(unknown)}.")
    return [found[symbol] for symbol in symbols]
