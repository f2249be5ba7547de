"""Money in and out: one person enters it, another confirms it."""

import orjson
import pytest

from ledger.errors import (
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.journal.payments import cash, confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.journal.posting import MAX_AMOUNT
from ledger.journal.selectors import cash_account, system_account
from ledger.models import Membership, Organisation, Payment, Record
from tests.factories import MembershipFactory, OrganisationFactory
from tests.scenes import pay_in


def deposit(who, **changes):
    asked = {"organisation": who.buyer.organisation, "amount_fen": 500, "bank_reference": "ICBC-1"} | changes
    return request_deposit(actor=who.treasurer, **asked)


def test_a_deposit_is_posted_when_a_second_treasurer_confirms_it(who):
    payment = deposit(who)
    assert cash_account(who.buyer.organisation) is None
    confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)
    payment.refresh_from_db()
    assert payment.status == Payment.Status.POSTED
    assert (payment.requested_by, payment.decided_by) == (who.treasurer.user, who.second_treasurer.user)
    assert payment.transaction.kind == "deposit"
    assert cash_account(who.buyer.organisation).balance == 500
    assert system_account(cash(), "bank").balance == -500


def test_who_entered_a_deposit_neither_confirms_nor_refuses_it(who):
    payment = deposit(who)
    for decide in (confirm_payment, refuse_payment):
        with pytest.raises(SamePerson):
            decide(actor=who.treasurer, payment_id=payment.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount_fen": 0}, "amount_fen"),
        ({"amount_fen": -5}, "amount_fen"),
        ({"amount_fen": MAX_AMOUNT + 1}, "amount_fen"),
        ({"bank_reference": "  "}, "bank_reference"),
        ({"bank_reference": "r" * 65}, "bank_reference"),
        ({"bank_reference": "\x00"}, "bank_reference"),
    ],
)
def test_a_deposit_that_cannot_be_is_refused(who, changes, field):
    with pytest.raises(InvalidValue) as refusal:
        deposit(who, **changes)
    assert refusal.value.field == field
    assert not Payment.objects.exists()


@pytest.mark.parametrize("status", [Organisation.Status.APPLIED, Organisation.Status.SUSPENDED])
def test_only_approved_organisations_are_paid_in_for(who, status):
    with pytest.raises(InvalidValue) as refusal:
        deposit(who, organisation=OrganisationFactory(status=status))
    assert refusal.value.field == "organisation"


def test_a_bank_reference_is_entered_once_unless_it_was_refused(who):
    first = deposit(who)
    with pytest.raises(InvalidValue) as refusal:
        deposit(who, amount_fen=900)
    assert refusal.value.field == "bank_reference"
    refuse_payment(actor=who.second_treasurer, payment_id=first.pk)
    second = deposit(who, amount_fen=900)
    confirm_payment(actor=who.second_treasurer, payment_id=second.pk)
    assert cash_account(who.buyer.organisation).balance == 900


@pytest.mark.parametrize("stranger", ["buyer", "cooperative", "verifier", "auditor", "registrar"])
def test_only_treasurers_enter_and_decide(who, stranger):
    actor = getattr(who, stranger)
    with pytest.raises(NotAllowed):
        request_deposit(actor=actor, organisation=who.buyer.organisation, amount_fen=1, bank_reference="X")
    payment = deposit(who)
    for decide in (confirm_payment, refuse_payment):
        with pytest.raises(NotAllowed):
            decide(actor=actor, payment_id=payment.pk)


def test_a_withdrawal_is_held_until_a_treasurer_confirms_it(who):
    pay_in(who, who.buyer, 1_000)
    payment = request_withdrawal(actor=who.buyer, amount_fen=700)
    account = cash_account(who.buyer.organisation)
    assert (account.balance, account.held) == (1_000, 700)
    confirm_payment(actor=who.treasurer, payment_id=payment.pk, bank_reference=" OUT-1 ")
    account.refresh_from_db()
    payment.refresh_from_db()
    assert (account.balance, account.held) == (300, 0)
    assert (payment.status, payment.bank_reference, payment.hold.remaining) == (Payment.Status.POSTED, "OUT-1", 0)
    assert system_account(cash(), "bank").balance == -300


def test_a_refused_withdrawal_gives_back_what_was_held(who):
    pay_in(who, who.buyer, 1_000)
    payment = request_withdrawal(actor=who.buyer, amount_fen=700)
    refuse_payment(actor=who.treasurer, payment_id=payment.pk)
    account = cash_account(who.buyer.organisation)
    assert (account.balance, account.held) == (1_000, 0)
    payment.refresh_from_db()
    assert payment.status == Payment.Status.REFUSED
    assert payment.transaction is None


def test_a_withdrawal_is_confirmed_with_the_banks_reference(who):
    pay_in(who, who.buyer, 1_000)
    payment = request_withdrawal(actor=who.buyer, amount_fen=1)
    for reference in ("", " ", "r" * 65):
        with pytest.raises(InvalidValue) as refusal:
            confirm_payment(actor=who.treasurer, payment_id=payment.pk, bank_reference=reference)
        assert refusal.value.field == "bank_reference"
    other = request_withdrawal(actor=who.buyer, amount_fen=1)
    confirm_payment(actor=who.treasurer, payment_id=payment.pk, bank_reference="OUT-1")
    with pytest.raises(InvalidValue):
        confirm_payment(actor=who.treasurer, payment_id=other.pk, bank_reference="OUT-1")
    account = cash_account(who.buyer.organisation)
    assert (account.balance, account.held) == (999, 1)


def test_no_more_is_withdrawn_than_is_available(who):
    pay_in(who, who.buyer, 1_000)
    request_withdrawal(actor=who.buyer, amount_fen=600)
    with pytest.raises(InsufficientBalance):
        request_withdrawal(actor=who.buyer, amount_fen=401)


def test_only_approved_owners_withdraw(who):
    trader = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.TRADER)
    for actor in (trader, who.treasurer, who.verifier, who.auditor):
        with pytest.raises(NotAllowed):
            request_withdrawal(actor=actor, amount_fen=1)
    suspended = MembershipFactory(organisation__status=Organisation.Status.SUSPENDED)
    with pytest.raises(OrganisationNotApproved):
        request_withdrawal(actor=suspended, amount_fen=1)


def test_a_payment_is_decided_once(who):
    payment = deposit(who)
    confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)
    for decide in (confirm_payment, refuse_payment):
        with pytest.raises(WrongState):
            decide(actor=who.second_treasurer, payment_id=payment.pk)
        with pytest.raises(NotFound):
            decide(actor=who.second_treasurer, payment_id=payment.pk + 1_000)


def test_each_step_is_recorded(who):
    payment = deposit(who)
    refused = deposit(who, bank_reference="ICBC-2")
    confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)
    refuse_payment(actor=who.second_treasurer, payment_id=refused.pk)
    payment.refresh_from_db()
    said = {
        "organisation": str(who.buyer.organisation.public_id),
        "direction": "deposit",
        "amount_fen": 500,
    }
    first = said | {"payment": str(payment.pk), "bank_reference": "ICBC-1"}
    second = said | {"payment": str(refused.pk), "bank_reference": "ICBC-2"}
    records = Record.objects.filter(kind__startswith="payment_").order_by("id")
    assert [(record.kind, orjson.loads(bytes(record.entry))["body"]) for record in records] == [
        ("payment_requested", first),
        ("payment_requested", second),
        ("payment_confirmed", first | {"transaction": str(payment.transaction_id)}),
        ("payment_refused", second),
    ]
