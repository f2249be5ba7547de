"""What the log says of transactions that move very many runs of serial numbers."""

import hashlib

import orjson
import pytest
from django.utils import timezone

from ledger.journal import entries
from ledger.journal.posting import Leg, Posting, post_transactions
from ledger.journal.selectors import serial_blocks, system_account
from ledger.journal.serials import runs_of
from ledger.journal.services import open_account
from ledger.journal.terms import MAX_AMOUNT, MAX_LEGS
from ledger.models import Account, Record, Transfer
from ledger.transparency.services import MAX_ENTRY_BYTES
from tests.scenes import issue_to_cooperative


def scatter(who, tonnes):
    """Give every other tonne of a batch to the buyer and the rest to another, so that each has only runs of one tonne."""
    batch = issue_to_cooperative(who, tonnes)
    owner = Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset)
    buyer, other = (
        open_account(organisation=each.organisation, asset=batch.asset) for each in (who.buyer, who.other_buyer)
    )
    low = batch.serials.lower
    for receiver, first in ((buyer, low), (other, low + 1)):
        runs = tuple((number, number) for number in range(first, low + tonnes, 2))
        post(Leg(owner.pk, receiver.pk, len(runs), runs))
    return owner, buyer, other


def post(*legs, kind="transfer"):
    return post_transactions([Posting(kind, legs, "system", timezone.now())])[0]


def body_of(record_id):
    return orjson.loads(bytes(Record.objects.get(pk=record_id).entry))["body"]


def lists_of(transfer_id):
    """Return the lists of a transfer's runs, by the ids of their records."""
    found = {}
    for record in Record.objects.filter(kind="serials_listed").order_by("id"):
        body = body_of(record.pk)
        if body["transfer"] == str(transfer_id):
            found[record.pk] = body
    return found


def test_a_transfer_of_thousands_of_runs_is_listed_before_its_transaction(who):
    owner, buyer, _ = scatter(who, 5_000)
    posted = post(Leg(buyer.pk, owner.pk, 2_500))
    runs = posted.serials[0]
    assert len(runs) == 2_500
    written = [[str(first), str(last)] for first, last in runs]
    (transfer,) = body_of(posted.record_id)["transfers"]
    assert "serials" not in transfer
    assert transfer["serials_sha256"] == hashlib.sha256(orjson.dumps(written)).hexdigest()
    lists = lists_of(posted.transfer_ids[0])
    assert [(body["part"], body["parts"], len(body["serials"])) for body in lists.values()] == [
        (1, 3, 1_000),
        (2, 3, 1_000),
        (3, 3, 500),
    ]
    assert max(lists) < posted.record_id
    assert [run for body in lists.values() for run in body["serials"]] == written
    assert runs_of(Transfer.objects.get(pk=posted.transfer_ids[0]).serials) == runs
    assert all(len(bytes(record.entry)) <= MAX_ENTRY_BYTES for record in Record.objects.all())


def test_each_transfer_of_a_transaction_is_spelled_out_as_long_as_there_is_room(who):
    owner, buyer, other = scatter(who, 1_000)
    posted = post(Leg(buyer.pk, owner.pk, 300), Leg(other.pk, owner.pk, 300), Leg(buyer.pk, owner.pk, 200))
    first, second, third = body_of(posted.record_id)["transfers"]
    assert (len(first["serials"]), len(third["serials"])) == (300, 200)
    assert "serials" not in second
    assert [len(body["serials"]) for body in lists_of(second["transfer"]).values()] == [300]
    assert not lists_of(first["transfer"])


def test_a_transfer_of_few_runs_is_listed_nowhere(who):
    owner, buyer, _ = scatter(who, 1_000)
    assert len(post(Leg(buyer.pk, owner.pk, 500)).serials[0]) == 500
    # The scattering itself was two transfers of five hundred runs each.
    assert not Record.objects.filter(kind="serials_listed").exists()
    assert [block.serials.upper - block.serials.lower for block in serial_blocks(owner)] == [1] * 500


@pytest.mark.parametrize("legs", [1, 2, 100, MAX_LEGS])
def test_the_largest_entries_have_room(legs):
    """All numbers as long as they get, and a list for every transfer that does not fit."""
    largest = 2**63 - 1
    runs = [[(largest - at, largest - at) for at in range(max(1, 1_000 // legs))]] * legs
    posting = Posting(
        "settlement",
        [Leg(largest, largest - 1, MAX_AMOUNT)] * legs,
        f"user:{'x' * 36}",
        timezone.now(),
        idempotency_key="\x01" * 120,
        trade={name: str(largest) for name in ("trade", "market", "price_fen", "quantity_t", "maker_order")},
        reverses_id=largest,
    )
    body, listed = entries.transaction_body(posting, largest, [largest] * legs, runs)
    for said in [body, *(record.body for record in entries.listing_records(posting, listed))]:
        assert len(orjson.dumps(said)) + 300 <= MAX_ENTRY_BYTES


def test_issuance_spells_out_what_came_to_life(who):
    batch = issue_to_cooperative(who, 10, buffer_t=3)
    low = batch.serials.lower
    transfers = body_of(batch.transaction.record_id)["transfers"]
    assert [transfer["serials"] for transfer in transfers] == [
        [[str(low), str(low + 6)]],
        [[str(low + 7), str(low + 9)]],
    ]
    assert transfers[0]["debit"] == str(system_account(batch.asset, "issuance").pk)
