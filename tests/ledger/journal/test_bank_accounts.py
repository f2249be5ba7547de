"""Where an organisation's money is paid out to: two treasurers say so, and nobody reads the number but who needs it."""

import hashlib

import orjson
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from ledger.errors import InvalidValue, NotAllowed, SamePerson, WrongState
from ledger.journal.bank.accounts import (
    bank_account_of,
    confirm_bank_account,
    refuse_bank_account,
    state_bank_account,
)
from ledger.journal.payments import request_withdrawal
from ledger.models import BankAccount, Record
from ledger.notices.telling import tell_what_is_recorded
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.racing import race
from tests.scenes import People, pay_in

NUMBER = "6228480402564890018"


def state(who: People, number: str = NUMBER, bank: str = "中国农业银行延平支行") -> BankAccount:
    return state_bank_account(actor=who.treasurer, organisation=who.buyer.organisation, bank=bank, number=number)


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
    public_id = str(who.buyer.organisation.public_id)
    for record in records:
        entry = bytes(record.entry)
        assert NUMBER.encode() not in entry
        assert (
            orjson.loads(entry)["body"]["number_sha256"] == hashlib.sha256(f"{public_id}:{NUMBER}".encode()).hexdigest()
        )


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
    from tests.scenes import people

    who = people()
    stated = state(who)
    outcomes = race(
        lambda: confirm_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk),
        lambda: refuse_bank_account(actor=who.second_treasurer, bank_account_id=stated.pk),
    )
    assert sum(isinstance(each, WrongState) for each in outcomes) == 1


def test_the_page_shows_it_masked_and_says_what_to_do(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    client = client_of(who.buyer)
    page = client.get("/withdraw").content.decode()
    assert "No bank account is on record" in page
    confirm_bank_account(actor=who.second_treasurer, bank_account_id=state(who).pk)
    page = client.get("/withdraw").content.decode()
    assert "中国农业银行延平支行 ····0018" in page
    assert "Is this the wrong account?" in page
    assert NUMBER not in page
    assert "0018" not in client_of(who.other_buyer).get("/withdraw").content.decode()


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
