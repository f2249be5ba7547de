"""One by one or all in one call: the same rows, balances, blocks and entries."""

from types import SimpleNamespace

import orjson
import pytest
from django.utils import timezone

from ledger.journal.payments import cash
from ledger.journal.posting import HoldChange, Leg, Posting, post_transactions
from ledger.journal.reconciliation import INVARIANTS, check
from ledger.journal.serials import runs_of
from ledger.journal.services import open_account, place_hold
from ledger.models import Account, Hold, Record, SerialBlock, Transaction, Transfer
from tests.callers import undone
from tests.scenes import issue_to_cooperative, pay_in


@pytest.fixture
def floor(who):
    """Return buyers with money and a seller with credits, each with a hold on them."""
    batch = issue_to_cooperative(who, 1_000)
    pay_in(who, who.buyer, 100_000)
    pay_in(who, who.other_buyer, 100_000)
    money, credits_ = (
        [
            open_account(organisation=each.organisation, asset=asset).pk
            for each in (who.buyer, who.other_buyer, who.cooperative)
        ]
        for asset in (cash(), batch.asset)
    )
    fees = open_account(organisation=None, asset=cash(), purpose=Account.Purpose.FEES).pk
    holds = [place_hold(account_id=account, amount=50_000, purpose="order") for account in money[:2]]
    holds.append(place_hold(account_id=credits_[2], amount=300, purpose="order"))
    return SimpleNamespace(money=money, credits=credits_, fees=fees, holds=holds)


def steps(floor):
    """Return settlements with two and with four legs, a transfer and a retirement's like, each with its change of holds."""
    buyer, other, seller = floor.money
    now = timezone.now()
    first_hold, second_hold, tonnes_hold = floor.holds
    trade = {"trade": "1", "price_fen": 100, "quantity_t": 10}
    return [
        (
            Posting(
                "settlement",
                [Leg(floor.credits[2], floor.credits[0], 10), Leg(buyer, seller, 1_000)],
                "system",
                now,
                idempotency_key="trade:1",
                trade=trade,
            ),
            {
                first_hold.pk: HoldChange(buyer, 50_000, 49_000),
                tonnes_hold.pk: HoldChange(floor.credits[2], 300, 290),
            },
        ),
        (
            Posting(
                "settlement",
                [
                    Leg(floor.credits[2], floor.credits[1], 20),
                    Leg(other, seller, 2_000),
                    Leg(other, floor.fees, 6),
                    Leg(seller, floor.fees, 4),
                ],
                "system",
                now,
                idempotency_key="trade:2",
            ),
            {second_hold.pk: HoldChange(other, 50_000, 0)},
        ),
        (Posting("transfer", [Leg(buyer, other, 70)], "user:a", now, idempotency_key="one"), {}),
        (Posting("transfer", [Leg(floor.credits[2], floor.credits[0], 5, ((100, 104),))], "user:b", now), {}),
        (Posting("transfer", [Leg(floor.credits[2], floor.credits[1], 7)], "user:a", now, idempotency_key="two"), {}),
    ]


def written(since):
    """Return all that was written after a record, without the numbers that are drawn."""
    transactions = list(Transaction.objects.filter(record_id__gt=since).order_by("id"))
    return {
        "transactions": [(each.kind, each.occurred_at, each.actor, each.idempotency_key) for each in transactions],
        "transfers": [
            (row.debit_account_id, row.credit_account_id, row.amount, runs_of(row.serials))
            for each in transactions
            for row in each.transfers.order_by("id")
        ],
        "balances": list(Account.objects.order_by("id").values_list("id", "balance", "held")),
        "holds": list(Hold.objects.order_by("id").values_list("id", "remaining")),
        "owners": owners(),
        "entries": [said(record) for record in Record.objects.filter(id__gt=since).order_by("id")],
    }


def owners():
    """Return each account's numbers as one set: in how many blocks they lie may differ."""
    found = {}
    for block in SerialBlock.objects.all():
        found.setdefault(block.account_id, set()).update(range(block.serials.lower, block.serials.upper))
    return found


def said(record):
    entry = orjson.loads(bytes(record.entry))
    body = entry["body"]
    del body["transaction"]
    for transfer in body["transfers"]:
        del transfer["transfer"]
    return entry["kind"], entry["at"], entry["actor"], body


def test_singly_and_in_bulk_the_same_is_written(floor):
    since = Record.objects.latest("id").pk
    calls = steps(floor)
    with undone():
        for posting, holds in calls:
            post_transactions([posting], hold_changes=holds)
        singly = written(since)
    post_transactions(
        [posting for posting, _holds in calls],
        hold_changes={hold: change for _posting, holds in calls for hold, change in holds.items()},
    )
    in_bulk = written(since)
    assert singly["balances"] == in_bulk["balances"]
    assert singly == in_bulk
    assert len(in_bulk["transactions"]) == 5
    assert Transfer.objects.filter(transaction__record_id__gt=since).count() == 9
    assert [result for result in check([each for each in INVARIANTS if each.number != 7]) if not result.holds] == []
