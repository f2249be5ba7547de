"""A field drawn in a real browser, by finger and by keys; and what the map shows when it is refused."""

import json

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from ledger.models import Parcel, Project
from ledger.projects.geometry import area_ha
from tests.browser.chromium import BINARY
from tests.browser.devtools import browser
from tests.factories import PRACTICES, ParcelFactory, ProjectFactory, square
from tests.running import running, wait_until

pytestmark = [
    pytest.mark.skipif(BINARY is None, reason="Chromium is not here (Debian: apt install chromium)"),
    pytest.mark.django_db(transaction=True),
]


def logged_in(tab, root, user):
    """Give the browser a session of a person."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    tab.call("Network.setCookie", name=settings.SESSION_COOKIE_NAME, value=session.session_key, url=root)


def tap(tab, x, y):
    """Press and release at a place of the map, from its upper left corner."""
    box = tab.evaluate(
        "(() => { const map = document.querySelector('[data-canvas]'); map.scrollIntoView({block: 'center', behavior: 'instant'});"
        " const {x, y} = map.getBoundingClientRect(); return [x, y]; })()"
    )
    place = {"x": box[0] + x, "y": box[1] + y, "button": "left", "clickCount": 1}
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, **place)


def press(tab, key):
    code = {"Enter": 13, "ArrowRight": 39, "Backspace": 8}[key]
    for kind in ("rawKeyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)


def corners(tab):
    return tab.evaluate("document.querySelectorAll('.corner').length")


def area_shown(tab):
    return tab.evaluate("document.querySelector('[data-area]').textContent")


def test_a_field_is_drawn_measured_and_stored(who, tmp_path):
    draft = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    ParcelFactory(project=draft, geometry=square(1), practices=PRACTICES, code="A01")
    with running("web") as (_processes, environment), browser(tmp_path, "--window-size=390,844") as tab:
        root = f"http://127.0.0.1:{environment['WEB_PORT']}"
        wait_until(lambda: _opens(tab, f"{root}/login"))
        logged_in(tab, root, who.cooperative.user)
        tab.go(f"{root}/projects/{draft.code}/fields")
        tab.wait_for(
            "document.querySelector('[data-ready]') !== null && document.querySelector('[data-shown]') !== null"
        )
        for count, (x, y) in enumerate([(80, 60), (200, 60), (200, 180), (80, 180)], 1):
            tap(tab, x, y)
            tab.wait_for(f"document.querySelectorAll('.corner').length === {count}")
        shape = json.loads(tab.evaluate("document.querySelector('[name=geometry]').value"))
        measured = float(area_ha(shape))
        assert float(area_shown(tab).split(" ")[0]) == pytest.approx(measured, rel=1e-5, abs=1e-4)
        # By keys: a corner moved, and the last step undone.
        tab.evaluate("document.querySelectorAll('.corner')[1].focus()")
        press(tab, "ArrowRight")
        moved = json.loads(tab.evaluate("document.querySelector('[name=geometry]').value"))
        assert moved["coordinates"][0][1][0] > shape["coordinates"][0][1][0]
        tab.evaluate("document.querySelector('[data-canvas]').focus()")
        press(tab, "Enter")
        assert corners(tab) == 5
        press(tab, "Backspace")
        assert corners(tab) == 4
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
        tab.evaluate("document.querySelector('form.form--wide').submit()")
        wait_until(lambda: Parcel.objects.count() == 2)
        assert [complaint for complaint in tab.complaints if "422" not in complaint] == []


def _opens(tab, address):
    tab.call("Page.navigate", url=address)
    return bool(tab.evaluate("document.querySelector('[name=username]') !== null"))
