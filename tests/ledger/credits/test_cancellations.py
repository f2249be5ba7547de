"""Credits that are given up for good: by their holder, and by the operator with a second person."""

import orjson
import pytest

from ledger.credits.cancellations.orders import confirm_cancellation, refuse_cancellation, request_cancellation
from ledger.credits.cancellations.selectors import cancellation_by_public_id, cancelled_t, orders_seen_by
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.selectors import supply_of
from ledger.errors import (
    ChosenSerialsNotOwned,
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    NotReversible,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.journal.corrections import request_correction
from ledger.journal.services import place_hold
from ledger.models import Account, Cancellation, CancellationOrder, Membership, Organisation, Record
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, offer_credits
from trading.execution.reconciliation import reconcile


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100, buffer_t=10)


@pytest.fixture
def second_registrar(who):
    return MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)


def cancel(who, batch, quantity_t=30, **changes):
    asked = {"actor": who.cooperative, "batch_id": batch.pk, "quantity_t": quantity_t, "reason": "no_claim"}
    return cancel_credits(**(asked | changes))


def order(who, batch, quantity_t=30, **changes):
    asked = {
        "actor": who.registrar,
        "batch_id": batch.pk,
        "organisation": who.cooperative.organisation,
        "quantity_t": quantity_t,
        "reason": "over_issuance",
        "note": "The area was counted twice.",
    }
    return request_cancellation(**(asked | changes))


def holding(who, batch):
    return Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset)


def broken():
    return [result.name for result in reconcile() if not result.holds]


def test_cancelled_tonnes_leave_their_holder_for_good_with_their_serial_numbers(who, batch):
    cancellation = cancel(who, batch)
    assert (holding(who, batch).balance, supply_of([batch])[batch.pk].cancelled, cancelled_t()) == (60, 30, 30)
    stored = cancellation_by_public_id(str(cancellation.public_id))
    (run,) = stored.serials
    assert (run.lower, run.upper) == (batch.serials.lower, batch.serials.lower + 30)
    assert (stored.transaction.kind, stored.kind) == ("cancellation", "voluntary")
    with pytest.raises(NotReversible):
        request_correction(actor=who.treasurer, transaction_id=stored.transaction_id, reason="Not meant.")
    assert broken() == []


def test_a_holder_chooses_which_numbers(who, batch):
    first = batch.serials.lower + 40
    cancellation = cancel(who, batch, 5, first_serial=first)
    (run,) = cancellation.serials
    assert (run.lower, run.upper) == (first, first + 5)
    for wrong in (first - 2, first + 4, batch.serials.upper - 5, 2**62):
        with pytest.raises(ChosenSerialsNotOwned) as refusal:
            cancel(who, batch, 5, first_serial=wrong)
        assert refusal.value.field == "first_serial"
    for wrong in (0, -1, 2**63, 2**63 - 2):
        with pytest.raises(InvalidValue):
            cancel(who, batch, 5, first_serial=wrong)
    assert broken() == []


def test_the_record_says_what_was_cancelled_and_names_the_note_by_its_hash(who, batch):
    cancellation = cancel(who, batch, note="为了气候")
    entry = orjson.loads(bytes(Record.objects.get(pk=cancellation.record_id).entry))
    assert entry["kind"] == "credits_cancelled"
    assert entry["body"] == {
        "cancellation": str(cancellation.public_id),
        "kind": "voluntary",
        "organisation": str(who.cooperative.organisation.public_id),
        "asset": batch.asset.code,
        "quantity_t": 30,
        "reason": "no_claim",
        "details_sha256": entry["body"]["details_sha256"],
        "transaction": str(cancellation.transaction_id),
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity_t": 0}, "quantity_t"),
        ({"quantity_t": -3}, "quantity_t"),
        ({"quantity_t": 2**60}, "quantity_t"),
        ({"reason": "pleasure"}, "reason"),
        ({"reason": "reversal"}, "reason"),
        ({"reason": "other"}, "note"),
        ({"note": "n" * 301}, "note"),
        ({"note": "\ud800"}, "note"),
        ({"idempotency_key": "k" * 65}, "idempotency_key"),
    ],
)
def test_a_cancellation_that_cannot_be_is_refused(who, batch, changes, field):
    with pytest.raises(InvalidValue) as refusal:
        cancel(who, batch, **changes)
    assert refusal.value.field == field
    assert holding(who, batch).balance == 90


def test_no_more_is_cancelled_than_is_free(who, batch):
    place_hold(account_id=holding(who, batch).pk, amount=80, purpose="order")
    with pytest.raises(InsufficientBalance) as refusal:
        cancel(who, batch, 11)
    assert refusal.value.field == "quantity_t"
    with pytest.raises(InsufficientBalance):
        cancel(who, batch, 1, actor=who.buyer)


def test_only_people_who_act_for_an_approved_holder_cancel(who, batch):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for actor in (viewer, who.verifier, who.registrar, who.treasurer, who.auditor):
        with pytest.raises(NotAllowed):
            cancel(who, batch, actor=actor)
    Organisation.objects.filter(pk=who.cooperative.organisation_id).update(status=Organisation.Status.SUSPENDED)
    who.cooperative.organisation.refresh_from_db()
    with pytest.raises(OrganisationNotApproved):
        cancel(who, batch)


def test_a_key_gives_the_first_cancellation_again_and_no_other(who, batch):
    first = cancel(who, batch, idempotency_key="k")
    assert cancel(who, batch, idempotency_key="k") == first
    for changes in (
        {"quantity_t": 31},
        {"reason": "mistake"},
        {"note": "x"},
        {"first_serial": batch.serials.lower + 1},
    ):
        with pytest.raises(IdempotencyConflict):
            cancel(who, batch, idempotency_key="k", **changes)
    with pytest.raises(IdempotencyConflict):
        cancel(who, issue_to_cooperative(who, 100), idempotency_key="k")
    assert holding(who, batch).balance == 60


def test_a_cancellation_that_is_none_is_not_found(who, batch):
    with pytest.raises(NotFound):
        cancel(who, batch, batch_id=2**62)
    for public_id in ("", "1", "\x00", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound):
            cancellation_by_public_id(public_id)


# By the operator


def test_wrongly_issued_credits_are_held_and_cancelled_by_two_registrars(who, batch, second_registrar):
    wanted = order(who, batch)
    assert (holding(who, batch).held, wanted.hold.purpose) == (30, "cancellation")
    with pytest.raises(SamePerson):
        confirm_cancellation(actor=who.registrar, order_id=wanted.pk)
    done = confirm_cancellation(actor=second_registrar, order_id=wanted.pk)
    assert (done.cancellation.kind, done.cancellation.cancelled_by) == ("administrative", second_registrar.user)
    assert (holding(who, batch).balance, holding(who, batch).held) == (60, 0)
    for decide in (confirm_cancellation, refuse_cancellation):
        with pytest.raises(WrongState):
            decide(actor=second_registrar, order_id=wanted.pk)
    assert broken() == []


def test_an_order_that_is_refused_frees_the_credits(who, batch, second_registrar):
    wanted = order(who, batch)
    with pytest.raises(SamePerson):
        refuse_cancellation(actor=who.registrar, order_id=wanted.pk)
    assert refuse_cancellation(actor=second_registrar, order_id=wanted.pk).status == "refused"
    assert (holding(who, batch).balance, holding(who, batch).held) == (90, 0)
    assert not Cancellation.objects.exists()
    assert broken() == []


def test_wrongly_issued_credits_of_the_buffer_pool_are_cancelled(who, batch, second_registrar):
    wanted = order(who, batch, 4, organisation=None)
    done = confirm_cancellation(actor=second_registrar, order_id=wanted.pk)
    supply = supply_of([batch])[batch.pk]
    assert (done.cancellation.organisation, supply.buffer, supply.cancelled) == (None, 6, 4)
    assert broken() == []


def test_an_order_for_numbers_that_were_passed_on_is_refused_by_the_books(who, batch, second_registrar):
    first = batch.serials.lower
    wanted = order(who, batch, 10, first_serial=first)
    cancel(who, batch, 5)  # takes the oldest, which the order is for
    with pytest.raises(ChosenSerialsNotOwned):
        confirm_cancellation(actor=second_registrar, order_id=wanted.pk)
    assert CancellationOrder.objects.get().status == "requested"
    refuse_cancellation(actor=second_registrar, order_id=wanted.pk)
    assert broken() == []


def test_an_order_takes_nothing_that_is_offered_to_another(who, batch):
    offer_credits(who.cooperative, who.buyer, batch, 80)
    with pytest.raises(InsufficientBalance):
        order(who, batch, 11)
    assert order(who, batch, 10)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity_t": 0}, "quantity_t"),
        ({"quantity_t": 2**60}, "quantity_t"),
        ({"reason": "no_claim"}, "reason"),
        ({"reason": "reversal"}, "reason"),
        ({"note": "  "}, "note"),
        ({"note": "n" * 301}, "note"),
        ({"first_serial": 0}, "first_serial"),
    ],
)
def test_an_order_that_is_not_right_is_refused(who, batch, changes, field):
    with pytest.raises(InvalidValue) as refusal:
        order(who, batch, **changes)
    assert refusal.value.field == field
    assert holding(who, batch).held == 0


def test_only_registrars_order_and_decide(who, batch):
    wanted = order(who, batch)
    for actor in (who.cooperative, who.buyer, who.verifier, who.treasurer, who.auditor):
        with pytest.raises(NotAllowed):
            order(who, batch, actor=actor)
        for decide in (confirm_cancellation, refuse_cancellation):
            with pytest.raises(NotAllowed):
                decide(actor=actor, order_id=wanted.pk)
    for member in (who.cooperative, who.verifier):
        with pytest.raises(NotAllowed):
            orders_seen_by(member)
    assert list(orders_seen_by(who.auditor)) == [wanted]
    with pytest.raises(NotFound):
        confirm_cancellation(actor=who.registrar, order_id=2**62)
