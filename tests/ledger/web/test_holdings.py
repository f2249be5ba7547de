import pytest

from ledger.credits.services import retire_credits
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


def test_a_statement_says_what_happened_with_the_balance_after_it(client, who, batch, holding):
    client.force_login(who.cooperative.user)
    entries = client.get(f"/holdings/{holding.pk}").context["entries"]
    assert [(entry.received, entry.given, entry.balance) for entry in entries] == [(None, 30, 70), (100, None, 100)]
    first = batch.serials.lower
    assert entries[0].serials == [f"{batch.asset.code}-{first:012d}-{first + 29:012d}"]


def test_the_balance_goes_on_from_page_to_page(client, who, monkeypatch):
    monkeypatch.setattr("ledger.web.holdings.TRANSFERS_A_PAGE", 2)
    for _ in range(5):
        pay_in(who, who.buyer, 100)
    client.force_login(who.buyer.user)
    account = cash_account(who.buyer.organisation)
    pages = [client.get(f"/holdings/{account.pk}?page={page}").context["entries"] for page in (1, 2, 3)]
    assert [[entry.balance for entry in entries] for entries in pages] == [[500, 400], [300, 200], [100]]


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
    assert [entry.balance for entry in client.get(f"/holdings/{retired.pk}").context["entries"]] == [30]


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
    assert [payment.amount_fen for payment in client.get("/withdraw").context["page"]] == [100]
