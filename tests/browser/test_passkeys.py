"""Passkeys in a real browser with an authenticator of its own: made, used as second step, and instead of the password."""

import pytest
from allauth.mfa.models import Authenticator

from ledger.models import SecurityEvent
from tests.browser.chromium import needs_chromium
from tests.browser.grounds import wait_until_there
from tests.browser.readers import reading
from tests.factories import PASSWORD
from tests.running import running

pytestmark = needs_chromium


def with_authenticator(tab):
    """Give the browser a device that checks who holds it, and says yes."""
    devtools = tab.context.new_cdp_session(tab.page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def submit(tab, form, **fields):
    """Fill a form in, and press its button."""
    for name, value in fields.items():
        tab.evaluate(f"document.querySelector('{form} [name={name}]').value = {value!r}")
    tab.evaluate(f"document.querySelector('{form} button').click()")


def at(tab, path):
    tab.wait_for(f"location.pathname === '{path}' && document.readyState === 'complete'")


@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_made_and_lets_in_with_and_without_the_password(who, browser):
    person = who.registrar.user
    person.set_password(PASSWORD)
    person.save()
    with running("web") as (_processes, environment):
        # Passkeys belong to a name: none is made for a bare address.
        _go_in_and_out(person, browser, f"http://localhost:{environment['WEB_PORT']}")
    assert SecurityEvent.objects.filter(user=person, kind="logged_in").count() == 3
    assert Authenticator.objects.get(user=person, type="webauthn").data["counter"] > 0


def _go_in_and_out(person, browser, site):
    with reading(browser, site) as tab:
        wait_until_there(site)
        with_authenticator(tab)
        password = "form:not([data-passkey]):has([name=password])"
        tab.go("/login?next=/work")
        submit(tab, password, username=person.username, password=PASSWORD)
        # The operator's people are led to set up a second factor, and come back.
        at(tab, "/security/setup")
        tab.go("/security/passkeys/new?next=/work")
        submit(tab, "form[data-new]", name="phone")
        tab.wait_for("document.querySelectorAll('.recovery-codes li').length === 10")
        assert tab.evaluate("document.querySelector('a[download]').href").startswith("data:text/plain")
        tab.evaluate("document.querySelector('.card .button--primary').click()")
        at(tab, "/work")
        assert Authenticator.objects.get(user=person, type="webauthn").data["name"] == "phone"

        def log_out():
            tab.evaluate("document.querySelector('form[action$=logout] button').click()")
            at(tab, "/")

        log_out()
        # The second step.
        tab.go("/login")
        submit(tab, password, username=person.username, password=PASSWORD)
        at(tab, "/login/second-step")
        submit(tab, "form[data-passkey]")
        at(tab, "/")
        tab.go("/admin/")
        at(tab, "/admin/")
        tab.go("/security")
        log_out()
        # At once, without a password: a device that has checked who holds it is both.
        tab.go("/login?next=/security")
        submit(tab, "form[data-passkey]")
        at(tab, "/security")
        assert "phone" in tab.evaluate("document.body.textContent")
        assert tab.complaints == []
