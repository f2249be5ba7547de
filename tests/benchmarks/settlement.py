"""How fast the worker settles, and how soon: through Celery and Redis, with all that a trade writes."""

import contextlib
import random
import statistics
from collections.abc import Iterator
from time import monotonic, perf_counter, sleep

import psycopg

from tests.benchmarks.stage import Floor, Stage
from trading.models import Instruction, Market, Order, Trade
from trading.orders.services import NewOrder, place_orders
from trading.orders.wakeups import wake

SEED = 4
MIDDLE_FEN = 4_000
WIDTH_FEN = 10
ORDERS_A_CALL = 50
LIMIT_SECONDS = 120.0


def fill_queue(floor: Floor, orders: int) -> float:
    """Enter orders, by each trader in turn, that sell and buy at random prices which cross; return orders a second."""
    dice = random.Random(SEED + Order.objects.count())
    started = perf_counter()
    for call in range(orders // ORDERS_A_CALL):
        trader = floor.traders[call % len(floor.traders)]
        place_orders(actor=trader, market_id=floor.market.pk, orders=_orders(dice, call, f"fill-{started}-{call}"))
    return orders / (perf_counter() - started)


@contextlib.contextmanager
def held_back(stage: Stage, floor: Floor) -> Iterator[None]:
    """Let no executor begin: the market's row, which it locks first, is ours until the context ends."""
    with psycopg.connect(stage.database_url) as connection:
        connection.execute("SELECT 1 FROM trading_market WHERE id = %s FOR NO KEY UPDATE", [floor.market.pk])
        yield


def _orders(dice: random.Random, call: int, name: str) -> list[NewOrder]:
    side, away = (("sell", -1), ("buy", 1))[call % 2]
    return [
        NewOrder(f"{name}-{at}", side, MIDDLE_FEN + away * dice.randint(0, WIDTH_FEN), dice.randint(1, 50))
        for at in range(ORDERS_A_CALL)
    ]


def trades_per_second(stage: Stage, floor: Floor, orders: int) -> tuple[float, int]:
    """Let the worker drain a full queue; return trades a second and how many there were."""
    with stage.running("match-0"):
        fill_queue(floor, orders // 10)
        _warm_up(floor)
        before = Trade.objects.count()
        last_sequence = _last_sequence(floor) + orders
        with held_back(stage, floor):
            fill_queue(floor, orders)
            started = perf_counter()
        while _last_sequence(floor) < last_sequence:
            assert perf_counter() < started + LIMIT_SECONDS, "the worker does not drain the queue"
            sleep(0.02)
        seconds = perf_counter() - started
    settled = Trade.objects.count() - before
    return settled / seconds, settled


def _last_sequence(floor: Floor) -> int:
    """Return the number of the last instruction executed: one row to read, where the queue has many that are gone."""
    return Market.objects.values_list("last_sequence", flat=True).get(pk=floor.market.pk)


def _warm_up(floor: Floor) -> None:
    """Let the worker import, connect and read its book before anything is measured."""
    wake(floor.market.pk, floor.market.shard)
    _wait_until_drained()


def _wait_until_drained() -> None:
    deadline = monotonic() + LIMIT_SECONDS
    while Instruction.objects.exists():
        assert monotonic() < deadline, "the worker does not drain the queue"
        sleep(0.005)


def submit_to_settled_ms(stage: Stage, floor: Floor, round_trips: int) -> tuple[float, float]:
    """Return the median time, and that of the slowest of a hundred, from entering an order that trades at once to its settlement, in an idle market."""
    seller, buyer = floor.traders[0], floor.traders[1]
    times = []
    with stage.running("match-0"):
        _warm_up(floor)
        for at in range(round_trips):
            place_orders(
                actor=seller, market_id=floor.market.pk, orders=[NewOrder(f"rest-{at}", "sell", MIDDLE_FEN, 1)]
            )
            _wait_until_drained()
            started = perf_counter()
            placed = place_orders(
                actor=buyer, market_id=floor.market.pk, orders=[NewOrder(f"take-{at}", "buy", MIDDLE_FEN, 1)]
            )[0].order
            assert placed is not None
            while Order.objects.values_list("status", flat=True).get(pk=placed.pk) != Order.Status.FILLED:
                assert perf_counter() < started + 10, "the order is not settled"
                sleep(0.0002)
            times.append((perf_counter() - started) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=100, method="inclusive")[98]
