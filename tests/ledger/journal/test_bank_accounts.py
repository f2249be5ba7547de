"""Where an organisation's money is paid out to: two treasurers say so, and nobody reads the number but who needs it."""

import hashlib

import orjson
import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from ledger.errors import (
    BankAccountChanged,
    InvalidValue,
    NoBankAccount,
    NotAllowed,
    SamePerson,
    WrongState,
)
from ledger.journal.bank.accounts import (
    accounts_while,
    bank_account_of,
    confirm_bank_account,
    refuse_bank_account,
    state_bank_account,
)
from ledger.journal.payments import confirm_payment, request_withdrawal
from ledger.journal.reconciliation import payments as books
from ledger.journal.reconciliation.invariants import Invariant
from ledger.models import BankAccount, Hold, Payment, Record
from ledger.notices.telling import tell_what_is_recorded
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.factories import BankAccountFactory
from tests.racing import race
from tests.scenes import People, pay_in, people

NUMBER = "6228480402564890018"


@pytest.fixture(autouse=True)
def _none_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody have an account to begin with."""
    monkeypatch.setattr("tests.scenes.give_bank_accounts", lambda *_who: None)


def state(who: People, number: str = NUMBER, bank: str = "中国农业银行延平支行") -> BankAccount:
    return state_bank_account(actor=who.treasurer, organisation=who.buyer.organisation, bank=bank, number=number)


def confirmed(who: People, number: str = NUMBER) -> BankAccount:
    return confirm_bank_account(actor=who.second_treasurer, bank_account_id=state(who, number).pk)


def body_of(kind: str) -> dict[str, str]:
    said: dict[str, str] = orjson.loads(bytes(Record.objects.filter(kind=kind).latest("pk").entry))["body"]
    return said


def test_two_treasurers_say_where_money_goes_and_its_people_are_told(who: People) -> None:
    stated = state(who, "6228 4804-0256 4890018")
    assert bank_account_of(who.buyer.organisation) is None
    with pytest.raises(SamePerson):
        confirm_bank_account(actor=who.treasurer, bank_account_id=stated.pk)
    confirm_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk)
    found = bank_account_of(who.buyer.organisation)
    assert found == stated
    assert (found.number, found.masked) == (NUMBER, "中国农业银行延平支行 ····0018")
    with pytest.raises(WrongState):
        refuse_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk)
    other = state(who, "12345678")
    refuse_bank_account(actor=who.second_treasurer, bank_account_id=other.pk)
    assert bank_account_of(who.buyer.organisation) == stated
    sequence_log()
    tell_what_is_recorded()
    kinds = set(who.buyer.user.notices.values_list("kind", flat=True))
    assert "bank_account_confirmed" in kinds
    assert "bank_account_stated" in set(who.second_treasurer.user.notices.values_list("kind", flat=True))


def test_each_step_is_in_the_log_without_the_number(who: People) -> None:
    confirm_bank_account(actor=who.second_treasurer, bank_account_id=state(who).pk)
    records = Record.objects.filter(kind__startswith="bank_account_").order_by("pk")
    assert [record.kind for record in records] == ["bank_account_stated", "bank_account_confirmed"]
    public_id, nonce = str(who.buyer.organisation.public_id), BankAccount.objects.get().nonce
    assert len(nonce) == 32
    for record in records:
        entry = bytes(record.entry)
        assert NUMBER.encode() not in entry
        assert nonce.encode() not in entry
        body = orjson.loads(entry)["body"]
        assert body["number_commitment"] == hashlib.sha256(f"{nonce}:{public_id}:{NUMBER}".encode()).hexdigest()
        assert "number_sha256" not in body


def test_the_hash_of_a_number_is_another_each_time_so_that_nobody_finds_it_by_trying(who: People) -> None:
    hashes = set()
    for _turn in range(2):
        confirmed(who)
        hashes.add(body_of("bank_account_confirmed")["number_commitment"])
    assert len(hashes) == 2


def test_what_was_stated_without_a_nonce_is_confirmed_without_one(who: People) -> None:
    stated = state(who)
    BankAccount.objects.filter(pk=stated.pk).update(nonce="")
    confirm_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk)
    body = body_of("bank_account_confirmed")
    public_id = str(who.buyer.organisation.public_id)
    assert body["number_sha256"] == hashlib.sha256(f"{public_id}:{NUMBER}".encode()).hexdigest()
    assert "number_commitment" not in body


@pytest.mark.parametrize(
    ("bank", "number", "field"),
    [
        ("", NUMBER, "bank"),
        ("  ", NUMBER, "bank"),
        ("A\x00", NUMBER, "bank"),
        ("x" * 201, NUMBER, "bank"),
        ("农行", "", "number"),
        ("农行", "1234567", "number"),
        ("农行", "1" * 31, "number"),
        ("农行", "６２２８４８０４０２５６", "number"),
        ("农行", "622848<script>", "number"),
    ],
)
def test_what_is_no_account_is_refused_beside_its_field(who: People, bank: str, number: str, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        state(who, number, bank)
    assert refused.value.field == field
    assert not BankAccount.objects.exists()


@pytest.mark.parametrize("name", ["buyer", "cooperative", "verifier", "registrar", "auditor"])
def test_nobody_else_says_where_money_goes(who: People, name: str) -> None:
    stated = state(who)
    actor = getattr(who, name)
    with pytest.raises(NotAllowed):
        state_bank_account(actor=actor, organisation=who.cooperative.organisation, bank="农行", number=NUMBER)
    with pytest.raises(NotAllowed):
        confirm_bank_account(actor=actor, bank_account_id=stated.pk)


def test_one_waits_at_a_time(who: People) -> None:
    state(who)
    with pytest.raises(InvalidValue) as refused:
        state(who, "12345678")
    assert refused.value.field == "organisation"
    with pytest.raises(IntegrityError), transaction.atomic():
        BankAccount.objects.update(decided_by=who.treasurer.user)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does() -> None:
    who = people()
    stated = state(who)
    outcomes = race(
        lambda: confirm_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk),
        lambda: refuse_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk),
    )
    assert sum(isinstance(each, WrongState) for each in outcomes) == 1


@pytest.mark.parametrize("name", ["verifier", "auditor", "registrar"])
def test_who_holds_no_money_has_no_account_here(who: People, name: str) -> None:
    organisation = getattr(who, name).organisation
    with pytest.raises(InvalidValue) as refused:
        state_bank_account(actor=who.treasurer, organisation=organisation, bank="农行", number=NUMBER)
    assert refused.value.field == "organisation"


# Withdrawals


def test_nothing_is_paid_out_before_an_account_is_confirmed(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    stated = state(who)
    with pytest.raises(NoBankAccount):
        request_withdrawal(actor=who.buyer, amount_fen=1_000)
    refuse_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk)
    with pytest.raises(NoBankAccount):
        request_withdrawal(actor=who.buyer, amount_fen=1_000)
    assert not Hold.objects.exists()
    assert not Payment.objects.filter(direction="withdrawal").exists()
    confirmed(who)
    assert request_withdrawal(actor=who.buyer, amount_fen=1_000).bank_account is None


def test_the_log_names_the_account_that_was_paid(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    account = confirmed(who)
    asked = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    paid = confirm_payment(actor=who.treasurer, payment_id=asked.pk, bank_reference="OUT-1")
    assert paid.bank_account == account
    said, stated = body_of("payment_confirmed"), body_of("bank_account_confirmed")
    for name in ("bank_account", "number_commitment"):
        assert said[name] == stated[name]
    assert "bank_account" not in body_of("payment_requested")
    assert [each for invariant in books.INVARIANTS for each in found_by(invariant)] == []
    Payment.objects.filter(pk=asked.pk).update(bank_account=confirmed(who, "12345678"))
    assert len(found_by(books.INVARIANTS[0])) == 1


def found_by(invariant: Invariant) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(invariant.breaches_sql)
        return list(cursor.fetchall())


def test_a_treasurer_says_which_account_was_paid_where_it_has_changed_meanwhile(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    long_ago, before = confirmed(who, "11111111"), confirmed(who, "22222222")
    asked = [request_withdrawal(actor=who.buyer, amount_fen=1_000) for _turn in range(2)]
    now = confirmed(who, "33333333")
    assert accounts_while(who.buyer.organisation, asked[0].requested_at) == [now, before]
    given = {"actor": who.treasurer, "payment_id": asked[0].pk, "bank_reference": "OUT-1"}
    with pytest.raises(BankAccountChanged) as changed:
        confirm_payment(**given)
    assert "····3333" in str(changed.value)
    others = BankAccountFactory()
    for wrong in (long_ago.pk, others.pk, 0, 2**62):
        with pytest.raises(InvalidValue) as refused:
            confirm_payment(**given, bank_account=wrong)
        assert refused.value.field == "bank_account"
    assert confirm_payment(**given, bank_account=before.pk).bank_account == before
    other = given | {"payment_id": asked[1].pk, "bank_reference": "OUT-2"}
    assert confirm_payment(**other, bank_account=now.pk).bank_account == now


def test_what_was_asked_for_without_an_account_waits_for_one(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    confirmed(who)
    asked = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    # As it was taken before there had to be one.
    BankAccount.objects.update(status="refused")
    client, confirm = client_of(who.treasurer), f"/admin/ledger/payment/{asked.pk}/confirm-withdrawal/"
    page = client.get(confirm).content.decode()
    assert "enter it from the contract first" in page
    answer = client.post(confirm, {"bank_reference": "OUT-1"})
    assert answer.status_code == 409
    assert "is confirmed yet, so no money can be paid out" in answer.content.decode()
    asked.refresh_from_db()
    assert asked.status == "requested"
    later = confirmed(who, "44444444")
    client.post(confirm, {"bank_reference": "OUT-1"})
    asked.refresh_from_db()
    assert (asked.status, asked.bank_account) == ("posted", later)


@pytest.mark.django_db(transaction=True)
def test_an_account_confirmed_while_a_withdrawal_is_asked_for_comes_in_time_or_not(who_at_once: People) -> None:
    who = who_at_once
    stated = state(who)
    asked, account = race(
        lambda: request_withdrawal(actor=who.buyer, amount_fen=1_000),
        lambda: confirm_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk),
    )
    assert account == stated
    if isinstance(asked, NoBankAccount):
        assert not Hold.objects.exists()
        asked = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    paid = confirm_payment(actor=who.treasurer, payment_id=asked.pk, bank_reference="OUT-1")
    assert paid.bank_account == stated


@pytest.mark.django_db(transaction=True)
def test_an_account_confirmed_while_a_withdrawal_is_paid_is_not_taken_for_the_one_that_was(
    who_at_once: People,
) -> None:
    who = who_at_once
    before = confirmed(who)
    asked = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    stated = state(who, "12345678")
    paid, _account = race(
        lambda: confirm_payment(actor=who.treasurer, payment_id=asked.pk, bank_reference="OUT-1"),
        lambda: confirm_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk),
    )
    # Posted before the other one was there, or asked which one it was: never booked to the one that nobody has paid.
    assert isinstance(paid, BankAccountChanged) or paid.bank_account == before


@pytest.fixture
def who_at_once(transactional_db: None) -> People:
    who = people()
    pay_in(who, who.buyer, 10_000)
    return who


# Pages and the desk


def test_the_page_shows_it_masked_and_says_what_to_do(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    client = client_of(who.buyer)
    page = client.get("/withdraw").content.decode()
    assert "No bank account of your organisation is confirmed yet" in page
    assert "Ask for the payment" not in page
    refused = client.post("/withdraw", {"amount_fen": "12.34"})
    assert refused.status_code in (200, 409, 422)
    page = refused.content.decode()
    assert "is confirmed yet, so no money can be paid out" in page
    assert 'value="12.34"' in page
    assert not Payment.objects.filter(direction="withdrawal").exists()
    confirmed(who)
    page = client.get("/withdraw").content.decode()
    assert "中国农业银行延平支行 ····0018" in page
    assert "Is this the wrong account?" in page
    assert "Ask for the payment" in page
    assert NUMBER not in page
    assert "0018" not in client_of(who.other_buyer).get("/withdraw").content.decode()


def test_the_desk_offers_the_accounts_that_a_withdrawal_can_have_been_paid_to(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    before = confirmed(who, "22222222")
    asked = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    client, confirm = client_of(who.treasurer), f"/admin/ledger/payment/{asked.pk}/confirm-withdrawal/"
    form = client.get(confirm).context["form"]
    assert (form.fields["bank_account"].choices[0][0], form.fields["bank_account"].initial) == (before.pk, before.pk)
    now = confirmed(who, "33333333")
    shown = client.get(confirm)
    assert [choice[0] for choice in shown.context["form"].fields["bank_account"].choices] == [now.pk, before.pk]
    assert shown.context["form"].fields["bank_account"].initial is None
    assert "33333333" in shown.content.decode()
    assert "after this was asked for" in shown.content.decode()
    unsaid = client.post(confirm, {"bank_reference": "OUT-1"})
    assert (unsaid.status_code, list(unsaid.context["form"].errors)) == (409, ["bank_account"])
    assert client.post(confirm, {"bank_reference": "OUT-1", "bank_account": "x"}).status_code == 422
    client.post(confirm, {"bank_reference": "OUT-1", "bank_account": before.pk})
    asked.refresh_from_db()
    assert asked.bank_account == before
    page = client_of(who.auditor).get(f"/admin/ledger/payment/{asked.pk}/change/").content.decode()
    assert "····2222" in page


def test_the_desk_enters_confirms_and_sees_where_a_withdrawal_goes(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    first, second = client_of(who.treasurer), client_of(who.second_treasurer)
    listed = reverse("admin:ledger_bankaccount_changelist")
    given = {"organisation": who.buyer.organisation_id, "bank": "农行<b>", "number": NUMBER}
    assert first.post(f"{listed}state/", given | {"number": "x"}).status_code == 422
    assert first.post(f"{listed}state/", given).status_code == 302
    stated = BankAccount.objects.get()
    confirm = f"{listed}{stated.pk}/confirm/"
    assert first.post(confirm).status_code == 403
    assert NUMBER in second.get(confirm).content.decode()
    assert NUMBER not in second.get(listed).content.decode()
    assert second.post(confirm).status_code == 302
    payment = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    page = second.get(reverse("admin:ledger_payment_confirm-withdrawal", args=[payment.pk])).content.decode()
    assert f"农行&lt;b&gt; {NUMBER}" in page
    auditor = client_of(who.auditor)
    assert auditor.get(f"{listed}{stated.pk}/change/").status_code == 200
    assert auditor.post(f"{listed}state/", given).status_code == 403
