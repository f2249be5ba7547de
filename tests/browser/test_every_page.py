"""Every page, as each of its readers has it, in a real browser and under the product's own policy of what it may load.

What a page is asked for stands in `checks.py`. By default axe-core reads a page for its first reader, in Chinese, on a phone or
on a desk in turn; `EVERY_PAGE=all` lets it read each page for each reader, in both languages and at both widths.
"""

import os
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from playwright.sync_api import Browser

from tests.browser import checks
from tests.browser.chromium import needs_chromium
from tests.browser.grounds import Scene
from tests.browser.pages import AUDITOR, DESK, Page, visits
from tests.browser.readers import DESKTOP, PHONE, Reader, reading
from tests.browser.wording import english_in

# The database is made where a test asks for it; what these read is a copy.
pytestmark = [needs_chromium, pytest.mark.django_db]

ALL = os.environ.get("EVERY_PAGE") == "all"
VISITS = list(visits()) + [(page, reader) for page in DESK for reader in page.readers]
# Lists of the desk are alike: axe-core reads some that differ.
READ_BY_AXE = {"Organisation", "Project", "Transaction", "Market"}


@pytest.fixture(scope="module")
def chinese(scene: Scene, browser: Browser) -> Iterator[Reader]:
    """Return a reader of Chinese."""
    with reading(browser, scene.site, language="zh-hans") as reader:
        yield reader


@pytest.fixture(scope="module")
def english(scene: Scene, browser: Browser) -> Iterator[Reader]:
    """Return a reader of English."""
    with reading(browser, scene.site, language="en") as reader:
        yield reader


def is_read_by_axe(page: Page, who: str) -> bool:
    return ALL or who == page.readers[0]


def named(visit: tuple[Page, str]) -> str:
    page, who = visit
    return f"{page.address}-{who or 'visitor'}"


@pytest.mark.parametrize("visit", VISITS, ids=named)
def test_a_page_is_whole_in_chinese(visit: tuple[Page, str], chinese: Reader, scene: Scene) -> None:
    page, who = visit
    open_page(chinese, scene, page, who, width=PHONE if VISITS.index(visit) % 2 else DESKTOP)
    found = shift(chinese, page) + checks.cost(chinese)
    found += checks.shape(chinese) + checks.width(chinese) + checks.focus(chinese)
    if is_read_by_axe(page, who):
        found += checks.access(chinese)
    found += english_in(checks.texts(chinese))
    assert found + chinese.take_complaints() == []


@pytest.mark.parametrize("visit", VISITS, ids=named)
def test_a_page_is_whole_in_english(visit: tuple[Page, str], english: Reader, scene: Scene) -> None:
    page, who = visit
    open_page(english, scene, page, who, width=DESKTOP if VISITS.index(visit) % 2 else PHONE)
    found = shift(english, page) + checks.shape(english) + checks.width(english)
    if ALL:
        for width in (PHONE, DESKTOP):
            english.widen(width)
            found += checks.access(english)
    assert found + english.take_complaints() == []


@pytest.mark.parametrize(
    "table", sorted(admin.site._registry, key=lambda model: model._meta.label), ids=lambda model: model.__name__
)
def test_a_table_of_the_desk_is_whole(table: type[Model], chinese: Reader, scene: Scene) -> None:
    addresses = scene.desk[f"{table._meta.app_label}_{table._meta.model_name}"]
    chinese.widen(DESKTOP)
    for address in addresses if ALL else addresses[:1]:
        open_page(chinese, scene, Page(table.__name__, address, (AUDITOR,), "A table"), AUDITOR, width=DESKTOP)
        # The desk is made for a desk: on a phone its tables may scroll, as long as the page does not at 720.
        found = checks.shape(chinese) + checks.width(chinese, [720, DESKTOP]) + checks.focus(chinese)
        if ALL or table.__name__ in READ_BY_AXE:
            found += checks.access(chinese)
        assert found + chinese.take_complaints() == [], address


def shift(reader: Reader, page: Page) -> list[str]:
    # Beside the desk's pages stands a list of tables, which Django's own script unfolds as it was left.
    return [] if page in DESK else checks.shift(reader)


def open_page(reader: Reader, scene: Scene, page: Page, who: str, *, width: int) -> None:
    """Open a page as somebody, which must be there."""
    # A page that keeps asking would ask on as the next person.
    reader.leave()
    reader.widen(width)
    reader.take_session(scene.sessions[who] if who else "")
    assert reader.go(page.at(scene.names)) == 200, page.address
    assert reader.page.url.endswith(page.at(scene.names)), f"leads on to {reader.page.url}"
