"""The live module in a real browser: by the stream, and where none is given by asking every few seconds."""

import re
import signal
import urllib.request

import pytest
from django.test import Client

from tests.browser.chromium import BINARY, load
from tests.browser.devtools import browser
from tests.running import running, signal_program, start_again, wait_until
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


@pytest.mark.django_db(transaction=True)
def test_a_page_follows_the_stream_and_one_that_lost_it_asks_and_comes_back(who, tmp_path):
    market = market_for(who, issue_to_cooperative(who, 100))
    pay_in(who, who.buyer, 1_000_000)

    def enter(name, actor, side, price, quantity):
        place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price, quantity))
        execute_market(market.pk)

    def text(part):
        return f"document.querySelector('[data-{part}]').textContent"

    enter("s1", who.cooperative, "sell", 4_050, 10)
    session = Client()
    session.force_login(who.buyer.user)
    with running("web", "stream") as (processes, environment), browser(tmp_path) as tab:
        site = f"http://127.0.0.1:{environment['WEB_PORT']}"
        wait_until(lambda: _answers(site))
        tab.call("Network.setCookie", name="sessionid", value=session.cookies["sessionid"].value, url=site)
        tab.go(f"{site}/markets/{market.symbol}")
        tab.wait_for("!document.querySelector('[data-connection] [data-state=live]').hidden")
        tab.wait_for(
            "performance.getEntriesByType('resource').some((each) => each.name.includes('/api/v1/streams/ticket'))"
        )
        enter("b1", who.buyer, "buy", 4_050, 4)
        tab.wait_for(f"{text('last-price')} === '40.50' && {text('volume')} === '4'")
        tab.wait_for("document.querySelectorAll('[data-orders] tr').length === 1")
        assert tab.evaluate("[...document.querySelectorAll('[data-asks] .rung')].at(-1).cells[1].textContent") == "6"
        assert tab.evaluate("document.querySelectorAll('[data-tape] tr').length") == 1
        # What was gone is gone, and what takes its place is shown.
        enter("s2", who.cooperative, "sell", 4_060, 3)
        enter("b2", who.buyer, "buy", 4_050, 6)
        tab.wait_for("[...document.querySelectorAll('[data-asks] .rung')].at(-1).dataset.priceFen === '4060'")
        assert tab.evaluate(text("volume")) == "10"
        signal_program(processes, "stream", signal.SIGKILL)
        enter("b3", who.buyer, "buy", 4_060, 1)
        start_again(processes, environment, "stream")
        tab.wait_for(f"{text('volume')} === '11' && {text('last-price')} === '40.60'")
        tab.wait_for("!document.querySelector('[data-connection] [data-state=live]').hidden")
        enter("b4", who.buyer, "buy", 4_060, 1)
        tab.wait_for(f"{text('volume')} === '12'")
        complaints = [
            each for each in tab.complaints if "ERR_CONNECTION_REFUSED" not in each and "ERR_INCOMPLETE" not in each
        ]
        assert complaints == []


def _answers(site):
    try:
        with urllib.request.urlopen(f"{site}/markets", timeout=5):
            return True
    except OSError:
        return False
