"""A wrong transaction is reversed by two people, with the very same money and serial numbers, or stands as it is."""

import orjson
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from ledger.credits.services import retire_credits
from ledger.errors import (
    AlreadyReversed,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    NotReversible,
    SamePerson,
    SerialsNotOwned,
    WrongState,
)
from ledger.journal.corrections import confirm_correction, refuse_correction, request_correction
from ledger.journal.payments import cash, confirm_payment, request_deposit, request_withdrawal
from ledger.journal.posting import Leg, Posting, post_transactions
from ledger.journal.reconciliation import INVARIANTS, check
from ledger.journal.selectors import cash_account, holding_in, serial_blocks, system_account
from ledger.journal.serials import runs_of
from ledger.journal.services import open_account
from ledger.models import Correction, Payment, Record, Transaction, Transfer
from tests.racing import race
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order


@pytest.fixture
def deposit(who):
    """Return a deposit of 1,000 fen to the buyer, posted."""
    pay_in(who, who.buyer, 1_000)
    return Payment.objects.get()


def ask(who, transaction_id, **changes):
    return request_correction(
        **({"actor": who.treasurer, "transaction_id": transaction_id, "reason": "To the wrong one."} | changes)
    )


def confirm(who, correction):
    return confirm_correction(actor=who.second_treasurer, correction_id=correction.pk)


def breaches():
    return [result for result in check([each for each in INVARIANTS if each.number != 7]) if not result.holds]


def legs_of(transaction_id):
    rows = Transfer.objects.filter(transaction_id=transaction_id).order_by("id")
    return [(row.debit_account_id, row.credit_account_id, row.amount, runs_of(row.serials)) for row in rows]


def bodies(prefix):
    records = Record.objects.filter(kind__startswith=prefix).order_by("id")
    return [(record.kind, orjson.loads(bytes(record.entry))["body"]) for record in records]


def test_a_deposit_is_reversed_when_a_second_treasurer_confirms_it(who, deposit):
    correction = ask(who, deposit.transaction_id)
    assert cash_account(who.buyer.organisation).balance == 1_000
    confirm(who, correction)
    correction.refresh_from_db()
    assert (correction.status, correction.requested_by, correction.decided_by) == (
        "confirmed",
        who.treasurer.user,
        who.second_treasurer.user,
    )
    reversal = correction.reversal
    assert (reversal.kind, reversal.reverses_id) == ("reversal", deposit.transaction_id)
    ((bank, buyer, amount, _none),) = legs_of(deposit.transaction_id)
    assert legs_of(reversal.pk) == [(buyer, bank, amount, ())]
    assert cash_account(who.buyer.organisation).balance == system_account(cash(), "bank").balance == 0
    deposit.refresh_from_db()
    assert deposit.status == Payment.Status.REVERSED
    assert breaches() == []


def test_the_bank_reference_of_a_reversed_deposit_is_entered_as_it_should_have_been(who, deposit):
    confirm(who, ask(who, deposit.transaction_id))
    right = request_deposit(
        actor=who.treasurer,
        organisation=who.other_buyer.organisation,
        amount_fen=1_000,
        bank_reference=deposit.bank_reference,
    )
    confirm_payment(actor=who.second_treasurer, payment_id=right.pk)
    assert cash_account(who.other_buyer.organisation).balance == 1_000


def test_a_withdrawal_that_the_bank_sent_back_is_reversed(who, deposit):
    payment = request_withdrawal(actor=who.buyer, amount_fen=700)
    confirm_payment(actor=who.treasurer, payment_id=payment.pk, bank_reference="OUT-1")
    payment.refresh_from_db()
    confirm(who, ask(who, payment.transaction_id))
    account = cash_account(who.buyer.organisation)
    assert (account.balance, account.held) == (1_000, 0)
    payment.refresh_from_db()
    assert (payment.status, payment.hold.remaining) == ("reversed", 0)
    assert breaches() == []


@pytest.fixture
def sent(who):
    """Return a transfer of credits to the buyer in three runs and the accounts of owner and buyer."""
    batch = issue_to_cooperative(who, 20)
    owner = holding_in(who.cooperative.organisation, batch.asset)
    buyer = open_account(organisation=who.buyer.organisation, asset=batch.asset)
    leg = Leg(owner.pk, buyer.pk, 7, ((2, 3), (8, 11), (20, 20)))
    posted = post_transactions([Posting("transfer", [leg], "system", timezone.now())])[0]
    return posted, owner, buyer


def test_a_reversed_transfer_gives_back_the_very_same_serial_numbers(who, sent):
    posted, owner, buyer = sent
    # The buyer has others by now, and older ones: those stay.
    later = Posting("transfer", [Leg(owner.pk, buyer.pk, 5)], "system", timezone.now())
    post_transactions([later])
    correction = confirm(who, ask(who, posted.transaction_id))
    assert legs_of(correction.reversal_id) == [(buyer.pk, owner.pk, 7, ((2, 3), (8, 11), (20, 20)))]
    kept = [(block.serials.lower, block.serials.upper - 1) for block in serial_blocks(buyer)]
    assert kept == [(1, 1), (4, 7)]
    body = orjson.loads(bytes(Record.objects.get(pk=correction.reversal.record_id).entry))["body"]
    assert body["reverses"] == str(posted.transaction_id)
    assert body["idempotency_key"] == f"correction:{correction.pk}"
    assert body["transfers"][0]["serials"] == [["2", "3"], ["8", "11"], ["20", "20"]]
    assert breaches() == []


def test_credits_that_were_passed_on_are_not_given_back(who, sent):
    posted, owner, buyer = sent
    other = open_account(organisation=who.other_buyer.organisation, asset=owner.asset)
    post_transactions(
        [
            Posting("transfer", [Leg(buyer.pk, other.pk, 1, ((9, 9),))], "system", timezone.now()),
            Posting("transfer", [Leg(owner.pk, buyer.pk, 3)], "system", timezone.now()),
        ]
    )
    correction = ask(who, posted.transaction_id)
    before = Transaction.objects.count(), Record.objects.count()
    with pytest.raises(SerialsNotOwned) as refusal:
        confirm(who, correction)
    assert refusal.value.params == {"account": buyer.pk}
    correction.refresh_from_db()
    assert correction.status == "requested"
    assert (Transaction.objects.count(), Record.objects.count()) == before


def test_a_deposit_whose_money_is_spent_is_not_reversed(who, deposit):
    request_withdrawal(actor=who.buyer, amount_fen=1)
    correction = ask(who, deposit.transaction_id)
    with pytest.raises(InsufficientBalance) as refusal:
        confirm(who, correction)
    assert refusal.value.params == {"available": 999, "needed": 1_000}
    deposit.refresh_from_db()
    correction.refresh_from_db()
    assert (deposit.status, correction.status) == ("posted", "requested")
    refuse_correction(actor=who.second_treasurer, correction_id=correction.pk)
    correction.refresh_from_db()
    assert (correction.status, correction.reversal) == ("refused", None)


@pytest.fixture
def finals(who, monkeypatch):
    """Return one transaction of each kind that is final."""
    monkeypatch.setattr("trading.orders.services.wake_after_commit", lambda market: None)
    pay_in(who, who.buyer, 100_000)
    batch = issue_to_cooperative(who, 100)
    market = market_for(who, batch)
    for actor, side in ((who.cooperative, "sell"), (who.buyer, "buy")):
        place_order(actor=actor, market_id=market.pk, order=NewOrder("1", side, 4_000, 5))
    execute_market(market.pk)
    retire_credits(actor=who.buyer, batch_id=batch.pk, quantity_t=1, beneficiary_name="甲", purpose="event")
    owner, cancelled = (
        holding_in(who.cooperative.organisation, batch.asset),
        open_account(organisation=None, asset=batch.asset, purpose="cancelled"),
    )
    post_transactions([Posting("cancellation", [Leg(owner.pk, cancelled.pk, 2)], "system", timezone.now())])
    pay_in(who, who.other_buyer, 1)
    confirm(who, ask(who, Transaction.objects.filter(kind="deposit").latest("id").pk))
    return {kind: Transaction.objects.filter(kind=kind).latest("id").pk for kind in FINAL}


FINAL = ("settlement", "issuance", "retirement", "cancellation", "reversal")


def test_what_is_final_is_not_reversed_and_it_is_said_what_to_do_instead(who, finals):
    before = Record.objects.count()
    said = set()
    for kind in FINAL:
        with pytest.raises(NotReversible) as refusal:
            ask(who, finals[kind])
        assert (refusal.value.status, refusal.value.code, refusal.value.field) == (409, "not_reversible", "transaction")
        with translation.override("en"):
            said.add(str(refusal.value))
    assert len(said) == 5
    assert "A trade is final once it is settled. The parties can trade the other way round." in said
    assert Record.objects.count() == before
    assert Correction.objects.count() == 1


def test_a_transaction_is_corrected_once(who, deposit):
    correction = ask(who, deposit.transaction_id)
    with pytest.raises(AlreadyReversed):
        ask(who, deposit.transaction_id)
    refuse_correction(actor=who.second_treasurer, correction_id=correction.pk)
    confirm(who, ask(who, deposit.transaction_id))
    with pytest.raises(AlreadyReversed):
        ask(who, deposit.transaction_id, actor=who.second_treasurer)
    assert Correction.objects.count() == 2


def test_a_transaction_that_was_reversed_otherwise_is_not_reversed_again(who, deposit):
    ((bank, buyer, amount, _none),) = legs_of(deposit.transaction_id)
    leg = Leg(buyer, bank, amount)
    reversal = Posting("reversal", [leg], "system", timezone.now(), reverses_id=deposit.transaction_id)
    correction = ask(who, deposit.transaction_id)
    post_transactions([reversal])
    pay_in(who, who.buyer, 1_000)
    with pytest.raises(AlreadyReversed):
        confirm(who, correction)
    refuse_correction(actor=who.second_treasurer, correction_id=correction.pk)
    with pytest.raises(AlreadyReversed):
        ask(who, deposit.transaction_id)


def test_who_asked_for_a_correction_does_not_decide_it_and_it_is_decided_once(who, deposit):
    correction = ask(who, deposit.transaction_id)
    for decide in (confirm_correction, refuse_correction):
        with pytest.raises(SamePerson):
            decide(actor=who.treasurer, correction_id=correction.pk)
    confirm(who, correction)
    for decide in (confirm_correction, refuse_correction):
        with pytest.raises(WrongState):
            decide(actor=who.second_treasurer, correction_id=correction.pk)
        with pytest.raises(NotFound):
            decide(actor=who.second_treasurer, correction_id=correction.pk + 1_000)


@pytest.mark.parametrize("stranger", ["buyer", "cooperative", "verifier", "auditor", "registrar"])
def test_only_treasurers_ask_and_decide(who, deposit, stranger):
    correction = ask(who, deposit.transaction_id)
    actor = getattr(who, stranger)
    with pytest.raises(NotAllowed):
        ask(who, deposit.transaction_id, actor=actor)
    for decide in (confirm_correction, refuse_correction):
        with pytest.raises(NotAllowed):
            decide(actor=actor, correction_id=correction.pk)


@pytest.mark.parametrize("reason", ["", "  ", "r" * 201, "\x00"])
def test_a_correction_has_a_reason(who, deposit, reason):
    with pytest.raises(InvalidValue) as refusal:
        ask(who, deposit.transaction_id, reason=reason)
    assert refusal.value.field == "reason"
    assert not Correction.objects.exists()


def test_a_transaction_that_does_not_exist_is_not_found(who):
    with pytest.raises(NotFound):
        ask(who, 2**62)


def test_each_step_is_recorded(who, deposit):
    refused = ask(who, deposit.transaction_id, reason=" Not so sure. ")
    refuse_correction(actor=who.second_treasurer, correction_id=refused.pk)
    confirmed = confirm(who, ask(who, deposit.transaction_id))
    said = {"transaction": str(deposit.transaction_id)}
    first = said | {"correction": str(refused.pk), "reason": "Not so sure."}
    second = said | {"correction": str(confirmed.pk), "reason": "To the wrong one."}
    assert bodies("correction_") == [
        ("correction_requested", first),
        ("correction_refused", first),
        ("correction_requested", second),
        ("correction_confirmed", second | {"reversal": str(confirmed.reversal_id)}),
    ]


# What the database itself refuses


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("decided_by_id = requested_by_id, status = 'refused'", "correction_decided_by_another"),
        ("status = 'confirmed'", "correction_confirmed_by_a_reversal"),
        ("status = 'refused'", "correction_confirmed_by_a_reversal"),
        ("reversal_id = transaction_id", "correction_confirmed_by_a_reversal"),
    ],
)
def test_the_database_refuses_a_decision_that_is_none(who, deposit, change, constraint):
    ask(who, deposit.transaction_id)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE ledger_correction SET {change}")


def test_the_database_refuses_a_second_correction_and_a_second_reversal(who, deposit):
    correction = ask(who, deposit.transaction_id)
    again = Correction(transaction=deposit.transaction, reason="x", requested_by=who.treasurer.user)
    with pytest.raises(IntegrityError, match="transaction_corrected_once"), transaction.atomic():
        again.save()
    reversal = confirm(who, correction).reversal
    twin = Transaction(
        kind="reversal",
        occurred_at=timezone.now(),
        actor="x",
        reverses=deposit.transaction,
        record_id=reversal.record_id,
    )
    with pytest.raises(IntegrityError, match="reverses_id"), transaction.atomic():
        twin.save()


# Two at the same moment


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_the_same_moment_one_is_refused(who, deposit):
    outcomes = race(
        lambda: ask(who, deposit.transaction_id),
        lambda: ask(who, deposit.transaction_id, actor=who.second_treasurer),
    )
    assert {type(outcome) for outcome in outcomes} == {Correction, AlreadyReversed}


@pytest.mark.django_db(transaction=True)
def test_a_correction_that_is_confirmed_and_refused_at_the_same_moment_is_one_of_both(who, deposit):
    correction = ask(who, deposit.transaction_id)
    outcomes = race(
        lambda: confirm(who, correction),
        lambda: confirm(who, correction),
        lambda: refuse_correction(actor=who.second_treasurer, correction_id=correction.pk),
    )
    assert sum(isinstance(outcome, WrongState) for outcome in outcomes) == 2
    correction.refresh_from_db()
    assert Transaction.objects.filter(kind="reversal").count() == (1 if correction.status == "confirmed" else 0)
    assert breaches() == []
