"""Passkeys in a real browser with an authenticator of its own: made, used as second step, and instead of the password."""

import urllib.request

import pytest
from allauth.mfa.models import Authenticator
from tests.browser.devtools import browser

from ledger.models import SecurityEvent
from tests.browser.chromium import BINARY
from tests.factories import PASSWORD
from tests.running import running, wait_until

pytestmark = pytest.mark.skipif(BINARY is None, reason="Chromium is not here (Debian: apt install chromium)")


def _answers(site):
    try:
        with urllib.request.urlopen(f"{site}/login"):
            return True
    except OSError:
        return False


def with_authenticator(tab):
    """Give the browser a device that checks who holds it, and says yes."""
    tab.call("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return tab.call("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]


def submit(tab, form, **fields):
    """Fill a form in, and press its button."""
    for name, value in fields.items():
        tab.evaluate(f"document.querySelector('{form} [name={name}]').value = {value!r}")
    tab.evaluate(f"document.querySelector('{form} button').click()")


def at(tab, path):
    tab.wait_for(f"location.pathname === '{path}' && document.readyState === 'complete'")


@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_made_and_lets_in_with_and_without_the_password(who, tmp_path):
    person = who.registrar.user
    person.set_password(PASSWORD)
    person.save()
    with running("web") as (_processes, environment), browser(tmp_path) as tab:
        # Passkeys belong to a name: none is made for a bare address.
        site = f"http://localhost:{environment['WEB_PORT']}"
        wait_until(lambda: _answers(site))
        with_authenticator(tab)
        password = "form:not([data-passkey]):has([name=password])"
        tab.go(f"{site}/login?next=/work")
        submit(tab, password, username=person.username, password=PASSWORD)
        # The operator's people are led to set up a second factor, and come back.
        at(tab, "/security/setup")
        tab.go(f"{site}/security/passkeys/new?next=/work")
        submit(tab, "form[data-new]", name="phone")
        tab.wait_for("document.querySelectorAll('.recovery-codes li').length === 10")
        assert tab.evaluate("document.querySelector('a[download]').href").startswith("data:text/plain")
        tab.evaluate("document.querySelector('.card .button--primary').click()")
        at(tab, "/work")
        passkey = Authenticator.objects.get(user=person, type="webauthn")
        assert passkey.data["name"] == "phone"

        def log_out():
            tab.evaluate("document.querySelector('form[action$=logout] button').click()")
            at(tab, "/")

        log_out()
        # The second step.
        tab.go(f"{site}/login")
        submit(tab, password, username=person.username, password=PASSWORD)
        at(tab, "/login/second-step")
        submit(tab, "form[data-passkey]")
        at(tab, "/")
        tab.go(f"{site}/admin/")
        at(tab, "/admin/")
        tab.go(f"{site}/security")
        log_out()
        # At once, without a password: a device that has checked who holds it is both.
        tab.go(f"{site}/login?next=/security")
        submit(tab, "form[data-passkey]")
        at(tab, "/security")
        assert "phone" in tab.evaluate("document.body.textContent")
        assert tab.complaints == []
    assert SecurityEvent.objects.filter(user=person, kind="logged_in").count() == 3
    passkey.refresh_from_db()
    assert passkey.data["counter"] > 0
