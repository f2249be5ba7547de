import pytest
from django.test import Client
from django.urls import reverse

from ledger.journal.payments import request_deposit, request_withdrawal
from ledger.journal.selectors import cash_account
from ledger.models import Membership, Payment
from tests.desk import client_of
from tests.factories import OrganisationFactory
from tests.scenes import People, pay_in

ENTER = "/admin/ledger/payment/enter-deposit/"


def step(name: str, payment: Payment) -> str:
    return reverse(f"admin:ledger_payment_{name}", args=[payment.pk])


def balance_of(member: Membership) -> int:
    account = cash_account(member.organisation)
    return 0 if account is None else account.balance


@pytest.fixture
def deposit(who: People) -> Payment:
    return request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=1_050, bank_reference="ICBC-1"
    )


@pytest.mark.parametrize(
    ("written", "amount_fen"),
    [
        ("12.34", 1_234),
        ("0.01", 1),
        ("1,234,567.8", 123_456_780),
        (" 70000 ", 7_000_000),
        ("90071992547409.91", 9_007_199_254_740_991),
    ],
)
def test_treasurer_enters_a_deposit_to_the_fen(written: str, amount_fen: int, who: People) -> None:
    organisation = who.buyer.organisation
    values = {"organisation": organisation.pk, "amount_fen": written, "bank_reference": "ICBC-1"}
    client_of(who.treasurer).post(ENTER, values)
    payment = Payment.objects.get()
    assert (payment.organisation, payment.amount_fen, payment.status) == (organisation, amount_fen, "requested")
    assert balance_of(who.buyer) == 0


@pytest.mark.parametrize(
    "written",
    ["", "0", "-1", "1.005", "1e3", "12.3.4", "1,5", "NaN", "Infinity", "90071992547409.92", "9" * 40, "１２", "x"],
)
def test_an_amount_that_is_none_is_refused_beside_the_field(written: str, who: People) -> None:
    values = {"organisation": who.buyer.organisation.pk, "amount_fen": written, "bank_reference": "ICBC-1"}
    answer = client_of(who.treasurer).post(ENTER, values)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["amount_fen"]
    assert not Payment.objects.exists()


def test_a_bank_reference_is_entered_once(who: People, deposit: Payment) -> None:
    values = {"organisation": who.buyer.organisation.pk, "amount_fen": "1", "bank_reference": deposit.bank_reference}
    answer = client_of(who.treasurer).post(ENTER, values)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["bank_reference"]
    assert Payment.objects.count() == 1


def test_money_is_not_entered_for_an_organisation_that_may_not_trade(who: People) -> None:
    for organisation in (OrganisationFactory(status="applied"), who.verifier.organisation):
        values = {"organisation": organisation.pk, "amount_fen": "1", "bank_reference": "ICBC-1"}
        assert list(client_of(who.treasurer).post(ENTER, values).context["form"].errors) == ["organisation"]


def test_who_comes_back_to_a_step_that_was_taken_is_told_so(who: People, deposit: Payment) -> None:
    client = client_of(who.second_treasurer)
    assert "Confirm the deposit" in client.get(step("confirm-deposit", deposit)).content.decode()
    client.post(step("confirm-deposit", deposit))
    said = client.get(step("confirm-deposit", deposit)).content.decode()
    assert "There is nothing to decide here now" in said
    assert "data-once" not in said
    # Who has pressed twice is told why, and nothing is done twice.
    assert client.post(step("confirm-deposit", deposit)).status_code == 409
    assert balance_of(who.buyer) == 1_050


def test_a_second_treasurer_confirms_a_deposit(who: People, deposit: Payment) -> None:
    client_of(who.second_treasurer).post(step("confirm-deposit", deposit))
    deposit.refresh_from_db()
    assert (deposit.status, deposit.decided_by) == (Payment.Status.POSTED, who.second_treasurer.user)
    assert balance_of(who.buyer) == 1_050


@pytest.mark.parametrize("name", ["confirm-deposit", "refuse"])
def test_who_entered_a_deposit_neither_confirms_nor_refuses_it(name: str, who: People, deposit: Payment) -> None:
    client = client_of(who.treasurer)
    page = client.get(reverse("admin:ledger_payment_change", args=[deposit.pk]))
    assert (page.context["offered"], page.context["needs_another"]) == ([], True)
    assert client.get(step(name, deposit)).status_code == 403
    assert client.post(step(name, deposit)).status_code == 403
    deposit.refresh_from_db()
    assert deposit.status == Payment.Status.REQUESTED


@pytest.mark.parametrize("kind", ["registrar", "auditor", "buyer"])
@pytest.mark.parametrize("name", ["confirm-deposit", "confirm-withdrawal", "refuse"])
def test_nobody_else_decides_on_a_payment(kind: str, name: str, who: People, deposit: Payment) -> None:
    client = client_of(getattr(who, kind))
    assert client.post(step(name, deposit), {"bank_reference": "x"}).status_code == 403
    assert client.post(ENTER, {"amount_fen": "1"}).status_code == 403
    deposit.refresh_from_db()
    assert deposit.status == Payment.Status.REQUESTED


def test_a_deposit_is_confirmed_once(who: People, deposit: Payment) -> None:
    client = client_of(who.second_treasurer)
    client.post(step("confirm-deposit", deposit))
    assert client.post(step("confirm-deposit", deposit)).status_code == 409
    assert balance_of(who.buyer) == 1_050


def test_a_withdrawal_is_confirmed_with_the_banks_reference(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    withdrawal = request_withdrawal(actor=who.buyer, amount_fen=4_000)
    client = client_of(who.treasurer)
    without = client.post(step("confirm-withdrawal", withdrawal), {"bank_reference": ""})
    assert (without.status_code, list(without.context["form"].errors)) == (422, ["bank_reference"])
    # The other step of confirming asks for no reference: the service does.
    assert client.post(step("confirm-deposit", withdrawal)).status_code == 422
    assert balance_of(who.buyer) == 10_000
    client.post(step("confirm-withdrawal", withdrawal), {"bank_reference": "ICBC-OUT-1"})
    assert balance_of(who.buyer) == 6_000


def test_refusing_a_withdrawal_releases_what_it_held(who: People) -> None:
    pay_in(who, who.buyer, 10_000)
    withdrawal = request_withdrawal(actor=who.buyer, amount_fen=4_000)
    client_of(who.treasurer).post(step("refuse", withdrawal))
    account = cash_account(who.buyer.organisation)
    assert account is not None
    assert (account.balance, account.held) == (10_000, 0)


def test_writing_needs_the_token_of_the_page(who: People, deposit: Payment) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(who.second_treasurer.user)
    assert client.post(step("confirm-deposit", deposit)).status_code == 403
    deposit.refresh_from_db()
    assert deposit.status == Payment.Status.REQUESTED
