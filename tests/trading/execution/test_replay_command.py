"""A market's replay on the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.database import as_owner
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.orders.services import place_order
from trading.orders.terms import NewOrder


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 100))
    pay_in(who, who.buyer, 1_000_000)
    for actor, side in ((who.cooperative, "sell"), (who.buyer, "buy")):
        place_order(actor=actor, market_id=market.pk, order=NewOrder(side, side, 4_000, 10))
    execute_market(market.pk)
    return market


def test_a_market_is_replayed(market):
    said = StringIO()
    call_command("replay_market", market.symbol, stdout=said)
    assert said.getvalue() == f"{market.symbol}: 2 instructions, 1 trades: the very same\n"


def test_a_trade_that_was_tampered_with_is_named(market):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE trading_trade SET price_fen = 4001")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("replay_market", "all", stdout=said)
    assert ended.value.code == 1
    assert "4000" in said.getvalue()
    assert "4001" in said.getvalue()


def test_a_market_that_is_not_there_is_named(market):
    with pytest.raises(CommandError, match="NONE"):
        call_command("replay_market", "NONE", market.symbol)
