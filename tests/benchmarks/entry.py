"""How fast orders come in over HTTP, one by one and in batches, beside a view that does nothing."""

import json

from tests.benchmarks.load import request, requests_per_second
from tests.benchmarks.stage import Floor, Stage

ORDERS_A_BATCH = 500


def empty_view(stage: Stage, requests: int) -> float:
    """Return how many requests a second a view answers that does nothing."""
    return requests_per_second(_port(stage), [request("/empty")] * requests)


def orders_one_by_one(stage: Stage, floor: Floor, orders: int) -> float:
    """Return how many orders a second come in, one a request."""
    tokens = _tokens(floor)
    requests = [
        request("/api/v1/orders", token=tokens[at % len(tokens)], body=_body(_order(floor, f"one-{at}")))
        for at in range(orders)
    ]
    return requests_per_second(_port(stage), requests)


def orders_in_batches(stage: Stage, floor: Floor, batches: int) -> float:
    """Return how many orders a second come in, five hundred a request."""
    tokens = _tokens(floor)
    requests = [
        request("/api/v1/orders/batch", token=tokens[at % len(tokens)], body=_body(_batch(floor, f"many-{at}")))
        for at in range(batches)
    ]
    return requests_per_second(_port(stage), requests, connections=4) * ORDERS_A_BATCH


def _batch(floor: Floor, name: str) -> dict[str, object]:
    orders = [_order(floor, f"{name}-{at}") for at in range(ORDERS_A_BATCH)]
    for order in orders:
        del order["market"]
    return {"market": floor.market.symbol, "orders": orders}


def _order(floor: Floor, client_order_id: str) -> dict[str, object]:
    return {
        "market": floor.market.symbol,
        "client_order_id": client_order_id,
        "side": "buy",
        "price_fen": 4_000,
        "quantity_t": 1,
    }


def _body(content: object) -> bytes:
    return json.dumps(content).encode()


def _tokens(floor: Floor) -> list[str]:
    from ledger.parties.services import issue_token

    return [issue_token(user=trader.user, name="bench")[1] for trader in floor.traders]


def _port(stage: Stage) -> int:
    return int(stage.environment["WEB_PORT"])
