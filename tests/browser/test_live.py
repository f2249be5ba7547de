"""The live module in a real browser: by the stream, and where none is given by asking every few seconds."""

import re
import signal

import pytest

from tests.browser.chromium import needs_chromium
from tests.browser.grounds import wait_until_there
from tests.browser.readers import DESKTOP, PHONE, reading
from tests.running import running, signal_program, start_again
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order

pytestmark = needs_chromium


@pytest.mark.django_db(transaction=True)
def test_pages_of_a_market_are_drawn_anew_by_the_module_without_a_complaint(who, browser):
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
        site = site_of(environment)
        wait_until_there(site)
        for path, width in (("/", PHONE), (f"/markets/{market.symbol}", PHONE), (f"/markets/{market.symbol}", DESKTOP)):
            with reading(browser, site, width=width) as tab:
                tab.go(path)
                # Asked and answered: the module's own state is shown, and what it drew is what the server said.
                tab.wait_for("!document.querySelector('[data-connection] [data-state=polling]').hidden")
                shown = tab.page.content()
                assert tab.take_complaints() == [], path
            assert re.search(r"data-last-price[^>]*>40\.50<", shown), path
            assert re.search(r"data-change[^>]*>\+0\.50 \(\+1\.25%\)<", shown), path
        assert re.search(r"data-spread[^>]*>0\.60<", shown)
        assert shown.count('data-arrow="">▲') == 3


@pytest.mark.django_db(transaction=True)
def test_a_page_follows_the_stream_and_one_that_lost_it_asks_and_comes_back(who, browser):
    market = market_for(who, issue_to_cooperative(who, 100))
    pay_in(who, who.buyer, 1_000_000)

    def enter(name, actor, side, price, quantity):
        place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price, quantity))
        execute_market(market.pk)

    def text(part):
        return f"document.querySelector('[data-{part}]').textContent"

    enter("s1", who.cooperative, "sell", 4_050, 10)
    with running("web", "stream") as (processes, environment), reading(browser, site_of(environment)) as tab:
        wait_until_there(tab.site)
        tab.be(who.buyer)
        tab.go(f"/markets/{market.symbol}")
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


def site_of(environment):
    return f"http://127.0.0.1:{environment['WEB_PORT']}"
