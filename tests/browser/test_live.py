"""The live module in a real browser: by the stream, and where none is given by asking every few seconds."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import needs_chromium
from tests.browser.grounds import wait_until_there
from tests.browser.readers import DESKTOP, PHONE, reading
from tests.running import running, signal_program, start_again
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Order
from trading.orders.services import NewOrder, place_order

pytestmark = needs_chromium

FLOOD = Path(__file__).parent / "flood.js"


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
        tab.wait_for("[...document.querySelectorAll('[data-asks] .rung')].at(-1).cells[1].textContent === '6'")
        tab.wait_for("document.querySelectorAll('[data-tape] tr').length === 1")
        # What was gone is gone, and what takes its place is shown.
        enter("s2", who.cooperative, "sell", 4_060, 3)
        enter("b2", who.buyer, "buy", 4_050, 6)
        tab.wait_for("[...document.querySelectorAll('[data-asks] .rung')].at(-1).dataset.priceFen === '4060'")
        tab.wait_for(f"{text('volume')} === '10'")
        signal_program(processes, "stream", signal.SIGKILL)
        enter("b3", who.buyer, "buy", 4_060, 1)
        start_again(processes, environment, "stream")
        tab.wait_for(f"{text('volume')} === '11' && {text('last-price')} === '40.60'")
        tab.wait_for("!document.querySelector('[data-connection] [data-state=live]').hidden")
        enter("b4", who.buyer, "buy", 4_060, 1)
        tab.wait_for(f"{text('volume')} === '12'")
        # Of the stream that was killed: however its connections came to their end.
        assert [each for each in tab.complaints if "net::ERR_" not in each] == []


@pytest.fixture
def floor(who, browser, request):
    """Return a market's page with a trader before it, and a way to enter others' orders."""
    market = market_for(who, issue_to_cooperative(who, 100), taker_fee_bps=10)
    pay_in(who, who.buyer, 1_000_000)
    names = iter(range(1_000))

    def enter(actor, side, price, quantity):
        order = NewOrder(f"o{next(names)}", side, price, quantity)
        placed = place_order(actor=actor, market_id=market.pk, order=order)
        execute_market(market.pk)
        return placed

    enter(who.cooperative, "sell", 4_050, 10)
    enter(who.buyer, "buy", 4_050, 4)
    enter(who.buyer, "buy", 3_990, 5)
    programs = getattr(request, "param", ["web"])
    with running(*programs) as (_processes, environment), reading(browser, site_of(environment)) as tab:
        wait_until_there(tab.site)
        tab.be(who.buyer)
        yield tab, f"/markets/{market.symbol}", market, enter


IS_OPEN = "document.querySelector('[data-sheet]').open"
# A frame is a sixtieth of a second on a fast phone; this is thrice as long.
MOST_SECONDS_A_CHANGE = 0.05
LIVE = "document.querySelector('[data-market]').dataset.connection === 'polling'"


@pytest.mark.django_db(transaction=True)
def test_an_order_is_written_reviewed_and_sent_by_keys_alone_and_once(floor, who):
    tab, url, _market, _enter = floor
    tab.go(url)
    tab.wait_for(LIVE)
    tab.evaluate("document.querySelector('[data-ticket] [name=price]').focus()")
    price = "document.querySelector('[data-ticket] [name=price]').value"
    assert tab.evaluate(price) == "40.50"
    tab.page.keyboard.press("ArrowUp")
    assert tab.evaluate(price) == "40.51"
    tab.evaluate("document.querySelector('[data-ticket] [name=quantity]').focus()")
    for _ in range(8):
        tab.page.keyboard.press("ArrowUp")
    tab.wait_for("document.querySelector('[data-forecast-filled]').textContent === '6'")
    tab.wait_for("document.querySelector('[data-forecast-rests]').textContent === '2'")
    tab.page.keyboard.press("Enter")
    tab.wait_for(f"{IS_OPEN} && document.querySelector('[data-sheet]').textContent.includes('Trades at once')")
    tab.page.keyboard.press("Escape")
    tab.wait_for(f"!{IS_OPEN}")
    assert tab.evaluate("document.querySelector('[data-ticket] [name=quantity]').value") == "8"
    assert not Order.objects.filter(quantity_t=8).exists()
    tab.evaluate("document.querySelector('[data-ticket] [name=quantity]').focus()")
    tab.page.keyboard.press("Enter")
    tab.wait_for(f"{IS_OPEN} && document.activeElement.matches('[data-first]')")
    tab.evaluate("for (const _ of [1, 2, 3]) document.activeElement.form.requestSubmit()")
    tab.wait_for(f"!{IS_OPEN} && document.querySelector('[data-told]').textContent.includes('Received: buy 8 t')")
    # Always in view, and put away by a press.
    expect(tab.page.locator("[data-told]")).to_be_in_viewport(ratio=1)
    assert Order.objects.filter(quantity_t=8).count() == 1
    tab.wait_for("document.querySelector('[data-ticket] [name=quantity]').value === ''")
    tab.wait_for("document.querySelector('[data-orders]').textContent.includes('40.51')")
    tab.page.locator("[data-told-close]").click()
    expect(tab.page.locator("[data-told]")).to_be_empty()
    assert tab.complaints == []


@pytest.mark.django_db(transaction=True)
def test_a_phone_shows_what_became_of_an_order_and_what_is_wrong_with_one_wherever_it_was_sent(floor):
    tab, url, _market, _enter = floor
    tab.widen(PHONE)
    tab.go(url)
    tab.wait_for(LIVE)
    tab.page.locator("[data-take-side=buy]").click()
    ticket, send = tab.page.locator("[data-ticket]"), tab.page.locator("[data-ticket] [name=send]:visible")
    ticket.locator("[name=price]").fill("４０。５")
    ticket.locator("[name=quantity]").fill("1.5")
    send.scroll_into_view_if_needed()
    send.click()
    expect(ticket.locator(".errorlist")).to_be_in_viewport(ratio=1)
    expect(ticket.locator("[name=quantity]")).to_be_focused()
    ticket.locator("[name=quantity]").fill("２")
    send.click()
    tab.page.locator("[data-sheet] [data-first]").click()
    expect(tab.page.locator("[data-told]")).to_contain_text("Received: buy 2 t")
    expect(tab.page.locator("[data-told]")).to_be_in_viewport(ratio=1)
    # Whoever goes on writing has read it.
    ticket.locator("[name=quantity]").fill("3")
    expect(tab.page.locator("[data-told]")).to_be_empty()


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_stands_beside_the_field_and_what_was_written_is_kept(floor):
    tab, url, _market, _enter = floor
    tab.go(url)
    tab.wait_for(LIVE)
    tab.evaluate("document.querySelector('[data-ticket] [name=quantity]').value = '1.5'")
    tab.evaluate("document.querySelector('[data-ticket]').requestSubmit()")
    tab.wait_for("document.querySelector('[data-ticket] .errorlist')?.textContent.includes('whole tonnes')")
    tab.wait_for("document.activeElement.name === 'quantity'")
    assert tab.evaluate("document.activeElement.value") == "1.5"
    assert not tab.evaluate(IS_OPEN)


@pytest.mark.django_db(transaction=True)
def test_an_order_is_changed_and_cancelled_without_leaving_the_page(floor, who):
    tab, url, market, _enter = floor
    tab.go(url)
    tab.wait_for(LIVE)
    tab.evaluate("window.isTheSame = true; document.querySelector('[data-orders] [data-change]').click()")
    tab.wait_for(IS_OPEN)
    tab.evaluate("document.querySelector('[data-sheet] [name=price]').value = '99'")
    tab.evaluate("document.querySelector('[data-sheet] form').requestSubmit()")
    tab.wait_for("document.querySelector('[data-sheet] .errorlist') !== null")
    tab.evaluate("document.querySelector('[data-sheet] [name=price]').value = '39.80'")
    tab.evaluate("document.querySelector('[data-sheet] form').requestSubmit()")
    tab.wait_for(f"!{IS_OPEN}")
    execute_market(market.pk)
    tab.wait_for("document.querySelector('[data-orders]').textContent.includes('39.80')")
    tab.evaluate("document.querySelector('[data-orders] .cancel').requestSubmit()")
    tab.wait_for("document.querySelector('[data-told]').textContent.includes('asked to cancel')")
    execute_market(market.pk)
    tab.wait_for("document.querySelector('[data-orders]').textContent.includes('at your request')")
    assert tab.evaluate("window.isTheSame")


@pytest.mark.parametrize("floor", [["web", "stream"]], indirect=True)
@pytest.mark.django_db(transaction=True)
def test_a_flooded_page_keeps_up_stands_still_and_draws_its_charts(floor):
    tab, url, _market, _enter = floor
    devtools = tab.context.new_cdp_session(tab.page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy_seconds():
        """Return how long the page has kept its processor busy, without the time in which others had it."""
        return next(
            each["value"]
            for each in devtools.send("Performance.getMetrics")["metrics"]
            if each["name"] == "TaskDuration"
        )

    tab.page.add_init_script(path=FLOOD)
    tab.go(url)
    tab.wait_for("document.querySelector('[data-charts]').hasAttribute('data-drawn')")
    assert tab.evaluate("seen.shift") < 0.02, tab.evaluate("seen.moved")
    tab.evaluate("document.querySelector('#draw-depth').click()")
    tab.wait_for("document.querySelector('.charts__live .uplot canvas') !== null")
    tab.evaluate("document.querySelector('#draw-price').click()")
    tab.evaluate("Object.assign(seen, { shift: 0, moved: [] })")
    before = busy_seconds()
    assert tab.evaluate("flood.start(3)") == 180
    tab.wait_for("document.querySelector('[data-tape] tr [data-price]').textContent.startsWith('40.0')")
    seen = tab.evaluate("seen")
    # How fast a loaded machine paints is no test's to say; that the page moves nothing, and what it costs a processor, is.
    assert seen["shift"] < 0.02, seen["moved"]
    assert busy_seconds() - before < 180 * MOST_SECONDS_A_CHANGE
    assert tab.complaints == []


@pytest.mark.django_db(transaction=True)
def test_a_page_that_gets_no_answer_says_since_when(floor):
    tab, url, _market, _enter = floor
    tab.go(url)
    tab.wait_for(LIVE)
    tab.context.set_offline(True)
    tab.wait_for("document.querySelector('[data-market]').dataset.connection === 'offline'")
    since = tab.evaluate("document.querySelector('[data-connection] [data-since]').textContent")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", since)
    tab.context.set_offline(False)
    tab.wait_for(LIVE)


def site_of(environment):
    return f"http://127.0.0.1:{environment['WEB_PORT']}"
