"""What is counted and what is read for Prometheus, and who may read it."""

import datetime as dt

import pytest
import redis
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from config.operations.observe import exposition, figures, metrics, standing
from config.operations.observe.access import may_read_metrics
from config.operations.observe.pulses import note_pulse
from config.operations.observe.tally import METHODS, Tally, tally
from ledger.errors import RateLimited, TooManyAttempts, WrongCredentials
from ledger.journal.runs import ReconciliationRun
from ledger.parties.rates import SEARCHES, from_address, require_budget
from ledger.parties.security.origins import Origin
from ledger.parties.security.passwords import person_by_password
from ledger.transparency.sequencer import sequence_log
from tests.callers import Caller
from tests.operations.observe.scrapes import names, read, value
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Instruction
from trading.orders.services import place_order
from trading.orders.terms import NewOrder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew():
    standing.forget_slow()
    yield
    standing.forget_slow()


@pytest.fixture
def market(who: People):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def scrape(**asked):
    answer = Client().get("/metrics", asked)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    return read(answer.content.decode())


def trade(who: People, market):
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 10))
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 4))
    execute_market(market.pk)


def test_a_trade_is_counted(who: People, market):
    before = scrape()
    trade(who, market)
    standing.forget_slow()
    after = scrape()
    counted = {
        name: value(after, name, market=market.symbol)
        for name in (
            *("tianhui_trades_total", "tianhui_traded_tonnes_total", "tianhui_turnover_fen_total"),
            *("tianhui_instructions_executed_total", "tianhui_trades_today", "tianhui_turnover_fen_today"),
        )
    }
    assert counted == {
        "tianhui_trades_total": 1,
        "tianhui_traded_tonnes_total": 4,
        "tianhui_turnover_fen_total": 16_000,
        "tianhui_instructions_executed_total": 2,
        "tianhui_trades_today": 1,
        "tianhui_turnover_fen_today": 16_000,
    }

    def more(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("tianhui_orders_entered_total") == 2
    assert more("tianhui_order_outcomes_total", status="filled") == 1
    assert more("tianhui_order_outcomes_total", status="partially_filled") == 1
    assert more("tianhui_matching_batch_instructions_count") == 1
    assert more("tianhui_matching_batch_duration_seconds_count") == 1
    assert value(after, "tianhui_held_tonnes") == 6


def test_what_waits_is_seen_and_for_how_long(who: People, market):
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 10))
    Instruction.objects.update(entered_at=timezone.now() - dt.timedelta(minutes=2))
    found = scrape()
    labels = {"market": market.symbol, "shard": "0"}
    assert value(found, "tianhui_instructions_pending", **labels) == 1
    assert 119 < value(found, "tianhui_instruction_oldest_age_seconds", **labels) < 600
    assert value(found, "tianhui_log_pending_records") > 0
    execute_market(market.pk)
    sequence_log()
    found = scrape()
    assert value(found, "tianhui_instructions_pending", **labels) == 0
    assert value(found, "tianhui_log_pending_records") == 0
    assert value(found, "tianhui_log_size_records") > 0


def test_the_last_check_of_the_books_is_told(db):
    assert "tianhui_reconciliation_holds" not in names(scrape())
    now = timezone.now()
    results = [{"number": 1, "holds": False}, {"number": 2, "holds": True}]
    ReconciliationRun.objects.create(
        started_at=now, finished_at=now, triggered_by="beat", tree_size=0, results=results, holds=False
    )
    found = scrape()
    assert value(found, "tianhui_reconciliation_holds") == 0
    assert value(found, "tianhui_reconciliation_broken_rules") == 1
    assert value(found, "tianhui_reconciliation_timestamp_seconds") == pytest.approx(now.timestamp())


def test_reading_how_all_stands_costs_few_queries_however_much_there_is(who: People, market, django_assert_num_queries):
    trade(who, market)
    with django_assert_num_queries(standing.QUERIES + 2 + 2):
        # A savepoint and its release stand in for the transaction; what is read once a minute is read now.
        standing.read_standing()
    market_for(who, issue_to_cooperative(who, 10))
    with django_assert_num_queries(standing.QUERIES + 2):
        standing.read_standing()


def test_no_statement_reads_a_whole_table_that_grows(who: People, market):
    """Each is planned as if the tables were large: a sequential scan of one that grows is none that a scrape may do."""
    growing = {*standing.COUNTED, "ledger_message", "ledger_webhookdelivery", "trading_candle", "ledger_checkpoint"}
    statements = [
        (standing._MARKETS, [standing.MOST]),
        (standing._LOG, [standing.MOST]),
        (standing._RECONCILIATION, None),
        (standing._OUTGOING, [standing.MOST, standing.MOST]),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement, parameters in statements:
            cursor.execute("EXPLAIN " + statement, parameters)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert not {table for table in growing if f"Seq Scan on {table}" in plan}, plan


def test_without_the_database_what_was_counted_is_told_all_the_same(monkeypatch):
    def fail():
        raise OperationalError("gone")

    Client().get("/markets")
    tally.flush()
    monkeypatch.setattr(standing, "read_standing", fail)
    found = scrape()
    assert value(found, "tianhui_database_up") == 0
    assert "tianhui_http_requests_total" in names(found)
    assert "tianhui_markets" not in names(found)


def test_without_redis_the_rest_is_told(monkeypatch):
    def fail():
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(standing, "read_queues", fail)
    found = scrape()
    assert (value(found, "tianhui_redis_up"), value(found, "tianhui_database_up")) == (0, 1)


def test_queues_and_their_pulses_are_told():
    with redis.Redis.from_url(django_settings.CELERY_BROKER_URL) as broker:
        broker.rpush("matching.0", b"a", b"b")
    note_pulse("celery")
    note_pulse("not-a-queue-of-ours")
    found = scrape()
    assert value(found, "tianhui_queue_messages", queue="matching.0") == 2
    pulses = {dict(labels)["queue"] for name, labels in found if name == "tianhui_queue_pulse_age_seconds"}
    assert pulses == {"celery"}


def test_another_host_of_web_reads_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        found = scrape(database="0")
    assert "tianhui_database_up" not in names(found)
    assert "tianhui_build_info" in names(found)


def test_requests_are_counted_by_the_patterns_of_their_addresses(who: People, market):
    before = scrape()
    for path in ("/api/v1/markets", f"/api/v1/markets/{market.symbol}", "/nowhere/1", "/nowhere/2"):
        Client().get(path)
    Client().generic("BREW", "/api/v1/markets")
    after = scrape()

    def more(**labels):
        return value(after, "tianhui_http_requests_total", **labels) - value(
            before, "tianhui_http_requests_total", **labels
        )

    assert more(route="/api/v1/markets", method="GET", status="200") == 1
    assert more(route="/api/v1/markets", method="other") == 1
    assert more(route="none", status="404") == 2
    assert more(route="/metrics") == 0
    counted = value(after, "tianhui_http_request_duration_seconds_count", route="none") - value(
        before, "tianhui_http_request_duration_seconds_count", route="none"
    )
    assert counted == 2
    labels = {dict(labels)["route"] for name, labels in after if name == "tianhui_http_requests_total"}
    assert not {label for label in labels if market.symbol in label or "nowhere" in label}
    methods = {dict(labels)["method"] for name, labels in after if name == "tianhui_http_requests_total"}
    assert methods <= METHODS | {"other"}
    assert value(after, "tianhui_http_requests_in_flight") == 0


def test_a_request_that_is_under_way_is_seen():
    own = Tally()
    own.begin()
    own.flush()
    assert metrics.http_in_flight._value.get() == 1
    own.end("x", "GET", 200, 0.02)
    own.flush()
    assert metrics.http_in_flight._value.get() == 0
    tally.flush()


def test_refusals_are_counted_by_their_codes(who: People):
    before = scrape()
    Caller(who.buyer).send(
        "/orders", {"market": "no-such", "client_order_id": "1", "side": "buy", "price_fen": 1, "quantity_t": 1}
    )
    after = scrape()
    assert (
        value(after, "tianhui_refusals_total", code="not_found")
        == value(before, "tianhui_refusals_total", code="not_found") + 1
    )


def test_log_ins_that_fail_and_requests_that_are_too_many_are_counted(who: People, settings):
    before = scrape()
    with pytest.raises(WrongCredentials):
        person_by_password(username="nobody", password="wrong", origin=Origin("127.0.0.1", ""))
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"searches": (1, 60)}
    require_budget(SEARCHES, from_address("192.0.2.1"))
    with pytest.raises(RateLimited):
        require_budget(SEARCHES, from_address("192.0.2.1"))
    after = scrape()

    def more(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("tianhui_sign_in_failures_total", reason="password") == 1
    assert more("tianhui_rate_limited_total", budget="searches") == 1
    for _ in range(25):
        try:
            person_by_password(username="nobody", password="wrong", origin=Origin("127.0.0.1", ""))
        except (WrongCredentials, TooManyAttempts):
            continue
    assert value(scrape(), "tianhui_sign_in_failures_total", reason="too many") > 0


@pytest.mark.parametrize(
    ("remote", "authorization", "came_by_proxy", "may"),
    [
        ("127.0.0.1", "", False, True),
        ("::1", "", False, True),
        ("::ffff:127.0.0.1", "", False, True),
        ("127.0.0.1", "", True, False),
        ("10.1.2.3", "", False, False),
        ("", "", False, False),
        ("unix:", "", False, False),
        ("10.1.2.3", "Bearer right-token", False, True),
        ("10.1.2.3", "bearer right-token", True, True),
        ("10.1.2.3", "Bearer wrong-token", True, False),
        ("10.1.2.3", "Basic right-token", False, False),
        ("10.1.2.3", "Bearer ", False, False),
        ("10.1.2.3", "Bearer ключ", False, False),
    ],
)
def test_metrics_are_for_who_is_near_or_has_the_token(settings, remote, authorization, came_by_proxy, may):
    settings.METRICS_TOKEN = "right-token"
    assert may_read_metrics(remote=remote, authorization=authorization, came_by_proxy=came_by_proxy) is may


def test_without_a_token_set_none_is_right(settings):
    settings.METRICS_TOKEN = ""
    assert not may_read_metrics(remote="10.1.2.3", authorization="Bearer ", came_by_proxy=False)


def test_a_network_that_is_named_may_read(settings):
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]
    assert may_read_metrics(remote="10.1.2.3", authorization="", came_by_proxy=False)
    assert not may_read_metrics(remote="127.0.0.1", authorization="", came_by_proxy=False)


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_a_proxy_on_this_machine_opens_no_metrics(header):
    answer = Client().get("/metrics", headers={header: "127.0.0.1", "host": "any.example"})
    assert answer.status_code == 403
    assert b"tianhui_" not in answer.content


def test_people_read_no_metrics_however_they_are_logged_in(who: People):
    for person in (who.cooperative, who.registrar, who.auditor):
        client = Client(REMOTE_ADDR="192.0.2.1")
        client.force_login(person.user)
        assert client.get("/metrics").status_code == 403


def test_labels_are_bounded(who: People, market):
    trade(who, market)
    scrape()
    before = len(scrape())
    for number in range(1, 30):
        Client().get(f"/projects/TH-35-{number:06}")
        Client().get(f"/nothing/{number}")
    tally.flush()
    series = scrape()
    # One route, and one for all that is none: of each a count and a histogram.
    assert len(series) - before < 3 * (len(metrics.REQUEST_SECONDS) + 4)
    assert not {name for name in names(series) if not name.startswith(("tianhui_", "python_", "process_"))}


def test_names_follow_the_conventions(who: People, market):
    trade(who, market)
    for family in figures.Figures().collect():
        assert not family.name.endswith(("_total", "_ms", "_milliseconds", "_minutes")), family.name
        assert family.documentation.endswith("."), family.name
    assert exposition.CONTENT_TYPE.startswith("text/plain")
