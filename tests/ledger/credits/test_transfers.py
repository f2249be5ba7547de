"""Credits handed over outside the market: offered, held, and decided once."""

import datetime as dt
import uuid

import orjson
import pytest
import time_machine
from django.utils import timezone

from ledger.credits.selectors import supply_of
from ledger.credits.transfers.models import CreditTransfer
from ledger.credits.transfers.selectors import (
    access_transfer_by_public_id,
    find_recipient,
    open_transfers,
    transfers_of,
    transfers_seen_by,
)
from ledger.credits.transfers.services import (
    TransferTerms,
    accept_transfer,
    decline_transfer,
    expire_transfers,
    offer_transfer,
    withdraw_transfer,
)
from ledger.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    TooManyTransfersOpen,
    TransferNotOpen,
    UnknownRecipient,
)
from ledger.journal.corrections import confirm_correction, request_correction
from ledger.models import Account, Hold, Membership, Organisation, Record, Transaction
from tests.factories import MembershipFactory, OrganisationFactory
from tests.scenes import issue_to_cooperative, offer_credits
from trading.execution.reconciliation import reconcile

CODE = "91350100M000100Y43"


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100)


def offer(who, batch, quantity_t=30, **changes):
    return offer_credits(who.cooperative, who.buyer, batch, quantity_t, **changes)


def account_of(member, batch):
    return Account.objects.get(organisation=member.organisation, asset=batch.asset)


def broken():
    return [result.name for result in reconcile() if not result.holds]


def test_what_is_offered_is_held_until_it_is_accepted_and_then_moves_with_its_serial_numbers(who, batch):
    transfer = offer(who, batch)
    sender = account_of(who.cooperative, batch)
    assert (sender.balance, sender.held, transfer.hold.purpose) == (100, 30, "transfer")
    assert transfer.expires_at == transfer.offered_at + dt.timedelta(days=7)
    accepted = accept_transfer(actor=who.buyer, public_id=transfer.public_id)
    sender.refresh_from_db()
    assert (sender.balance, sender.held, account_of(who.buyer, batch).balance) == (70, 0, 30)
    stored = CreditTransfer.objects.get()
    (run,) = stored.serials
    first = batch.serials.lower
    assert (run.lower, run.upper) == (first, first + 30)
    moved = stored.transaction.transfers.get()
    assert (stored.transaction.kind, moved.amount, moved.serials) == ("transfer", 30, stored.serials)
    assert (accepted.state, stored.decided_by) == ("accepted", who.buyer.user)
    assert supply_of([batch])[batch.pk].held == 100
    assert broken() == []


@pytest.mark.parametrize(
    ("decide", "decider", "state"),
    [(decline_transfer, "buyer", "declined"), (withdraw_transfer, "cooperative", "withdrawn")],
)
def test_what_is_given_up_is_free_again(who, batch, decide, decider, state):
    transfer = offer(who, batch)
    decide(actor=getattr(who, decider), public_id=transfer.public_id)
    assert (CreditTransfer.objects.get().state, account_of(who.cooperative, batch).held) == (state, 0)
    assert not Account.objects.filter(organisation=who.buyer.organisation, asset=batch.asset).exists()
    for again in (accept_transfer, decline_transfer):
        with pytest.raises(TransferNotOpen):
            again(actor=who.buyer, public_id=transfer.public_id)
    assert broken() == []


def test_what_nobody_decides_expires_by_itself_and_is_not_accepted_late(who, batch):
    transfer = offer(who, batch)
    with time_machine.travel(transfer.expires_at + dt.timedelta(seconds=1)):
        with pytest.raises(TransferNotOpen):
            accept_transfer(actor=who.buyer, public_id=transfer.public_id)
        assert not open_transfers(transfers_of(who.buyer.organisation)).exists()
        assert CreditTransfer.objects.get().outcome == "expired"
        assert (expire_transfers(), expire_transfers()) == (1, 0)
    stored = CreditTransfer.objects.get()
    assert (stored.state, stored.decided_by, account_of(who.cooperative, batch).held) == ("expired", None, 0)
    assert broken() == []


def test_what_is_offered_is_neither_sold_nor_offered_again(who, batch):
    offer(who, batch, 80)
    with pytest.raises(InsufficientBalance) as refusal:
        offer(who, batch, 21)
    assert (refusal.value.field, refusal.value.params["available"]) == ("quantity_t", 20)


def test_each_step_is_recorded_with_its_parties_and_without_its_note(who, batch):
    transfer = offer(who, batch, note="秘密合同", price_fen=3_950)
    accept_transfer(actor=who.buyer, public_id=transfer.public_id)
    entries = Record.objects.filter(kind__startswith="credit_transfer_").order_by("id").values_list("entry", flat=True)
    offered, accepted = (orjson.loads(bytes(entry)) for entry in entries)
    body = {
        "credit_transfer": str(transfer.public_id),
        "asset": batch.asset.code,
        "sender": str(who.cooperative.organisation.public_id),
        "recipient": str(who.buyer.organisation.public_id),
        "quantity_t": 30,
        "ground": "contract",
        "price_fen": 3_950,
    }
    assert body.items() <= offered["body"].items() <= accepted["body"].items()
    assert accepted["body"]["transaction"] == str(Transaction.objects.get(kind="transfer").pk)
    assert "秘密合同" not in str(offered)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity_t": 0}, "quantity_t"),
        ({"quantity_t": -1}, "quantity_t"),
        ({"quantity_t": 2**53}, "quantity_t"),
        ({"ground": "theft"}, "ground"),
        ({"price_fen": 0}, "price_fen"),
        ({"price_fen": -5}, "price_fen"),
        ({"price_fen": 2**60}, "price_fen"),
        ({"ground": "gift", "price_fen": 100}, "price_fen"),
        ({"note": "n" * 301}, "note"),
        ({"note": "a\x00"}, "note"),
        ({"key": "k" * 65}, "idempotency_key"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_and_holds_nothing(who, batch, changes, field):
    with pytest.raises(InvalidValue) as refusal:
        offer(who, batch, **changes)
    assert refusal.value.field == field
    assert account_of(who.cooperative, batch).held == 0
    assert not Hold.objects.filter(purpose="transfer").exists()


def test_a_recipient_is_found_by_its_code_or_public_id_and_by_nothing_else(who, batch):
    buyer = who.buyer.organisation
    Organisation.objects.filter(pk=buyer.pk).update(credit_code=CODE)
    sender = who.cooperative.organisation
    for named in (CODE, "9135 0100-m000100y43", f" {buyer.public_id} "):
        assert find_recipient(named, sender=sender) == buyer
    twin = OrganisationFactory(credit_code=CODE)
    applied = OrganisationFactory(status=Organisation.Status.APPLIED)
    for named in (
        CODE,
        "",
        " ",
        buyer.name,
        "\x00",
        "x" * 100,
        str(uuid.uuid4()),
        str(sender.public_id),
        str(applied.public_id),
        str(who.verifier.organisation.public_id),
        str(who.registrar.organisation.public_id),
    ):
        with pytest.raises(UnknownRecipient):
            find_recipient(named, sender=sender)
    assert find_recipient(str(twin.public_id), sender=sender) == twin


def test_only_people_who_act_for_an_approved_holder_offer_and_decide(who, batch):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for actor in (viewer, who.verifier, who.registrar, who.treasurer, who.auditor):
        with pytest.raises(NotAllowed):
            offer_credits(actor, who.buyer, batch, 1)
    transfer = offer(who, batch)
    theirs = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    for actor in (theirs, who.verifier, who.registrar, who.auditor, who.cooperative):
        for decide in (accept_transfer, decline_transfer):
            with pytest.raises(NotAllowed):
                decide(actor=actor, public_id=transfer.public_id)
    with pytest.raises(NotAllowed):
        withdraw_transfer(actor=who.buyer, public_id=transfer.public_id)
    for decide in (accept_transfer, decline_transfer, withdraw_transfer):
        with pytest.raises(NotFound):
            decide(actor=who.other_buyer, public_id=transfer.public_id)
        with pytest.raises(NotFound):
            decide(actor=who.buyer, public_id=uuid.uuid4())
    trader = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.TRADER)
    assert accept_transfer(actor=trader, public_id=transfer.public_id).state == "accepted"


@pytest.mark.parametrize("suspended", ["cooperative", "buyer"])
def test_a_suspended_party_hands_nothing_over_but_may_end_it(who, batch, suspended):
    transfer = offer(who, batch)
    Organisation.objects.filter(pk=getattr(who, suspended).organisation_id).update(status="suspended")
    who.buyer.organisation.refresh_from_db()
    who.cooperative.organisation.refresh_from_db()
    with pytest.raises(OrganisationNotApproved):
        accept_transfer(actor=who.buyer, public_id=transfer.public_id)
    assert withdraw_transfer(actor=who.cooperative, public_id=transfer.public_id).state == "withdrawn"


def test_a_key_gives_the_first_transfer_again_and_no_other(who, batch):
    first = offer(who, batch, key="k")
    again = offer(who, batch, key="k")
    assert (again, again.is_replay, account_of(who.cooperative, batch).held) == (first, True, 30)
    for changes in ({"quantity_t": 31}, {"note": "other"}, {"price_fen": 1}, {"ground": "group"}):
        with pytest.raises(IdempotencyConflict):
            offer(who, batch, key="k", **changes)
    other = issue_to_cooperative(who, 100)
    for elsewhere in ((who.buyer, other), (who.other_buyer, batch)):
        with pytest.raises(IdempotencyConflict):
            offer_credits(who.cooperative, *elsewhere, 30, key="k")
    accept_transfer(actor=who.buyer, public_id=first.public_id)
    assert offer(who, batch, key="k").state == "accepted"
    assert offer(who, batch, key="k2") != first


def test_no_more_than_so_many_are_open_at_a_time(who, batch, monkeypatch):
    monkeypatch.setattr("ledger.credits.transfers.services.MOST_OPEN", 2)
    for _time in range(2):
        offer(who, batch, 1)
    with pytest.raises(TooManyTransfersOpen):
        offer(who, batch, 1)


def test_who_sees_a_transfer(who, batch):
    transfer = offer(who, batch)
    for member in (who.cooperative, who.buyer, who.registrar, who.auditor):
        assert access_transfer_by_public_id(public_id=transfer.public_id, membership=member) == transfer
    for member in (who.other_buyer, who.verifier):
        with pytest.raises(NotFound):
            access_transfer_by_public_id(public_id=transfer.public_id, membership=member)
    for public_id in ("", "1", "\x00"):
        with pytest.raises(NotFound):
            access_transfer_by_public_id(public_id=public_id, membership=who.buyer)


def test_a_wrong_transfer_is_taken_back_by_two_treasurers(who, batch):
    transfer = offer(who, batch)
    accept_transfer(actor=who.buyer, public_id=transfer.public_id)
    posted = Transaction.objects.get(kind="transfer")
    correction = request_correction(actor=who.treasurer, transaction_id=posted.pk, reason="To the wrong one.")
    confirm_correction(actor=who.second_treasurer, correction_id=correction.pk)
    assert (account_of(who.cooperative, batch).balance, account_of(who.buyer, batch).balance) == (100, 0)
    assert transfers_seen_by(who.buyer).get().transaction.reversed_by is not None
    assert broken() == []


def test_a_batch_that_is_not_there_is_not_found(who, batch):
    with pytest.raises(NotFound):
        offer_transfer(
            actor=who.cooperative,
            batch_id=2**62,
            recipient=str(who.buyer.organisation.public_id),
            terms=TransferTerms(1, "gift"),
        )
    assert timezone.now()
