"""Deliveries: signed, in order, at least once, and no endpoint at the cost of another."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from collections import Counter

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from config.run import BASE_DIR
from ledger.errors import InvalidValue, NotAllowed, NotFound, TooManyWebhooks, WrongState
from ledger.models import (
    LogFollower,
    Notice,
    Record,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from ledger.notices.telling import tell_what_is_recorded
from ledger.transparency.sequencer import sequence_log
from ledger.webhooks import calling, delivering, services
from ledger.webhooks.delivering import IN_ORDER, PAUSES, deliver_due
from ledger.webhooks.events import TEST_EVENT, event_types, payload_of
from ledger.webhooks.following import write_events
from ledger.webhooks.keeping import sweep_deliveries
from tests.factories import MembershipFactory
from tests.http_server import http_server
from tests.racing import race
from tests.running import test_environment as environment_of_tests
from tests.scenes import issue_to_cooperative, market_for, offer_block, pay_in, sell

EVENTS = ["payment.confirmed", "trade.settled", "order.filled", "credits.issued", "block.offered"]


@pytest.fixture
def inbox(settings):
    settings.WEBHOOKS_TO_LOOPBACK = True
    with http_server() as box:
        yield box


def endpoint_of(member, url, events=EVENTS):
    return services.add_endpoint(actor=member, url=url, events=events)


def waiting(endpoint, count=1, type_="payment.confirmed"):
    """Have events wait for an endpoint, without a log."""
    now = timezone.now()
    for number in range(count):
        event = WebhookEvent.objects.create(
            organisation_id=endpoint.organisation_id,
            type=type_,
            payload=payload_of(type_, now, {"number": number, "名": "上湖"}),
            created_at=now,
        )
        WebhookDelivery.objects.create(event=event, endpoint=endpoint, created_at=now, next_at=now)


def make_due():
    WebhookDelivery.objects.filter(state="waiting").update(next_at=timezone.now())


def followed():
    sequence_log()
    return write_events()


def test_a_confirmed_payment_is_delivered_and_signed_as_standard_webhooks(who, inbox):
    endpoint, secret = endpoint_of(who.buyer, inbox.url())
    pay_in(who, who.buyer, 100)
    pay_in(who, who.other_buyer, 999)
    followed()
    assert deliver_due() == 1
    (asked,) = inbox.asked
    said = Webhook(secret).verify(asked.body, asked.headers)
    assert said["type"] == "payment.confirmed"
    assert said["data"]["amount_fen"] == 100
    assert set(said) == {"type", "timestamp", "data"}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(asked.body.replace(b"100", b"900"), asked.headers)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("delivered", 1)
    assert asked.headers["webhook-id"] == delivery.event.message_id
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.answer, attempt.error, attempt.number) == (200, "ok", "", 1)
    assert secret.encode() not in bytes(WebhookEndpoint.objects.get(pk=endpoint.pk).secret)
    assert deliver_due() == 0


def test_trades_orders_issuance_and_blocks_are_events(who, inbox):
    endpoint_of(who.cooperative, inbox.url("/coop"))
    endpoint_of(who.buyer, inbox.url("/buyer"))
    batch = issue_to_cooperative(who, 100)
    market = market_for(who, batch)
    pay_in(who, who.buyer, 10_000_000)
    sell(who, market, 10, 5)
    offer_block(who.buyer, who.cooperative, market, "b1")
    followed()
    deliver_due()
    said = [(asked.path, orjson.loads(asked.body)) for asked in inbox.asked]
    kinds = Counter((path, each["type"]) for path, each in said)
    assert kinds[("/coop", "credits.issued")] == 1
    assert kinds[("/coop", "trade.settled")] == kinds[("/buyer", "trade.settled")] == 1
    assert kinds[("/coop", "order.filled")] == 2
    assert kinds[("/coop", "block.offered")] == kinds[("/buyer", "block.offered")] == 1
    settled = next(each["data"] for path, each in said if (path, each["type"]) == ("/buyer", "trade.settled"))
    assert settled["market"] == market.symbol
    assert [(trade["side"], trade["role"], trade["quantity_t"]) for trade in settled["trades"]] == [
        ("buy", "taker", 10),
        ("buy", "taker", 5),
    ]
    sequence_log()
    LogFollower.objects.filter(pk="webhooks").update(next_index=0)
    write_events()
    assert Counter(event.key for event in WebhookEvent.objects.exclude(key=None)).most_common(1)[0][1] == 1


def test_events_hold_the_fields_that_the_catalogue_names(who, inbox):
    endpoint_of(who.cooperative, inbox.url(), [each.name for each in event_types()])
    batch = issue_to_cooperative(who, 100)
    market = market_for(who, batch)
    pay_in(who, who.buyer, 10_000_000)
    sell(who, market, 10)
    offer_block(who.buyer, who.cooperative, market, "b1")
    followed()
    fields = {each.name: set(each.fields) for each in event_types()}
    found = set()
    for event in WebhookEvent.objects.all():
        said = orjson.loads(bytes(event.payload))
        assert set(said["data"]) == fields[event.type], event.type
        found.add(event.type)
    assert {"credits.issued", "report.issued", "trade.settled", "order.filled", "block.offered"} <= found


def test_while_a_secret_is_changed_both_fit(who, inbox):
    endpoint, old = endpoint_of(who.buyer, inbox.url())
    _endpoint, new = services.rotate_secret(actor=who.buyer, public_id=endpoint.public_id)
    waiting(endpoint)
    deliver_due()
    for secret in (old, new):
        Webhook(secret).verify(inbox.asked[-1].body, inbox.asked[-1].headers)
    WebhookEndpoint.objects.update(previous_until=timezone.now())
    waiting(endpoint)
    deliver_due()
    Webhook(new).verify(inbox.asked[-1].body, inbox.asked[-1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(inbox.asked[-1].body, inbox.asked[-1].headers)


def test_events_come_in_their_order_and_one_that_fails_holds_up_the_others_for_a_while_only(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint, 3)
    inbox.answer = lambda asked: (500 if orjson.loads(asked.body)["data"]["number"] == 0 else 200, {}, b"")

    def numbers():
        return [orjson.loads(asked.body)["data"]["number"] for asked in inbox.asked]

    for _attempt in range(IN_ORDER - 1):
        make_due()
        deliver_due()
    assert numbers() == [0] * (IN_ORDER - 1)
    make_due()
    deliver_due()
    assert numbers() == [0] * IN_ORDER + [1, 2]
    first = WebhookDelivery.objects.earliest("pk")
    assert (first.state, first.attempts) == ("waiting", IN_ORDER)
    assert first.next_at > timezone.now() + dt.timedelta(seconds=PAUSES[IN_ORDER - 1] * 0.8)


def test_who_asks_for_a_rest_has_it_and_no_other_event_comes_meanwhile(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint, 2)
    inbox.answer = lambda asked: (503, {"retry-after": "3600"}, b"")
    assert deliver_due() == 1
    endpoint.refresh_from_db()
    rest = endpoint.resting_until - timezone.now()
    assert dt.timedelta(minutes=59) < rest <= dt.timedelta(hours=1)
    make_due()
    assert deliver_due() == 0
    WebhookDelivery.objects.update(attempts=IN_ORDER)
    assert deliver_due() == 0
    inbox.answer = lambda asked: (200, {}, b"")
    WebhookEndpoint.objects.update(resting_until=timezone.now())
    assert deliver_due() == 2
    endpoint.refresh_from_db()
    assert endpoint.resting_until is None


def test_a_rest_of_no_time_makes_no_call_sooner(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint)
    inbox.answer = lambda asked: (429, {"retry-after": "0"}, b"")
    WebhookDelivery.objects.update(attempts=1)
    deliver_due()
    delivery = WebhookDelivery.objects.get()
    assert delivery.next_at > timezone.now() + dt.timedelta(seconds=PAUSES[1] * 0.8)
    endpoint.refresh_from_db()
    assert endpoint.resting_until is None


@pytest.mark.parametrize("step", ["test", "again", "resume", "change"])
def test_its_owner_may_wake_it(who, inbox, step):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint)
    inbox.answer = lambda asked: (503, {"retry-after": "99999999"}, b"")
    deliver_due()
    endpoint.refresh_from_db()
    assert endpoint.resting_until < timezone.now() + dt.timedelta(days=1)
    own = {"actor": who.buyer, "public_id": endpoint.public_id}
    if step == "test":
        services.send_test(**own)
    elif step == "again":
        services.redeliver(actor=who.buyer, delivery_id=WebhookDelivery.objects.get().pk)
    elif step == "resume":
        services.pause_endpoint(**own)
        services.resume_endpoint(**own)
    else:
        services.change_endpoint(**own, url=inbox.url("/another"))
    make_due()
    inbox.answer = lambda asked: (200, {}, b"")
    assert deliver_due() > 0


def test_an_event_is_given_up_after_three_days_of_attempts(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint)
    inbox.answer = lambda asked: (500, {}, b"no")
    for _attempt in range(len(PAUSES) + 1):
        make_due()
        deliver_due()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.next_at) == ("failed", len(PAUSES) + 1, None)
    assert sum(PAUSES) > 3 * 86_400
    again = services.redeliver(actor=who.buyer, delivery_id=delivery.pk)
    assert (again.state, again.attempts) == ("waiting", 0)
    inbox.answer = lambda asked: (204, {}, b"")
    deliver_due()
    assert len({asked.headers["webhook-id"] for asked in inbox.asked}) == 1
    assert list(WebhookAttempt.objects.order_by("pk").values_list("number", flat=True)) == list(
        range(1, len(PAUSES) + 3)
    )


def test_one_that_fails_for_days_is_paused_and_its_owners_are_told(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint)
    inbox.answer = lambda asked: (500, {}, b"")
    WebhookEndpoint.objects.update(failing_since=timezone.now() - dt.timedelta(days=5, minutes=1))
    deliver_due()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.pause_reason) == ("paused", "failing")
    assert Record.objects.filter(kind="webhook_paused").count() == 1
    sequence_log()
    tell_what_is_recorded()
    notice = Notice.objects.get(person=who.buyer.user, kind="webhook_paused")
    assert notice.parameters["host"] == "127.0.0.1"
    waiting(endpoint)
    assert deliver_due() == 0
    inbox.answer = lambda asked: (200, {}, b"")
    services.resume_endpoint(actor=who.buyer, public_id=endpoint.public_id)
    assert deliver_due() == 2
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_one_that_says_it_is_gone_is_paused_at_once(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint)
    inbox.answer = lambda asked: (410, {}, b"")
    deliver_due()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.pause_reason) == ("paused", "gone")


def test_a_slow_endpoint_holds_up_no_other_and_a_hundred_are_served(db, inbox, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST_SECONDS", 60)
    monkeypatch.setattr(calling, "STEP_SECONDS", 60)
    members = [MembershipFactory() for _each in range(100)]
    for place, member in enumerate(members):
        endpoint, _secret = endpoint_of(member, inbox.url(f"/{place}"))
        waiting(endpoint, 2)

    others_served = threading.Event()

    def answer(asked):
        if asked.path == "/0":
            assert others_served.wait(60)
        elif sum(each.path != "/0" for each in inbox.asked) == 198:
            others_served.set()
        return 200, {}, b""

    inbox.answer = answer
    assert deliver_due(seconds=60) == 200
    assert [asked.path for asked in inbox.asked].count("/0") == 2
    assert inbox.asked[-1].path == "/0", "its second event waits for its first, and nobody else's does"
    assert set(Counter(asked.path for asked in inbox.asked).values()) == {2}
    assert WebhookDelivery.objects.filter(state="delivered").count() == 200


def test_one_with_much_to_be_told_takes_turns_with_the_others(db, inbox, monkeypatch):
    monkeypatch.setattr(delivering, "AT_ONCE", 1)
    monkeypatch.setattr(delivering, "A_TURN", 2)
    for place in range(2):
        endpoint, _secret = endpoint_of(MembershipFactory(), inbox.url(f"/{place}"))
        waiting(endpoint, 4)
    assert deliver_due() == 8
    assert [asked.path for asked in inbox.asked] == ["/0", "/0", "/1", "/1", "/0", "/0", "/1", "/1"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_have_one_endpoint(inbox):
    for place in range(6):
        endpoint, _secret = endpoint_of(MembershipFactory(), inbox.url(f"/{place}"))
        waiting(endpoint, 3)
    calls = race(deliver_due, deliver_due)
    assert sum(calls) == 18
    assert len({asked.headers["webhook-id"] for asked in inbox.asked}) == 18


KILLED = """
import django, sys, time
django.setup()
from ledger.webhooks import delivering
def hang(made, answer):
    print("answered", flush=True)
    time.sleep(60)
delivering.write_answer = hang
delivering.deliver_due()
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_was_delivering_is_delivered_again_under_the_same_id(inbox):
    endpoint, _secret = endpoint_of(MembershipFactory(), inbox.url())
    waiting(endpoint)
    environment = environment_of_tests() | {"DJANGO_SETTINGS_MODULE": "config.settings", "WEBHOOKS_TO_LOOPBACK": "1"}
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout.readline() == "answered\n"
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
    assert deliver_due() == 0, "until its claim runs out it is the other's"
    WebhookEndpoint.objects.update(claimed_until=timezone.now() - dt.timedelta(seconds=1))
    assert deliver_due() == 1
    first, second = (asked.headers["webhook-id"] for asked in inbox.asked)
    assert first == second
    assert WebhookDelivery.objects.get().state == "delivered"


def test_a_worker_that_fails_in_the_middle_gives_its_endpoints_back(who, inbox, monkeypatch):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint)

    def fail(*_arguments):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(delivering, "write_answer", fail)
    with pytest.raises(RuntimeError):
        deliver_due()
    monkeypatch.undo()
    assert deliver_due() == 1


def test_what_happened_before_an_endpoint_was_there_is_not_told(who, inbox):
    pay_in(who, who.buyer, 100)
    endpoint_of(who.buyer, inbox.url())
    followed()
    assert WebhookDelivery.objects.count() == 0
    pay_in(who, who.buyer, 100)
    followed()
    assert WebhookDelivery.objects.count() == 1


def test_of_a_paused_one_events_wait_and_of_a_removed_one_none(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    services.pause_endpoint(actor=who.buyer, public_id=endpoint.public_id)
    pay_in(who, who.buyer, 100)
    followed()
    assert deliver_due() == 0
    services.remove_endpoint(actor=who.buyer, public_id=endpoint.public_id)
    pay_in(who, who.buyer, 100)
    followed()
    assert [each.state for each in WebhookDelivery.objects.all()] == ["failed"]
    with pytest.raises(NotFound):
        services.resume_endpoint(actor=who.buyer, public_id=endpoint.public_id)


def test_following_costs_as_many_queries_for_many_records_as_for_few(who, inbox):
    endpoint_of(who.buyer, inbox.url())

    def queries(count):
        for _turn in range(count):
            pay_in(who, who.buyer, 100)
        sequence_log()
        with CaptureQueriesContext(connection) as captured:
            write_events()
        return len(captured)

    queries(1)
    assert queries(1) == queries(12)


def test_what_is_old_goes(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint, 2)
    deliver_due()
    WebhookEvent.objects.filter(pk=WebhookEvent.objects.earliest("pk").pk).update(
        created_at=timezone.now() - dt.timedelta(days=31)
    )
    assert sweep_deliveries() == 3
    assert (WebhookEvent.objects.count(), WebhookAttempt.objects.count()) == (1, 1)


# Setting up


def test_owners_alone_set_up_and_each_of_their_own(who, inbox):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    trader = MembershipFactory(organisation=who.buyer.organisation, role="trader")
    with pytest.raises(NotAllowed):
        endpoint_of(trader, inbox.url())
    for step in (
        services.rotate_secret,
        services.pause_endpoint,
        services.resume_endpoint,
        services.remove_endpoint,
        services.send_test,
        services.change_endpoint,
    ):
        with pytest.raises(NotFound):
            step(actor=who.other_buyer, public_id=endpoint.public_id)
        with pytest.raises(NotAllowed):
            step(actor=trader, public_id=endpoint.public_id)
    waiting(endpoint)
    with pytest.raises(NotFound):
        services.redeliver(actor=who.other_buyer, delivery_id=WebhookDelivery.objects.get().pk)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": "http://example.cn/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "https://example.cn/\x00"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["nothing.known"]}, "events"),
        ({"events": [TEST_EVENT]}, "events"),
        ({"description": "x" * 200}, "description"),
        ({"description": "\x00"}, "description"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(who, given, field):
    wanted = {"url": "https://example.cn/", "events": EVENTS, "description": ""} | given
    with pytest.raises(InvalidValue) as refusal:
        services.add_endpoint(actor=who.buyer, **wanted)
    assert refusal.value.field == field
    assert WebhookEndpoint.objects.count() == 0


def test_there_are_only_so_many(who, monkeypatch):
    monkeypatch.setattr(services, "MOST_ENDPOINTS", 2)
    for _each in range(2):
        endpoint_of(who.buyer, "https://example.cn/")
    with pytest.raises(TooManyWebhooks):
        endpoint_of(who.buyer, "https://example.cn/")


def test_a_test_event_is_delivered_as_any_other(who, inbox):
    endpoint, secret = endpoint_of(who.buyer, inbox.url())
    services.send_test(actor=who.buyer, public_id=endpoint.public_id)
    deliver_due()
    assert Webhook(secret).verify(inbox.asked[0].body, inbox.asked[0].headers)["type"] == TEST_EVENT
    services.pause_endpoint(actor=who.buyer, public_id=endpoint.public_id)
    with pytest.raises(WrongState):
        services.send_test(actor=who.buyer, public_id=endpoint.public_id)


def test_each_step_is_in_the_log_without_the_address(who):
    endpoint, _secret = endpoint_of(who.buyer, "https://example.cn/key-of-mine")
    arguments = {"actor": who.buyer, "public_id": endpoint.public_id}
    services.change_endpoint(**arguments, description="ERP")
    services.rotate_secret(**arguments)
    services.pause_endpoint(**arguments)
    services.resume_endpoint(**arguments)
    services.remove_endpoint(**arguments)
    records = Record.objects.filter(kind__startswith="webhook_").order_by("pk")
    assert [record.kind.removeprefix("webhook_") for record in records] == [
        "added",
        "changed",
        "secret_rotated",
        "paused",
        "resumed",
        "removed",
    ]
    assert not any(b"example.cn" in bytes(record.entry) or b"whsec_" in bytes(record.entry) for record in records)


def test_a_secret_that_cannot_be_opened_any_more_is_no_crash(who, inbox, settings):
    endpoint, _secret = endpoint_of(who.buyer, inbox.url())
    waiting(endpoint)
    settings.SECRET_KEY = "another"
    assert deliver_due() == 1
    assert inbox.asked[0].headers["webhook-signature"] == ""
