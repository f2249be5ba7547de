import io

import pytest
import time_machine
from openpyxl import load_workbook

from ledger.credits.services import retire_credits
from ledger.journal.corrections import confirm_correction, request_correction
from ledger.journal.selectors import cash_account, holding_in, system_account
from ledger.models import Payment
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, pay_in


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100)


@pytest.fixture
def holding(who, batch):
    retire_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=30, beneficiary_name="甲", purpose="event")
    return holding_in(who.cooperative.organisation, batch.asset)


def lines_of(page):
    return [line for line, _serials, _more in page.context["rows"]]


def test_a_statement_says_what_happened_with_the_balance_after_it(client, who, batch, holding):
    client.force_login(who.cooperative.user)
    page = client.get(f"/holdings/{holding.pk}")
    lines = lines_of(page)
    assert [(line.received, line.given, line.balance) for line in lines] == [(None, 30, 70), (100, None, 100)]
    assert (page.context["opening"], page.context["closing"]) == (0, 70)
    first = batch.serials.lower
    assert page.context["rows"][0][1:] == ([f"{batch.asset.code}-{first:012d}-{first + 29:012d}"], 0)


def test_the_balance_goes_on_from_page_to_page(client, who, monkeypatch):
    monkeypatch.setattr("ledger.web.holdings.TRANSFERS_A_PAGE", 2)
    for _ in range(5):
        pay_in(who, who.buyer, 100)
    client.force_login(who.buyer.user)
    account = cash_account(who.buyer.organisation)
    pages = [lines_of(client.get(f"/holdings/{account.pk}?page={page}")) for page in (1, 2, 3)]
    assert [[line.balance for line in lines] for lines in pages] == [[500, 400], [300, 200], [100]]


def test_a_statement_is_its_organisations_and_the_auditors(client, who, holding):
    statuses = {}
    for name in ("cooperative", "auditor", "registrar", "buyer", "verifier"):
        client.force_login(getattr(who, name).user)
        statuses[name] = client.get(f"/holdings/{holding.pk}").status_code
    assert statuses == {"cooperative": 200, "auditor": 200, "registrar": 200, "buyer": 404, "verifier": 404}


def test_an_auditor_that_is_not_approved_reads_no_statement(client, who, holding):
    applied = MembershipFactory(organisation__kind="auditor", organisation__status="applied")
    client.force_login(applied.user)
    assert client.get(f"/holdings/{holding.pk}").status_code == 404


def test_an_auditor_reads_the_systems_accounts(client, who, batch, holding):
    client.force_login(who.auditor.user)
    retired = system_account(batch.asset, "retired")
    assert [line.balance for line in lines_of(client.get(f"/holdings/{retired.pk}"))] == [30]


def test_an_account_that_is_none_is_not_found(client, who):
    client.force_login(who.auditor.user)
    for account_id in (999_999, 10**30):
        assert client.get(f"/holdings/{account_id}").status_code == 404


def test_a_statement_asks_the_database_no_more_for_more_transfers(client, who, django_assert_num_queries):
    for _ in range(5):
        pay_in(who, who.buyer, 100)
    client.force_login(who.buyer.user)
    account = cash_account(who.buyer.organisation)
    client.get("/proof")
    with django_assert_num_queries(7):
        client.get(f"/holdings/{account.pk}")


@pytest.fixture
def year(who):
    """Return the buyer's account after a deposit on each of three days in 2025; the second one is reversed on the third."""
    for day, amount_fen in (("2025-03-01", 100), ("2025-03-02", 200), ("2025-03-03", 400)):
        with time_machine.travel(f"{day}T12:00:00+08:00", tick=False):
            pay_in(who, who.buyer, amount_fen)
    wrong = Payment.objects.get(amount_fen=200).transaction_id
    with time_machine.travel("2025-03-03T18:00:00+08:00", tick=False):
        correction = request_correction(actor=who.treasurer, transaction_id=wrong, reason="x")
        confirm_correction(actor=who.second_treasurer, correction_id=correction.pk)
    return cash_account(who.buyer.organisation)


def test_a_statement_of_a_period_has_its_opening_and_closing_balance(client, who, year):
    client.force_login(who.buyer.user)
    page = client.get(f"/holdings/{year.pk}?starts_on=2025-03-02&ends_on=2025-03-02")
    assert [(line.received, line.balance, line.is_reversed) for line in lines_of(page)] == [(200, 300, True)]
    assert (page.context["opening"], page.context["closing"]) == (100, 300)
    page = client.get(f"/holdings/{year.pk}?starts_on=2025-03-02")
    assert [(line.received, line.given, line.balance) for line in lines_of(page)] == [
        (None, 200, 500),
        (400, None, 700),
        (200, None, 300),
    ]
    assert (page.context["opening"], page.context["closing"]) == (100, 500)
    page = client.get(f"/holdings/{year.pk}?starts_on=2025-04-01", headers={"accept-language": "en"})
    assert (page.context["opening"], page.context["closing"], page.context["rows"]) == (500, 500, [])
    assert "Nothing happened on this account in these days." in page.content.decode()


def test_a_period_goes_on_from_page_to_page(client, who, year, monkeypatch):
    monkeypatch.setattr("ledger.web.holdings.TRANSFERS_A_PAGE", 1)
    client.force_login(who.buyer.user)
    address = f"/holdings/{year.pk}?starts_on=2025-03-01&ends_on=2025-03-02"
    assert [lines_of(client.get(f"{address}&page={page}"))[0].balance for page in (1, 2)] == [300, 100]


@pytest.mark.parametrize(
    ("at", "balance_fen"),
    [
        ("2025-02-28T12:00", 0),
        ("2025-03-01T11:59:59", 0),
        ("2025-03-01T12:00:00", 100),
        ("2025-03-03T13:00", 700),
        ("2025-03-03T18:00", 500),
        ("2025-03-03T10:00:00+00:00", 500),
    ],
)
def test_the_balance_at_an_instant_is_shown(client, who, year, at, balance_fen):
    client.force_login(who.buyer.user)
    page = client.get(f"/holdings/{year.pk}", {"at": at}, headers={"accept-language": "en"})
    assert (page.status_code, page.context["balance_then"]) == (200, balance_fen)
    assert "set-aside amounts are known as of now alone" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"starts_on": "2025-02-30"}, "starts_on"),
        ({"starts_on": "\x00"}, "starts_on"),
        ({"ends_on": "x" * 3_000}, "ends_on"),
        ({"starts_on": "2025-03-02", "ends_on": "2025-03-01"}, "ends_on"),
        ({"at": "2999-01-01T00:00"}, "at"),
        ({"at": "0001-01-01T00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-12:00"}, "at"),
        ({"at": "yesterday"}, "at"),
    ],
)
def test_a_day_or_an_instant_that_is_none_is_refused_beside_its_field(client, who, year, query, field):
    client.force_login(who.buyer.user)
    page = client.get(f"/holdings/{year.pk}", query)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert len(page.context["rows"]) == 4
    if field != "at":
        assert client.get(f"/holdings/{year.pk}/statement.csv", query).status_code == 422
        assert client.get(f"/holdings/{year.pk}/statement.pdf", query).status_code == 422


@pytest.mark.parametrize("query", [{"starts_on": "0001-01-01"}, {"ends_on": "9999-12-31"}])
def test_the_first_and_the_last_day_of_all_are_days(client, who, year, query):
    client.force_login(who.buyer.user)
    page = client.get(f"/holdings/{year.pk}", query)
    assert (len(page.context["rows"]), page.context["opening"], page.context["closing"]) == (4, 0, 500)


def test_a_statement_is_had_as_csv_and_as_pdf(client, who, year):
    client.force_login(who.buyer.user)
    address = f"/holdings/{year.pk}/statement"
    answer = client.get(f"{address}.csv?starts_on=2025-03-02&ends_on=2025-03-02")
    assert answer["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="tianhui-statement-{year.pk}-2025-03-02-2025-03-02.csv"' in answer["content-disposition"]
    assert len(b"".join(answer.streaming_content).decode().splitlines()) == 4
    answer = client.get(f"{address}.pdf")
    assert answer["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_files_of_a_statement_are_for_those_who_see_it(client, who, year):
    for ending in ("csv", "pdf"):
        statuses = {}
        for name in ("buyer", "auditor", "registrar", "other_buyer", "verifier"):
            client.force_login(getattr(who, name).user)
            statuses[name] = client.get(f"/holdings/{year.pk}/statement.{ending}").status_code
        assert statuses == {"buyer": 200, "auditor": 200, "registrar": 200, "other_buyer": 404, "verifier": 404}
        assert client.post(f"/holdings/{year.pk}/statement.{ending}").status_code == 405


def test_a_statement_that_is_too_long_for_a_file_says_so(client, who, year, monkeypatch):
    monkeypatch.setattr("ledger.web.holdings.MAX_CSV_LINES", 3)
    monkeypatch.setattr("ledger.web.holdings.MAX_PDF_LINES", 3)
    client.force_login(who.buyer.user)
    for ending in ("csv", "pdf"):
        answer = client.get(f"/holdings/{year.pk}/statement.{ending}", headers={"accept-language": "en"})
        assert answer.status_code == 422
        assert "at most 3 transfers. Choose a shorter period." in answer.content.decode()
        assert client.get(f"/holdings/{year.pk}/statement.{ending}?starts_on=2025-03-02").status_code == 200


def test_yuan_become_fen_exactly(client, who):
    pay_in(who, who.buyer, 100_000)
    client.force_login(who.buyer.user)
    assert client.post("/withdraw", {"amount_fen": "19.99"})["Location"] == "/withdraw"
    payment = Payment.objects.get(direction="withdrawal")
    assert (payment.amount_fen, payment.status) == (1_999, "requested")
    assert client.get("/withdraw").context["available_fen"] == 98_001


@pytest.mark.parametrize("amount", ["", "0", "-1", "0.001", "1000.01", "1e400", "NaN", "x", "9" * 40])
def test_a_bad_amount_is_refused_beside_its_field(client, who, amount):
    pay_in(who, who.buyer, 100_000)
    client.force_login(who.buyer.user)
    refused = client.post("/withdraw", {"amount_fen": amount})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["amount_fen"])
    assert not Payment.objects.filter(direction="withdrawal").exists()


def test_only_owners_of_those_who_trade_have_money_paid_out(client, who):
    trader = MembershipFactory(organisation=who.buyer.organisation, role="trader")
    pay_in(who, who.buyer, 100_000)
    client.force_login(trader.user)
    assert client.post("/withdraw", {"amount_fen": "1"}).status_code == 422
    for membership in (who.verifier, who.registrar, who.auditor):
        client.force_login(membership.user)
        assert client.get("/withdraw").status_code == 404
    assert not Payment.objects.filter(direction="withdrawal").exists()


def test_one_sees_ones_own_payments_alone(client, who):
    pay_in(who, who.buyer, 100)
    pay_in(who, who.other_buyer, 200)
    client.force_login(who.buyer.user)
    assert [payment.amount_fen for payment in client.get("/payments").context["page"]] == [100]
    # Of what was paid out, beside the form; nothing was.
    assert list(client.get("/withdraw").context["page"]) == []


def test_a_statement_is_a_workbook_with_numbers(client, who):
    pay_in(who, who.buyer, 123_456)
    account = cash_account(who.buyer.organisation)
    client.force_login(who.buyer.user)
    answer = client.get(f"/holdings/{account.pk}/statement.xlsx")
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[7] for row in rows] == ["balance", 0, 1_234.56, 1_234.56]
    assert rows[2][5] == 1_234.56
    client.force_login(who.other_buyer.user)
    assert client.get(f"/holdings/{account.pk}/statement.xlsx").status_code == 404
    assert client.get(f"/holdings/{account.pk}/statement.xlsx?starts_on=never").status_code in (404, 422)
