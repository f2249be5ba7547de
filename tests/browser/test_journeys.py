"""The main way of each person through the product, by hand as it were: from the log-in to what they came for.

Each is gone in Chinese on a phone and in English on a desk; `EVERY_PAGE=all` goes it in the other two ways too. Elements are found by
where they lead and what they are called in a form, so that a page may be laid out and worded anew.
"""

import json
import os
import re
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser import grounds
from tests.browser.chromium import needs_chromium
from tests.browser.grounds import Furnished, Scene
from tests.browser.readers import DESKTOP, PHONE, Reader, log_in, reading
from tests.factories import square

pytestmark = [needs_chromium, pytest.mark.django_db]

ALL = os.environ.get("EVERY_PAGE") == "all"
WAYS = [("zh-hans", PHONE), ("en", DESKTOP)] + ([("zh-hans", DESKTOP), ("en", PHONE)] if ALL else [])
# Settled by workers, which are woken and then answer; on a machine with much else to do it takes its time.
PATIENCE = 60_000
WORKERS = ("web", "match-0", "worker", "audit", "beat")


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"{way[0]}-{way[1]}")
def way(request: pytest.FixtureRequest) -> tuple[str, int]:
    """Return language and width."""
    found: tuple[str, int] = request.param
    return found


@pytest.fixture(scope="module")
def ground(way: tuple[str, int], furnished: Furnished, django_db_blocker: Any) -> Iterator[Scene]:
    """Return a site of this way's own, where all programs run and people change what there is."""
    database = f"{furnished.database}_{way[0][:2]}_{way[1]}"
    with django_db_blocker.unblock():
        grounds.copy_database(furnished.database, database)
        with grounds.serving(furnished, *WORKERS, database=database) as served:
            yield served


@pytest.fixture
def reader(ground: Scene, browser: Browser, way: tuple[str, int]) -> Iterator[Reader]:
    """Return somebody who came by this way, and who had nothing to complain of."""
    language, width = way
    with reading(browser, ground.site, language=language, width=width) as found:
        yield found
        # A form that is refused says so by its status, which the console repeats.
        assert [each for each in found.take_complaints() if "422" not in each] == []


def follow(page: Page, pattern: str) -> None:
    """Follow the first link to such an address."""
    page.locator(f"main a[href*='{pattern}'], #content a[href*='{pattern}']").first.click()


def send(page: Page, action: str, **fields: str) -> None:
    """Fill in the form that goes to such an address, and send it."""
    form = page.locator(f"main form[action$='{action}']").first
    if not form.is_visible():
        form.locator("xpath=ancestor::details").last.locator("summary").first.click()
    fill(form, **fields)
    form.locator("button").first.click()


def fill(form: Any, **fields: str) -> None:
    """Give fields of a form their values, each by its name, or by how it ends where it has a prefix."""
    for name, value in fields.items():
        field = form.locator(f"[name='{name}'], [name$='-{name}']").first
        if field.evaluate("(element) => element.localName") == "select":
            field.select_option(value)
        else:
            field.fill(value)


def send_each(page: Page, action: str, **fields: str) -> None:
    """Send all forms that go to such addresses, one after the other: each is gone before the next one is sent."""
    forms = page.locator(f"main form[action$='{action}']")
    for left in reversed(range(forms.count())):
        send(page, action, **fields)
        expect(forms).to_have_count(left)


def step(page: Page, button: Any) -> None:
    """Press a button that leads to another page, and wait until it is there: who goes elsewhere earlier calls the step off."""
    with page.expect_navigation():
        button.click()


def write_order(page: Page, *, price: str, quantity: str) -> Any:
    """Fill the ticket in, which a phone shows when it is asked to, and return the button that sends it when it was reviewed."""
    ticket = page.locator("form[data-ticket]")
    if not ticket.is_visible():
        page.locator("[data-take-side=buy]").first.click()
    fill(ticket, price=price, quantity=quantity)
    ticket.locator("[name=send]:visible").first.click()
    return page.locator("form[action$='/orders'] button[data-first]").first


def complete(fields: Any) -> None:
    """Give fields that are still empty the first of their choices, or a number."""
    for field in fields.all():
        if field.input_value() == "" and field.is_visible():
            is_choice = field.evaluate("(element) => element.localName") == "select"
            field.select_option(index=1) if is_choice else field.fill("110")


def load_until(page: Page, text: str) -> None:
    """Load a page again until it says what workers have done meanwhile."""
    deadline = monotonic() + PATIENCE / 1000
    while text not in page.locator("#content .note, main.main").last.inner_text():
        assert monotonic() < deadline, f"{page.url} does not say {text}"
        page.wait_for_timeout(500)
        try:
            page.reload()
        except Error as error:
            # The page has just begun to load itself anew, which calls ours off.
            if "ERR_ABORTED" not in error.message:
                raise
            page.wait_for_load_state()


def main_form(page: Page) -> Any:
    """Return the form that a page is about."""
    return page.locator("main form.form, main form.card").first


def test_a_visitor_finds_a_project_and_checks_a_certificate(reader: Reader, ground: Scene) -> None:
    page = reader.page
    reader.go("/")
    page.locator("nav a[href='/projects']").first.click()
    page.locator("main [name=q]").fill(ground.names["project"])
    with page.expect_navigation():
        page.locator("main [name=q]").press("Enter")
    follow(page, f"/projects/{ground.names['project']}")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("2,300")
    reader.go("/retirements")
    follow(page, "/retirements/")
    page.locator("main a[href$='/check']").first.click()
    expect(page.locator("[data-verdict]")).to_have_attribute("data-state", "holds", timeout=PATIENCE)


def test_an_auditor_reconciles_the_books_and_proves_a_record(reader: Reader, ground: Scene) -> None:
    page = reader.page
    log_in(reader, "auditor", ground.password)
    reader.go("/admin/")
    page.locator("a[href^='/admin/reconcile/']").first.click()
    step(page, page.locator("#content form.decide button"))
    # Who has begun the newest run stands beside its result.
    load_until(page, "方澈")
    assert page.locator(".invariants .holds").count() == page.locator(".invariants > li").count() > 8
    reader.go(f"/proof/records/{ground.names['record']}")
    expect(page.locator("[data-verdict]")).to_have_attribute("data-state", "holds", timeout=PATIENCE)
    expect(page.locator("[data-entry='0'] pre")).to_contain_text("transaction_posted")


def test_a_verifier_opens_a_finding_has_it_answered_and_verifies(
    reader: Reader, ground: Scene, browser: Browser
) -> None:
    page, report = reader.page, f"/projects/{ground.names['project']}/reports/{ground.names['report']}"
    log_in(reader, "verifier", ground.password)
    reader.go("/work")
    follow(page, report)
    send(page, "/findings", kind="corrective_action", text="七月缺两天。Two days of July are missing.")
    expect(page.locator("main")).to_contain_text("Two days of July are missing.")
    with reading(browser, ground.site, language=reader.language, width=PHONE) as cooperative:
        cooperative.take_session(ground.sessions["coop"])
        cooperative.go(report)
        assert cooperative.page.locator("main form[action$='/answer']").count() == 2
        send_each(cooperative.page, "/answer", answer="已补。Added.")
    reader.go(report)
    send_each(page, "/close", note="可以。As it should be.")
    send(page, "/verify", statement="已核对灌溉记录。Irrigation records were checked.")
    expect(page.locator("main .badge--good, main .steps .done").first).to_be_visible()
    expect(page.locator("form[action$='/verify']")).to_have_count(0)


def test_a_cooperative_begins_a_project_writes_its_diary_and_sees_its_report(reader: Reader, ground: Scene) -> None:
    page, names = reader.page, ground.names
    log_in(reader, "coop", ground.password)
    reader.go("/projects/new?methodology=rice-water-1")
    form = main_form(page)
    fill(
        form,
        name="溪尾节水稻田",
        province_code="35",
        place="福建省漳州市南靖县",
        crediting_starts_on="2026-01-01",
        crediting_ends_on="2035-12-31",
    )
    form.locator("button").last.click()
    page.wait_for_url(re.compile(r"/projects/TH-35-\d+/"))
    code = re.search(r"/projects/(TH-35-\d+)", page.url)
    assert code is not None
    reader.go(f"/projects/{code[1]}/fields")
    land = page.locator("main form:has([name=geometry])")
    land.locator("[name=geometry]").evaluate("(field, shape) => { field.value = shape; }", json.dumps(square(70)))
    fill(land, code="XW-01")
    complete(land.locator("[name^=season0-]"))
    land.locator("button:not([type=button])").last.click()
    expect(page.locator("main")).to_contain_text("XW-01")
    reader.go(f"/projects/{names['project']}/diary")
    diary = page.locator("form[data-entry]")
    expect(page.locator("[data-diary][data-ready]")).to_have_count(1)
    diary.locator("label:has([value=drainage])").click()
    diary.locator("[name=parcels]").first.check()
    diary.locator("button:not([type=button])").last.click()
    expect(page.locator("[data-said] [data-when=sent]")).to_be_visible(timeout=PATIENCE)
    reader.go(f"/projects/{names['project']}/reports/{names['report']}")
    expect(page.locator("main")).to_contain_text("2,300")


def test_a_buyer_buys_holds_and_retires_with_a_certificate(reader: Reader, ground: Scene) -> None:
    page, batch = reader.page, ground.names["batch"]
    log_in(reader, "buyer2", ground.password)
    reader.go(f"/markets/{ground.names['market']}?side=buy")
    price = page.locator("[data-asks] .rung[data-price-fen]").last.get_attribute("data-price-fen")
    button = write_order(page, price=f"{int(price or 0) / 100:.2f}", quantity="2")
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/orders")):
        button.click()
    reader.go("/orders?show=trades")
    load_until(page, batch)
    reader.go("/holdings")
    expect(page.locator("main")).to_contain_text(batch)
    reader.go(f"/credits/{batch}/retire")
    form = main_form(page)
    fill(form, quantity_t="1", beneficiary_name="榕舟航运", purpose="own_footprint")
    form.locator("button").last.click()
    page.locator("main [name=confirmed], main form button.button--primary").first.click()
    page.wait_for_url(re.compile(r"/retirements/[0-9a-f-]{36}$"))
    expect(page.locator("main")).to_contain_text("榕舟航运")
    reader.go(page.url.removeprefix(ground.site) + "/check")
    expect(page.locator("[data-verdict]")).to_have_attribute("data-state", "holds", timeout=PATIENCE)


def test_a_payment_that_one_treasurer_entered_is_confirmed_by_another(
    reader: Reader, ground: Scene, browser: Browser
) -> None:
    page = reader.page
    log_in(reader, "treasurer", ground.password)
    reader.go("/admin/ledger/payment/?q=DEMO-WAITING")
    step(page, page.locator("#result_list a[href$='/change/'], #result_list a[href*='/change/']").first)
    waiting = page.url.removeprefix(ground.site)
    # Who has entered it may not confirm it: it waits for another.
    reader.go(waiting.replace("change/", "confirm-deposit/").split("?")[0])
    if page.locator("#content form button[type=submit]").count():
        step(page, page.locator("#content form button[type=submit]").first)
    with reading(browser, ground.site, language=reader.language, width=DESKTOP) as second:
        log_in(second, "treasurer2", ground.password)
        second.go(waiting)
        step(second.page, second.page.locator("#content a[href*='/confirm-deposit/']").first)
        step(second.page, second.page.locator("#content form button[type=submit]").first)
        second.go(waiting)
        expect(second.page.locator("#content a[href*='/confirm-deposit/']")).to_have_count(0)
    reader.take_complaints()


@pytest.mark.parametrize(
    "address", ["/projects?q=TH-35", "/login", "/markets/{market}", "/retirements/{retirement}", "/trace"]
)
def test_what_is_public_is_there_without_a_script(address: str, ground: Scene, browser: Browser) -> None:
    with reading(browser, ground.site, language="en", java_script_enabled=False) as reader:
        reader.go(address.format_map(ground.names))
        expect(reader.page.locator("h1")).to_be_visible()
        assert len(reader.page.locator("main").inner_text()) > 80


def test_forms_are_sent_without_a_script(ground: Scene, browser: Browser) -> None:
    with reading(browser, ground.site, language="en", java_script_enabled=False) as reader:
        page = reader.page
        log_in(reader, "buyer3", ground.password)
        reader.go(f"/markets/{ground.names['market']}?side=buy")
        step(page, write_order(page, price="21.70", quantity="3"))
        reader.go("/orders")
        expect(page.locator("main")).to_contain_text("21.70")
        # Light and dark, too.
        page.locator("footer button[value=dark]").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_skip_link_leads_past_the_head_of_a_page(ground: Scene, browser: Browser) -> None:
    with reading(browser, ground.site, language="en") as reader:
        reader.go("/projects")
        page = reader.page
        page.keyboard.press("Tab")
        skip = page.locator(".skip-link")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")
