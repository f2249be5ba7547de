"""The web processes are killed while they answer: who asks again until there is an answer has one order, never two, never none."""

import random
import signal
import threading
import time

import pytest

from ledger.parties.services import issue_token
from tests.faults.standing import broken, locked, nothing_waits, sessions
from tests.running import running, signal_program, start_again
from tests.scenes import issue_to_cooperative, market_for, pay_in
from tests.soak.line import Line
from tests.waiting import wait_until
from trading.models import Order, Trade
from trading.orders.services import place_order
from trading.orders.terms import NewOrder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 100_000), taker_fee_bps=35)
    pay_in(who, who.buyer, 1_000_000_000)
    pay_in(who, who.other_buyer, 1_000_000_000)
    return market


@pytest.fixture
def web(market):
    with running("web", "match-0", "beat") as found:
        line = Line(int(found[1]["WEB_PORT"]), "")
        assert line.ask("GET", "/markets").status == 200
        line.close()
        yield found


class Asking(threading.Thread):
    """Asks for one thing after the other, each until it is answered, and keeps the answers."""

    def __init__(self, web, who, *requests):
        super().__init__(daemon=True)
        self._line = Line(int(web[1]["WEB_PORT"]), issue_token(user=who.user, name="test")[1])
        self._requests, self.answers = requests, []
        self.start()

    def run(self):
        for path, body in self._requests:
            self.answers.append(self._line.ask("POST", path, body))
        self._line.close()

    @property
    def unanswered(self):
        return self._line.unanswered

    def end(self):
        self.join(60)
        assert not self.is_alive()
        return self.answers


def order(name, side="buy", price_fen=4_000, quantity_t=1):
    return {"client_order_id": name, "side": side, "price_fen": price_fen, "quantity_t": quantity_t}


def test_a_request_that_was_killed_in_the_middle_enters_once(web, market, who):
    """One order is written by one statement, which PostgreSQL ends though nobody waits for it; many in a transaction."""
    # Whoever has traded before has both accounts: only then is it one statement.
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("first", "buy", 3_990, 1))
    organisations = f"({who.buyer.organisation_id}, {who.other_buyer.organisation_id})"
    with locked(f"SELECT 1 FROM ledger_account WHERE organisation_id IN {organisations} FOR UPDATE"):
        one = Asking(web, who.buyer, ("/orders", {"market": market.symbol, **order("one")}))
        orders = [order(f"many-{at}") for at in range(10)]
        many = Asking(web, who.other_buyer, ("/orders/batch", {"market": market.symbol, "orders": orders}))
        wait_until(lambda: sessions("wait_event_type = 'Lock'") == 2)
        signal_program(web[0], "web", signal.SIGKILL)
        wait_until(lambda: one.unanswered and many.unanswered)
    wait_until(lambda: Order.objects.filter(client_order_id="one").exists())
    assert Order.objects.count() == 2
    start_again(*web, "web")
    (answer,) = one.end()
    assert (answer.status, answer.content["id"]) == (200, Order.objects.get(client_order_id="one").pk)
    (answer,) = many.end()
    assert [result["order"]["client_order_id"] for result in answer.content["results"]] == [
        each["client_order_id"] for each in orders
    ]
    assert Order.objects.count() == 12
    wait_until(nothing_waits)
    assert broken() == []


def test_killed_again_and_again_while_orders_come_in_each_is_there_once(web, market, who):
    lot = random.Random(20250301)
    asking = {}
    for name, actor, side in (("s", who.cooperative, "sell"), ("b", who.buyer, "buy"), ("c", who.other_buyer, "buy")):
        requests = [
            ("/orders", {"market": market.symbol, **order(f"{name}{at}", side, lot.randint(3_995, 4_005))})
            for at in range(200)
        ]
        asking[name] = Asking(web, actor, *requests)
    for _ in range(3):
        so_far = Order.objects.count()
        wait_until(lambda so_far=so_far: Order.objects.count() > so_far + 10, seconds=60)
        time.sleep(lot.random() / 20)
        signal_program(web[0], "web", signal.SIGKILL)
        start_again(*web, "web")
    told = {}
    for name, client in asking.items():
        for at, answer in enumerate(client.end()):
            assert answer.status in (200, 201)
            told[f"{name}{at}"] = answer.content["id"]
    assert sum(client.unanswered for client in asking.values()) >= 3
    assert dict(Order.objects.values_list("client_order_id", "id")) == told
    assert Order.objects.count() == 600
    wait_until(nothing_waits)
    assert Trade.objects.exists()
    assert broken() == []
