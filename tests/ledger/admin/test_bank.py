import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ledger.journal.bank.content import MAX_BYTES
from ledger.journal.bank.services import enter_deposit, ignore_entry, import_statement
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.models import BankEntry, BankStatement, Organisation, Payment
from tests.desk import client_of
from tests.scenes import People, pay_in
from tests.statements import ACCOUNT, balance, camt, entry, period, sample

IMPORT = "/admin/ledger/bankstatement/import/"


def page_of(statement: BankStatement) -> str:
    return reverse("admin:ledger_bankstatement_change", args=[statement.pk])


def accept_all(statement: BankStatement) -> str:
    return reverse("admin:ledger_bankstatement_accept-unambiguous", args=[statement.pk])


def step(name: str, bank_entry: BankEntry) -> str:
    return reverse(f"admin:ledger_bankentry_{name}", args=[bank_entry.pk])


def upload(who: People, content: bytes, account: str = "", name: str = "statement.xml") -> Any:
    values = {"file": SimpleUploadedFile(name, content), "account": account}
    return client_of(who.treasurer).post(IMPORT, values)


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return {field: list(said) for field, said in answer.context["form"].errors.items()}


@pytest.fixture
def statement(who: People) -> BankStatement:
    """Return a statement with a deposit of the buyer, its withdrawal, one that may be of two, and interest."""
    pay_in(who, who.buyer, 1_000)
    request_withdrawal(actor=who.buyer, amount_fen=300)
    name, other = who.buyer.organisation.name, who.other_buyer.organisation.name
    entries = (
        entry("IN1", "5.00", name=name),
        entry("OUT1", "3.00", "DBIT", name=name),
        entry("IN2", "7.00", name="某人", text=f"{name} / {other}"),
        entry("INT", "0.42", text="&lt;b&gt;结息&lt;/b&gt;"),
    )
    return import_statement(actor=who.treasurer, content=camt(*entries))


def test_a_treasurer_imports_a_statement_and_sees_what_each_entry_may_be(who: People) -> None:
    answer = upload(who, sample("june-daily.camt.053.001.02.xml"))
    statement = BankStatement.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(statement))
    page = client_of(who.treasurer).get(page_of(statement))
    assert [line.entry.bank_reference for line in page.context["lines"]] == [
        "CCB2026061200004711",
        "CCB2026061200005120",
        "CCB2026061200005121",
    ]


def test_a_csv_that_does_not_say_its_account_is_imported_with_one(who: People) -> None:
    content = sample("june-english.csv")
    assert errors(upload(who, content)) == {"account": ["The file does not say of which account it is: write it here."]}
    upload(who, content, account=" 3505 0161 8801 ")
    assert BankStatement.objects.get().account == "350501618801"


def test_one_file_twice_is_refused_beside_the_field_with_the_number_of_the_first(who: People) -> None:
    content = sample("june-ccb.gbk.csv")
    upload(who, content)
    (said,) = errors(upload(who, content))["file"]
    assert f"it is statement {BankStatement.objects.get().pk}, {ACCOUNT}" in said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"hello",
        b"<a>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b"<a>" * 100_000,
        camt(entry("R1", "9" * 100_000)),
        camt(entry("R1", "1e99999999")),
        camt(entry("R1", "5", day="2026-99-99")),
        camt(entry("R1", "5", name="x" * 100_000)),
        camt(entry("R1", "5"), balances=balance("OPBD", "1") + balance("CLBD", "1")),
        "日期,金额,流水号\n2026-06-01,x,1".encode("gbk"),
        "日期,金额,流水号\n2026-06-01,1\ud800,1".encode("utf-8", "surrogatepass"),
    ],
    ids=lambda content: repr(content[:24]),
)
def test_a_file_that_cannot_be_read_is_refused_beside_the_field(who: People, content: bytes) -> None:
    assert list(errors(upload(who, content, account=ACCOUNT))) == ["file"]
    assert not BankStatement.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(who: People) -> None:
    begun = time.process_time()
    assert errors(upload(who, b"<" * (MAX_BYTES + 1))) == {"file": ["The file is larger than 5 MB: split it by days."]}
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("account", ["x" * 65, "a\x00b"])
def test_an_account_that_is_none_is_refused_beside_its_field(who: People, account: str) -> None:
    assert list(errors(upload(who, sample("june-english.csv"), account=account))) == ["account"]


def test_a_proposal_leads_to_a_page_that_is_filled_in_and_then_to_a_deposit(
    who: People, statement: BankStatement
) -> None:
    client = client_of(who.treasurer)
    line = client.get(page_of(statement)).context["lines"][0]
    (offer,) = line.offers
    asked = client.get(offer.url)
    assert asked.context["form"]["organisation"].value() == str(who.buyer.organisation.pk)
    assert f'<option value="{who.buyer.organisation.pk}" selected>' in asked.content.decode()
    answer = client.post(step("enter-deposit", line.entry), {"organisation": who.buyer.organisation.pk})
    assert (answer.status_code, answer["Location"]) == (302, page_of(statement))
    payment = Payment.objects.get(bank_reference="IN1")
    assert (payment.amount_fen, payment.status, payment.requested_by) == (500, "requested", who.treasurer.user)
    line.entry.refresh_from_db()
    assert (line.entry.status, line.entry.payment) == ("matched", payment)


def test_a_withdrawal_is_confirmed_from_its_entry(who: People, statement: BankStatement) -> None:
    client = client_of(who.second_treasurer)
    bank_entry = statement.entries.get(bank_reference="OUT1")
    withdrawal = Payment.objects.get(direction="withdrawal")
    client.post(step("confirm-withdrawal", bank_entry), {"payment_id": withdrawal.pk})
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.bank_reference) == ("posted", "OUT1")


def test_what_cannot_be_matched_is_refused_beside_the_field(who: People, statement: BankStatement) -> None:
    client = client_of(who.treasurer)
    bank_entry = statement.entries.get(bank_reference="OUT1")
    for written in ("", "x", "0", "-1", "999999999", "9" * 30):
        answer = client.post(step("confirm-withdrawal", bank_entry), {"payment_id": written})
        assert list(errors(answer)) == ["payment_id"], written
    answer = client.post(step("ignore", bank_entry), {"reason": " "})
    assert list(errors(answer)) == ["reason"]
    answer = client.post(step("enter-deposit", bank_entry), {"organisation": who.buyer.organisation.pk})
    assert "This entry was paid out" in answer.content.decode()
    answer = client.post(step("enter-deposit", bank_entry), {"organisation": who.verifier.organisation.pk})
    assert list(errors(answer)) == ["organisation"]
    bank_entry.refresh_from_db()
    assert bank_entry.status == "open"


def test_a_second_treasurer_who_comes_too_late_is_told_so(who: People, statement: BankStatement) -> None:
    bank_entry = statement.entries.get(bank_reference="IN1")
    enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.buyer.organisation)
    client = client_of(who.second_treasurer)
    answer = client.post(step("enter-deposit", bank_entry), {"organisation": who.other_buyer.organisation.pk})
    assert (answer.status_code, Payment.objects.filter(direction="deposit", status="requested").count()) == (409, 1)
    assert "This is matched now" in answer.content.decode()


def test_an_entry_is_set_aside_and_taken_up_again(who: People, statement: BankStatement) -> None:
    client = client_of(who.treasurer)
    bank_entry = statement.entries.get(bank_reference="INT")
    client.post(step("ignore", bank_entry), {"reason": "interest"})
    bank_entry.refresh_from_db()
    assert (bank_entry.status, bank_entry.reason) == ("ignored", "interest")
    line = client.get(page_of(statement)).context["lines"][-1]
    assert (line.entry, [url for _label, url in line.steps]) == (bank_entry, [step("reopen", bank_entry)])
    client.post(step("reopen", bank_entry))
    bank_entry.refresh_from_db()
    assert bank_entry.status == "open"


def test_all_that_leaves_no_doubt_is_accepted_in_one_go_with_a_result_for_each(
    who: People, statement: BankStatement
) -> None:
    request_deposit(actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=1, bank_reference="IN1")
    client = client_of(who.treasurer)
    asked = client.get(accept_all(statement))
    assert ("Proposals that leave no doubt", "2") in [(str(label), value) for label, value in asked.context["facts"]]
    answer = client.post(accept_all(statement))
    assert answer.status_code == 200
    assert [(each.entry.bank_reference, each.refusal) for each in answer.context["outcomes"]] == [
        ("IN1", "This bank reference has been entered already."),
        ("OUT1", ""),
    ]
    assert "This bank reference has been entered already." in answer.content.decode()
    again = client.post(accept_all(statement))
    assert [each.entry.bank_reference for each in again.context["outcomes"]] == ["IN1"]


def test_the_page_says_what_is_left_over(who: People, statement: BankStatement) -> None:
    covering = camt(entry("LATE", "9.00"), period=period("2026-01-01", "2099-12-31"))
    wide = import_statement(actor=who.treasurer, content=covering)
    payments, entries = client_of(who.auditor).get(page_of(wide)).context["tables"]
    assert payments.title == "Payments of these days that the bank does not show: 1"
    assert [row[-1] for row in payments.rows] == ["10.00"]
    assert entries.title == "Entries of these days without a payment: 5"
    assert [row[-1] for row in entries.rows] == ["5.00", "−3.00", "7.00", "0.42", "9.00"]


def test_a_refused_deposit_makes_its_entry_open_again(who: People, statement: BankStatement) -> None:
    bank_entry = statement.entries.get(bank_reference="IN1")
    entered = enter_deposit(actor=who.treasurer, entry_id=bank_entry.pk, organisation=who.other_buyer.organisation)
    assert entered.payment is not None
    refuse_payment(actor=who.second_treasurer, payment_id=entered.payment.pk)
    client = client_of(who.treasurer)
    line = client.get(page_of(statement)).context["lines"][0]
    assert (line.entry, line.state) == (bank_entry, "to be matched again: its payment was refused")
    client.post(step("enter-deposit", bank_entry), {"organisation": who.buyer.organisation.pk})
    bank_entry.refresh_from_db()
    assert bank_entry.payment is not None
    confirm_payment(actor=who.second_treasurer, payment_id=bank_entry.payment.pk)


def test_a_suspended_organisation_is_shown_but_nothing_is_entered_for_it(who: People, statement: BankStatement) -> None:
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(status=Organisation.Status.SUSPENDED)
    page = client_of(who.treasurer).get(page_of(statement))
    assert [[offer.url != "" for offer in line.offers] for line in page.context["lines"]] == [
        [False],
        [True],
        [False, True],
        [],
    ]


def test_an_auditor_sees_everything_and_is_offered_no_step(who: People, statement: BankStatement) -> None:
    client = client_of(who.auditor)
    page = client.get(page_of(statement))
    assert page.context["offered"] == []
    assert [len(line.offers) for line in page.context["lines"]] == [1, 1, 2, 0]
    assert [line.steps for line in page.context["lines"]] == [[], [], [], []]
    assert {offer.url for line in page.context["lines"] for offer in line.offers} == {""}


@pytest.mark.parametrize("kind", ["auditor", "registrar", "buyer"])
def test_nobody_but_treasurers_takes_a_step(kind: str, who: People, statement: BankStatement) -> None:
    client = client_of(getattr(who, kind))
    bank_entry = statement.entries.get(bank_reference="IN1")
    names = ("enter-deposit", "confirm-withdrawal", "link-payment", "ignore", "reopen")
    values = {"organisation": who.buyer.organisation.pk, "payment_id": 1, "reason": "x"}
    for address in (IMPORT, accept_all(statement), *(step(name, bank_entry) for name in names)):
        assert client.get(address).status_code == 403, address
        assert client.post(address, values).status_code == 403, address
    bank_entry.refresh_from_db()
    assert bank_entry.status == "open"


def test_what_a_payer_writes_is_shown_as_text(who: People, statement: BankStatement) -> None:
    text = client_of(who.treasurer).get(page_of(statement)).content.decode()
    assert "&lt;b&gt;结息&lt;/b&gt;" in text
    assert "<b>结息" not in text


@pytest.mark.parametrize("count", [2, 40])
def test_a_page_reads_as_often_however_many_entries_there_are(
    who: People, count: int, django_assert_num_queries: Any
) -> None:
    pay_in(who, who.buyer, 100_000)
    for _time in range(count):
        request_withdrawal(actor=who.buyer, amount_fen=300)
    name = who.buyer.organisation.name
    entries = [entry(f"IN{number}", "5", name=name) for number in range(count)]
    entries += [entry(f"OUT{number}", "3", "DBIT", name=name) for number in range(count)]
    statement = import_statement(actor=who.treasurer, content=camt(*entries))
    first, second = statement.entries.order_by("id")[:2]
    enter_deposit(actor=who.treasurer, entry_id=first.pk, organisation=who.buyer.organisation)
    ignore_entry(actor=who.treasurer, entry_id=second.pk, reason="x")
    client = client_of(who.treasurer)
    with django_assert_num_queries(19):
        page = client.get(page_of(statement))
    assert len(page.context["lines"]) == min(2 * count, 50)


def test_a_long_statement_is_read_page_by_page_what_waits_first(who: People) -> None:
    content = camt(*[entry(f"R{number}", "5") for number in range(60)])
    statement = import_statement(actor=who.treasurer, content=content)
    first = statement.entries.order_by("id")[0]
    ignore_entry(actor=who.treasurer, entry_id=first.pk, reason="x")
    client = client_of(who.auditor)
    assert client.get(page_of(statement)).context["lines"][0].entry.bank_reference == "R1"
    for asked in ("2", "99", "x"):
        lines = client.get(f"{page_of(statement)}?page={asked}").context["lines"]
        assert len(lines) == (50 if asked == "x" else 10)
    assert client.get(f"{page_of(statement)}?page=2").context["lines"][-1].entry == first
