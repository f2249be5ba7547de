"""The live module in a real browser; where no stream is given it asks every few seconds."""

import re

import pytest

from tests.browser.chromium import BINARY, load
from tests.running import running, wait_until
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.skipif(BINARY is None, reason="Chromium is not here (Debian: apt install chromium)")


@pytest.mark.django_db(transaction=True)
def test_pages_of_a_market_are_drawn_anew_by_the_module_without_a_complaint(who, tmp_path):
    market = market_for(who, issue_to_cooperative(who, 100))
    pay_in(who, who.buyer, 1_000_000)
    for actor, side, price, quantity, name in [
        (who.cooperative, "sell", 4_050, 10, "s1"),
        (who.buyer, "buy", 4_050, 4, "b1"),
        (who.buyer, "buy", 4_050, 2, "b2"),
        (who.buyer, "buy", 3_990, 5, "b3"),
    ]:
        place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price, quantity))
        execute_market(market.pk)
    with running("web") as (_processes, environment):
        wait_until(lambda: _page(environment, "/", tmp_path / "first").dom.count("Tianhui") > 0)
        for path, width in (("/", 390), (f"/markets/{market.symbol}", 390), (f"/markets/{market.symbol}", 1440)):
            loaded = _page(environment, path, tmp_path / f"{width}{len(path)}", width)
            assert loaded.complaints == [], path
            # Asked and answered: the module's own state is shown, and what it drew is what the server said.
            assert re.search(r'<span data-state="polling">', loaded.dom), path
            assert re.search(r"data-last-price[^>]*>40\.50<", loaded.dom), path
            assert re.search(r"data-change[^>]*>\+0\.50 \(\+1\.25%\)<", loaded.dom), path
        assert re.search(r"data-spread[^>]*>0\.60<", loaded.dom)
        assert loaded.dom.count('data-arrow="">▲') == 3


def _page(environment, path, profile, width=1440):
    return load(f"http://127.0.0.1:{environment['WEB_PORT']}{path}", profile=profile, width=width)
