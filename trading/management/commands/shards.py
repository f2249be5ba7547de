"""List the shards of markets: what each has to do, which hosts have workers for it, and which move would help most."""

from typing import Any

from django.core.management.base import BaseCommand, no_translations

from trading.execution.shards import Shard, shards, suggest

SERVED = {True: "", False: "NO WORKER", None: "not known whether it has a worker"}


class Command(BaseCommand):
    help = __doc__ or ""

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        found = shards()
        for shard in found:
            self.stdout.write(_line(shard))
            for market in shard.markets:
                self.stdout.write(
                    f"    {market.symbol:<24} {market.executed:>10,} in 10 minutes {market.waiting:>8,} wait"
                )
        suggestion = suggest(found)
        if suggestion is not None:
            why = "its shard has no worker" if suggestion.is_unserved else "its shard has much more to do than the mean"
            self.stdout.write(f"Move {suggestion.market.symbol} to shard {suggestion.to_shard}: {why}.")


def _line(shard: Shard) -> str:
    words = [", ".join(sorted(shard.answers)) if shard.is_served else "", SERVED[shard.is_served]]
    who = " ".join(word for word in words if word)
    return f"shard {shard.number:<3} {shard.executed:>10,} in 10 minutes {shard.waiting:>8,} wait   {who}".rstrip()
