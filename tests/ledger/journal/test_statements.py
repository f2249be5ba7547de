"""Balances of the past, statements of periods, and their files."""

import csv
import datetime as dt
from collections import Counter

import pytest
import time_machine
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import StatementTooLong
from ledger.journal import statement_csv as sheets
from ledger.journal.payments import cash
from ledger.journal.posting import Leg, Posting, post_transactions
from ledger.journal.selectors import balances_at, cash_account, holding_in, system_account
from ledger.journal.services import open_account, place_hold
from ledger.journal.statement_csv import statement_csv
from ledger.journal.statement_pdf import statement_pdf
from ledger.journal.statements import Period, read_statement
from ledger.models import Account, LogLeaf, Transfer
from ledger.transparency.sequencer import sequence_log
from tests.factories import OrganisationFactory
from tests.pdf import embedded_fonts, pages_of
from tests.scenes import issue_to_cooperative, pay_in

START = dt.datetime(2025, 3, 1, 4, tzinfo=dt.UTC)  # noon in Beijing
HOUR = dt.timedelta(hours=1)
MOMENT = dt.timedelta(microseconds=1)


def transfer(giver, receiver, amount, at):
    post_transactions([Posting("transfer", [Leg(giver.pk, receiver.pk, amount)], "system", at)])


@pytest.fixture
def accounts(who):
    """Return bank and two holdings: 1,000 fen paid in at noon, 300 passed on each of the two hours after it."""
    with time_machine.travel(START, tick=False):
        pay_in(who, who.buyer, 1_000)
    bank = system_account(cash(), "bank")
    one = cash_account(who.buyer.organisation)
    two = open_account(organisation=who.other_buyer.organisation, asset=cash())
    transfer(one, two, 300, START + HOUR)
    transfer(one, two, 300, START + 2 * HOUR)
    return bank, one, two


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (-MOMENT, (0, 0, 0)),
        (dt.timedelta(), (-1_000, 1_000, 0)),
        (HOUR - MOMENT, (-1_000, 1_000, 0)),
        (HOUR, (-1_000, 700, 300)),
        (2 * HOUR, (-1_000, 400, 600)),
        (dt.timedelta(days=100), (-1_000, 400, 600)),
    ],
)
def test_a_balance_is_of_what_had_occurred_by_then(accounts, after, expected, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = balances_at(accounts, START + after)
    assert tuple(found[account.pk] for account in accounts) == expected


def test_what_is_posted_late_counts_from_when_it_occurred(accounts):
    _, one, two = accounts
    transfer(one, two, 50, START + HOUR / 2)
    assert balances_at([one], START + HOUR / 2) == {one.pk: 950}
    assert balances_at([one], START + HOUR) == {one.pk: 650}


def test_an_account_without_transfers_had_nothing(who):
    empty = open_account(organisation=OrganisationFactory(), asset=cash())
    assert balances_at([empty], START) == {empty.pk: 0}
    assert balances_at([], START) == {}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    moves=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 50), st.integers(0, 9)), max_size=10),
    asked=st.integers(-1, 10),
)
def test_the_past_is_the_sum_of_the_transfers_until_then(accounts, moves, asked):
    accounts[0].refresh_from_db()
    for giver, receiver, amount, hour in moves:
        if giver != receiver and (giver == 0 or balances_at(accounts, timezone.now())[accounts[giver].pk] >= amount):
            transfer(accounts[giver], accounts[receiver], amount, START + hour * HOUR)
    at = START + asked * HOUR
    found = balances_at(accounts, at)
    expected = {account.pk: 0 for account in accounts}
    for row in Transfer.objects.filter(transaction__occurred_at__lte=at):
        expected[row.debit_account_id] -= row.amount
        expected[row.credit_account_id] += row.amount
    assert found == expected
    now = Account.objects.in_bulk([account.pk for account in accounts])
    assert balances_at(accounts, timezone.now()) == {pk: account.balance for pk, account in now.items()}


# Statements


def whole(account, period=None, most=100):
    account = Account.objects.select_related("asset", "organisation").get(pk=account.pk)
    return read_statement(account, period or Period(), most=most)


def test_a_day_is_one_of_beijing(accounts):
    _, one, two = accounts
    transfer(one, two, 1, dt.datetime(2025, 3, 1, 16, tzinfo=dt.UTC))
    transfer(one, two, 2, dt.datetime(2025, 3, 1, 15, 59, 59, 999_999, tzinfo=dt.UTC))
    first, second = (whole(one, Period(day, day)) for day in (dt.date(2025, 3, 1), dt.date(2025, 3, 2)))
    assert [line.given for line in first.lines] == [None, 300, 300, 2]
    assert (first.opening, first.closing) == (0, 398)
    assert [(line.given, line.balance) for line in second.lines] == [(1, 397)]
    assert (second.opening, second.closing) == (398, 397)


def test_a_statement_is_read_in_as_many_queries_however_long_it_is(accounts, django_assert_num_queries):
    _, one, two = accounts
    for at in range(5):
        transfer(one, two, 1, START + (3 + at) * HOUR)
    period = Period(dt.date(2025, 3, 1), dt.date(2025, 3, 1))
    account = Account.objects.select_related("asset", "organisation").get(pk=one.pk)
    with django_assert_num_queries(2):
        assert len(read_statement(account, period, most=100).lines) == 8


def test_a_statement_that_is_too_long_is_refused(accounts):
    assert len(whole(accounts[1], most=3).lines) == 3
    with pytest.raises(StatementTooLong) as refusal:
        whole(accounts[1], most=2)
    assert refusal.value.params == {"most": 2}


def test_a_transfer_that_is_in_the_log_says_where(accounts):
    assert [line.log_index for line in whole(accounts[1]).lines] == [None] * 3
    sequence_log()
    lines = whole(accounts[1]).lines
    places = dict(LogLeaf.objects.filter(record__kind="transaction_posted").values_list("record_id", "index"))
    records = Transfer.objects.order_by("id").values_list("transaction__record_id", flat=True)
    assert [line.log_index for line in lines] == [places[record] for record in records]


# CSV


def rows_of(account, period=None):
    text = "".join(statement_csv(whole(account, period)))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))


def test_the_csv_has_every_transfer_between_its_opening_and_closing_balance(accounts):
    sequence_log()
    day = dt.date(2025, 3, 1)
    with translation.override("en"):
        first, paid_in, given, _, last = rows_of(accounts[1], Period(day, day))
    assert (first["what"], first["balance"], first["occurred_at"]) == ("Opening balance", "0.00", "2025-03-01")
    assert (last["what"], last["balance"], last["occurred_at"]) == ("Closing balance", "4.00", "2025-03-01")
    assert paid_in["occurred_at"] == "2025-03-01T12:00:00+08:00"
    assert (paid_in["received"], paid_in["given"], paid_in["balance"]) == ("10.00", "", "10.00")
    assert (given["received"], given["given"], given["balance"]) == ("", "3.00", "7.00")
    assert (given["asset"], given["what"]) == ("CNY", "Given")
    assert int(given["log_index"]) > 0


def test_the_csv_of_an_account_below_zero_keeps_its_numbers(accounts):
    assert [row["balance"] for row in rows_of(accounts[0])] == ["0.00", "-10.00", "-10.00"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝", "＋", "－", "＠"])
def test_no_cell_of_the_csv_is_a_formula(accounts, start):
    _, one, _ = accounts
    name = f'{start}HYPERLINK("http://x","y")'
    other = open_account(organisation=OrganisationFactory(name=name, name_en=""), asset=cash())
    transfer(one, other, 1, START + 3 * HOUR)
    assert rows_of(one)[-2]["counterparty"] == f"'{name}"


def test_the_csv_of_credits_counts_tonnes_and_names_their_numbers(who, monkeypatch):
    batch = issue_to_cooperative(who, 10)
    owner = holding_in(who.cooperative.organisation, batch.asset)
    buyer = open_account(organisation=who.buyer.organisation, asset=batch.asset)
    leg = Leg(owner.pk, buyer.pk, 3, ((2, 2), (4, 4), (6, 6)))
    post_transactions([Posting("transfer", [leg], "system", timezone.now())])
    code = batch.asset.code
    names = [f"{code}-{number:012d}-{number:012d}" for number in (2, 4, 6)]
    assert rows_of(buyer)[1] | {"serials": "; ".join(names), "received": "3", "asset": code} == rows_of(buyer)[1]
    monkeypatch.setattr(sheets, "RUNS_IN_CELL", 2)
    assert rows_of(buyer)[1]["serials"] == f"{names[0]}; {names[1]}; (+1)"


# PDF


def lines_of(pdf):
    """Return the lines of all pages, as a reader of the PDF finds them."""
    return [line for page in pages_of(pdf) for line in page.split("\n")]


def test_the_pdf_has_the_same_in_the_readers_language(accounts):
    sequence_log()
    _, one, _ = accounts
    place_hold(account_id=one.pk, amount=1, purpose="order")
    with translation.override("en"):
        english = lines_of(statement_pdf(whole(one, Period(dt.date(2025, 3, 1), dt.date(2025, 3, 1)))))
    for text in ("Account statement", "From 2025-03-01 to 2025-03-01"):
        assert text in english
    assert {"Opening", "Closing", "balance"} <= set(" ".join(english).split())
    figures = Counter(" ".join(line for line in english if not line.startswith("Opening balance:")).split())
    assert {figure: figures[figure] for figure in ("3.00", "10.00", "7.00", "4.00")} == {
        "3.00": 2,
        "10.00": 2,
        "7.00": 1,
        "4.00": 2,
    }
    with translation.override("zh-hans"):
        chinese = lines_of(statement_pdf(whole(one)))
    assert any("第" in text and "公司" in text for text in chinese)
    assert embedded_fonts(statement_pdf(whole(one))) == {"NotoSansSC-Regular"}


def test_a_long_pdf_has_its_head_on_every_page(accounts):
    _, one, two = accounts
    now = START + 3 * HOUR
    post_transactions([Posting("transfer", [Leg(one.pk, two.pk, 1)], "system", now) for _ in range(100)])
    with translation.override("en"):
        texts = lines_of(statement_pdf(whole(one, most=200)))
    words = Counter(" ".join(texts).split())
    assert words["Counterparty"] == texts.count("Tianhui 田汇") > 3
    assert words["0.01"] == 100


def test_names_are_no_markup_in_a_pdf(accounts):
    _, one, _ = accounts
    name = "<b>A & B</b> <para>"
    other = open_account(organisation=OrganisationFactory(name=name, name_en=""), asset=cash())
    transfer(one, other, 1, START + 3 * HOUR)
    assert "<b>A & B</b>" in " ".join(lines_of(statement_pdf(whole(one))))
