"""Move a market to another shard while it trades: that shard's worker executes it from now on. `shards` lists them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from ledger.errors import DomainError
from ledger.parties.models import Membership, Organisation
from trading.markets.models import Market
from trading.orders.moves import move_market


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("market", help="its symbol")
        parser.add_argument("--shard", type=int, required=True, help="from 0 to MATCHING_SHARDS - 1")
        parser.add_argument("--by", required=True, metavar="NAME", help="user name of the registrar who moves it")
        parser.add_argument("--reason", required=True, help="why; the log keeps it")

    @no_translations
    def handle(self, *args: Any, market: str, shard: int, by: str, reason: str, **options: Any) -> None:
        found = Market.objects.filter(symbol=market).first()
        if found is None:
            raise CommandError(f"There is no market {market}.")
        before = found.shard
        try:
            move_market(actor=_registrar(by), market_id=found.pk, shard=shard, reason=reason)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{market} is moved from shard {before} to {shard}; trading goes on.")


def _registrar(username: str) -> Membership:
    actor = Membership.objects.filter(
        user__username=username,
        user__is_active=True,
        organisation__kind=Organisation.Kind.OPERATOR,
        role=Membership.Role.REGISTRAR,
    ).first()
    if actor is None:
        raise CommandError(f"{username} is no registrar of the operator.")
    return actor
