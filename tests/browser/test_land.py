"""A field drawn in a real browser, by finger and by keys; and what the map shows when it is refused."""

import json

import pytest

from ledger.models import Parcel, Project
from ledger.projects.geometry import area_ha
from tests.browser.chromium import needs_chromium
from tests.browser.grounds import wait_until_there
from tests.browser.readers import PHONE, reading
from tests.factories import PRACTICES, ParcelFactory, ProjectFactory, square
from tests.running import running

pytestmark = [
    needs_chromium,
    pytest.mark.django_db(transaction=True),
]


def tap(tab, x, y):
    """Press and release at a place of the map, from its upper left corner."""
    canvas = tab.page.locator("[data-canvas]")
    canvas.evaluate("(map) => map.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = canvas.bounding_box()
    tab.page.mouse.click(box["x"] + x, box["y"] + y)


CORNERS = "document.querySelectorAll('.corner').length"


def area_shown(tab):
    return tab.evaluate("document.querySelector('[data-area]').textContent")


def test_a_field_is_drawn_measured_and_stored(who, browser):
    draft = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    ParcelFactory(project=draft, geometry=square(1), practices=PRACTICES, code="A01")
    with running("web") as (_processes, environment):
        root = f"http://127.0.0.1:{environment['WEB_PORT']}"
        wait_until_there(f"{root}/login")
        with reading(browser, root, width=PHONE) as tab:
            tab.be(who.cooperative)
            draw(tab, draft)


def draw(tab, draft):
    """Draw a field, measure it, mend it, have it refused and taken."""
    tab.go(f"/projects/{draft.code}/fields")
    tab.wait_for("document.querySelector('[data-ready]') !== null && document.querySelector('[data-shown]') !== null")
    for count, (x, y) in enumerate([(80, 60), (200, 60), (200, 180), (80, 180)], 1):
        tap(tab, x, y)
        tab.wait_for(f"{CORNERS} === {count}")
    shape = json.loads(tab.evaluate("document.querySelector('[name=geometry]').value"))
    measured = float(area_ha(shape))
    assert float(area_shown(tab).split(" ")[0]) == pytest.approx(measured, rel=1e-5, abs=1e-4)
    # By keys: a corner moved, and the last step undone.
    tab.evaluate("document.querySelectorAll('.corner')[1].focus()")
    tab.page.keyboard.press("ArrowRight")
    moved = json.loads(tab.evaluate("document.querySelector('[name=geometry]').value"))
    assert moved["coordinates"][0][1][0] > shape["coordinates"][0][1][0]
    tab.evaluate("document.querySelector('[data-canvas]').focus()")
    tab.page.keyboard.press("Enter")
    tab.wait_for(f"{CORNERS} === 5")
    tab.page.keyboard.press("Backspace")
    tab.wait_for(f"{CORNERS} === 4")
    # The map lies over the first field, so the drawn one is refused, and the shared land is shown.
    tab.evaluate("document.querySelector('[name=code]').value = 'B01'")
    tab.evaluate("document.querySelector('form.form--wide').submit()")
    tab.wait_for("document.querySelector('.form--wide .errorlist') !== null")
    assert "A01" in tab.evaluate("document.querySelector('.form--wide .errorlist').textContent")
    tab.wait_for("document.querySelector('[data-map][data-shown]') !== null")
    assert Parcel.objects.count() == 1
    # Elsewhere it is taken.
    elsewhere = json.dumps(json.dumps(square(7)))
    tab.evaluate(f"document.querySelector('[name=geometry]').value = {elsewhere}")
    with tab.page.expect_navigation():
        tab.evaluate("document.querySelector('form.form--wide').submit()")
    assert Parcel.objects.count() == 2
    assert [complaint for complaint in tab.complaints if "422" not in complaint] == []
