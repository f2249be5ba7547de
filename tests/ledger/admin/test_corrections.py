import pytest
from django.urls import reverse

from ledger.journal.corrections import request_correction
from ledger.journal.payments import request_withdrawal
from ledger.journal.selectors import cash_account
from ledger.models import Correction, Payment, Transaction
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, pay_in


def at(page: str, row: Transaction | Correction) -> str:
    return reverse(f"admin:ledger_{row._meta.model_name}_{page}", args=[row.pk])


def balance_of(who: People) -> int:
    account = cash_account(who.buyer.organisation)
    assert account is not None
    return account.balance


@pytest.fixture
def wrong(who: People) -> Transaction:
    pay_in(who, who.buyer, 123_456)
    return Transaction.objects.get()


@pytest.fixture
def correction(who: People, wrong: Transaction) -> Correction:
    return request_correction(actor=who.treasurer, transaction_id=wrong.pk, reason="入错账户")


def test_a_treasurer_asks_on_the_transactions_page_and_another_confirms(who: People, wrong: Transaction) -> None:
    client = client_of(who.treasurer)
    page = client.get(at("change", wrong))
    assert [url for _label, url, _grave in page.context["offered"]] == [at("request-correction", wrong)]
    question = client.get(at("request-correction", wrong)).content.decode()
    assert "¥1,234.56" in question
    answer = client.post(at("request-correction", wrong), {"reason": "Paid in for another."})
    made = Correction.objects.get()
    assert answer["Location"] == at("change", made)
    assert client.get(at("change", wrong)).context["offered"] == []
    assert client.get(at("change", made)).context["needs_another"]
    second = client_of(who.second_treasurer)
    assert "Paid in for another." in second.get(at("confirm", made)).content.decode()
    second.post(at("confirm", made))
    made.refresh_from_db()
    assert (made.status, made.decided_by, balance_of(who)) == ("confirmed", who.second_treasurer.user, 0)
    text = second.get(at("change", wrong)).content.decode()
    assert at("change", made.reversal) in text
    assert at("change", made) in text
    assert "reversed" in second.get(reverse("admin:ledger_payment_changelist")).content.decode()


def test_a_correction_is_refused(who: People, correction: Correction) -> None:
    client_of(who.second_treasurer).post(at("refuse", correction))
    correction.refresh_from_db()
    assert (correction.status, balance_of(who)) == ("refused", 123_456)


def test_a_correction_without_a_reason_is_not_entered(who: People, wrong: Transaction) -> None:
    answer = client_of(who.treasurer).post(at("request-correction", wrong), {"reason": " "})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])
    assert not Correction.objects.exists()


def test_what_is_final_is_not_offered_and_refused_with_what_to_do_instead(who: People) -> None:
    issuance = issue_to_cooperative(who, 10).transaction
    client = client_of(who.treasurer)
    assert client.get(at("change", issuance)).context["offered"] == []
    answer = client.post(at("request-correction", issuance), {"reason": "x"})
    assert answer.status_code == 409
    assert "Have their holders cancel as many instead." in answer.content.decode()


def test_money_that_is_spent_is_not_taken_back(who: People, correction: Correction) -> None:
    request_withdrawal(actor=who.buyer, amount_fen=1)
    answer = client_of(who.second_treasurer).post(at("confirm", correction))
    assert answer.status_code == 409
    assert "Available is 123455, needed is 123456." in answer.content.decode()
    assert Payment.objects.get(direction="deposit").status == "posted"


@pytest.mark.parametrize("kind", ["registrar", "auditor", "buyer", "cooperative", "verifier"])
def test_nobody_else_asks_or_decides(kind: str, who: People, correction: Correction) -> None:
    client = client_of(getattr(who, kind))
    for page, row in (
        ("request-correction", correction.transaction),
        ("confirm", correction),
        ("refuse", correction),
    ):
        assert client.get(at(page, row)).status_code == 403
        assert client.post(at(page, row), {"reason": "x"}).status_code == 403
    correction.refresh_from_db()
    assert (correction.status, Correction.objects.count()) == ("requested", 1)


def test_who_asked_does_not_decide(who: People, correction: Correction) -> None:
    client = client_of(who.treasurer)
    for page in ("confirm", "refuse"):
        assert client.post(at(page, correction)).status_code == 403
    correction.refresh_from_db()
    assert correction.status == "requested"


def test_an_auditor_reads_corrections(who: People, correction: Correction) -> None:
    client = client_of(who.auditor)
    assert "入错账户" in client.get(reverse("admin:ledger_correction_changelist")).content.decode()
    page = client.get(at("change", correction))
    assert (page.context["offered"], page.context["needs_another"]) == ([], False)


def test_a_correction_waits_at_the_desk_for_another_treasurer(who: People, correction: Correction) -> None:
    waiting = {
        name: client_of(getattr(who, name)).get("/admin/").context["queues"][9]
        for name in ("treasurer", "second_treasurer", "auditor")
    }
    assert {name: queue.count for name, queue in waiting.items()} == {
        "treasurer": 0,
        "second_treasurer": 1,
        "auditor": 1,
    }
    assert waiting["second_treasurer"].is_readers
    assert waiting["second_treasurer"].oldest[0].url == at("change", correction)
