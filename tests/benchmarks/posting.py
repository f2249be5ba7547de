"""How fast the journal posts in bulk: credits against cash and the buyer's hold with them, as a settlement does, without
the exchange around it.
"""

import gc
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from django.db import connection, transaction
from django.utils import timezone

from ledger.journal.services import HoldChange, Leg, Posting, post_transactions
from ledger.models import Account, Hold
from tests.benchmarks.stage import Floor, Stage

SEED = 7
BATCH = 5_000
BATCHES_A_ROUND = 2
# Orders come fifty a call, so fills in a row have the same two parties.
FILLS_IN_A_ROW = 50
PRICE_FEN = 4_000
LARGEST_T = 50
NOTE = f"two transfers each, {BATCH:,} a call, credits against cash, {FILLS_IN_A_ROW} in a row between the same accounts, each with a hold"
SCATTERED = "so that nearly each makes another run of serial numbers"


@dataclass(frozen=True)
class Batch:
    """Transactions to post, and the holds that they use up."""

    postings: list[Posting]
    hold_changes: dict[int, HoldChange]


class Journal:
    """The journal of the database that Django is connected to, with a floor's traders as whose accounts it moves."""

    def __init__(self, floor: Floor, fills_in_a_row: int = FILLS_IN_A_ROW) -> None:
        self._fills_in_a_row = fills_in_a_row
        self._dice = random.Random(SEED)
        self._accounts = trading_accounts(floor)

    def post(self, batches: int) -> list[float]:
        """Post batches and return how long each took; what is posted, and its holds, are made beforehand."""
        prepared = [self._prepare() for _ in range(batches)]
        return [_seconds(batch) for batch in prepared]

    def _prepare(self) -> Batch:
        now = timezone.now()
        postings, held = [], []
        for at in range(BATCH):
            if at % self._fills_in_a_row == 0:
                seller, buyer = self._dice.sample(self._accounts, 2)
            (seller_cash, seller_credits), (buyer_cash, buyer_credits) = seller, buyer
            quantity_t = self._dice.randint(1, LARGEST_T)
            value_fen = quantity_t * PRICE_FEN
            legs = [Leg(seller_credits, buyer_credits, quantity_t), Leg(buyer_cash, seller_cash, value_fen)]
            postings.append(Posting("transfer", legs, "system", now))
            held.append((buyer_cash, value_fen))
        return Batch(postings, _hold(held))


def compare(here: Stage, floor: Floor, databases: Sequence[str], rounds: int) -> list[float]:
    """Post to several databases in turns, so that none has the better moments; return transactions a second of each."""
    journal = Journal(floor)
    seconds: dict[str, list[float]] = {name: [] for name in databases}
    for _ in range(rounds):
        for name in databases:
            with here.on(name):
                journal.post(1)
                seconds[name] += journal.post(BATCHES_A_ROUND)
    return [BATCH / statistics.median(taken) for taken in seconds.values()]


def scattered(here: Stage, floor: Floor, database: str, rounds: int) -> float:
    """Return transactions a second where no two in a row have the same accounts."""
    journal = Journal(floor, fills_in_a_row=1)
    with here.on(database):
        journal.post(1)
        return BATCH / statistics.median(journal.post(rounds))


def trading_accounts(floor: Floor) -> list[tuple[int, int]]:
    """Return each trader's accounts of cash and of the market's credits."""
    organisations = [trader.organisation_id for trader in floor.traders]
    found = Account.objects.filter(organisation__in=organisations).values_list("organisation", "asset__kind", "pk")
    by_place = {(organisation, kind): account_id for organisation, kind, account_id in found}
    return [(by_place[organisation, "cash"], by_place[organisation, "credit"]) for organisation in organisations]


@transaction.atomic
def _hold(amounts: Sequence[tuple[int, int]]) -> dict[int, HoldChange]:
    """Set amounts aside on accounts, a hold each, all of which the postings will use up."""
    now = timezone.now()
    holds = Hold.objects.bulk_create(
        Hold(account_id=account_id, purpose=Hold.Purpose.ORDER, remaining=amount, placed_at=now)
        for account_id, amount in amounts
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE ledger_account account SET held = held + new.amount
              FROM (SELECT account_id, sum(amount) AS amount
                      FROM unnest(%s::bigint[], %s::bigint[]) AS hold (account_id, amount)
                     GROUP BY account_id) AS new
             WHERE account.id = new.account_id
            """,
            [list(column) for column in zip(*amounts, strict=True)],
        )
    return {hold.pk: HoldChange(hold.account_id, hold.remaining, 0) for hold in holds}


def _seconds(batch: Batch) -> float:
    # The worker, whose hot path this is, pauses the collector too.
    gc.disable()
    try:
        started = perf_counter()
        post_transactions(batch.postings, hold_changes=batch.hold_changes)
        return perf_counter() - started
    finally:
        gc.enable()
