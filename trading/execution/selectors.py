"""Read what waits for execution."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class OldestInstruction:
    """The instruction that a market is to execute next, and since when it waits."""

    market_id: int
    shard: int
    symbol: str
    instruction_id: int
    kind: str
    order_id: int | None
    entered_at: dt.datetime

    @property
    def age(self) -> dt.timedelta:
        return timezone.now() - self.entered_at


def oldest_instructions(*, older_than: dt.timedelta = dt.timedelta(0)) -> list[OldestInstruction]:
    """Return the oldest waiting instruction of each market where it has waited for longer than that.

    One that was entered in the future has waited since the clock was set back, nobody knows how long.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT market.id, market.shard, market.symbol, oldest.id, oldest.kind, oldest.order_id, oldest.entered_at
              FROM trading_market market
             CROSS JOIN LATERAL (SELECT id, kind, order_id, entered_at FROM trading_instruction
                                  WHERE market_id = market.id ORDER BY id LIMIT 1) oldest
             WHERE oldest.entered_at < %s OR oldest.entered_at > %s
             ORDER BY oldest.entered_at
            """,
            [now - older_than, now],
        )
        return [OldestInstruction(*row) for row in cursor.fetchall()]
