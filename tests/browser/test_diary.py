"""The field diary in a real browser, whose server goes away and comes back."""

import base64
import json

import pytest
from django.contrib.sessions.models import Session

from config.embedded import free_port
from ledger.models import DiaryEntry, Document
from tests import ports
from tests.browser.chromium import needs_chromium
from tests.browser.grounds import wait_until_there
from tests.browser.readers import reading
from tests.factories import ParcelFactory, ProjectFactory
from tests.files import picture
from tests.running import running

pytestmark = needs_chromium


def write(tab, *, kind, field, value, photo=None):
    """Fill the form in and press its button."""
    content = json.dumps({"kind": kind, "name": f"{kind}-{field}", "value": value, "photo": photo})
    tab.evaluate(
        f"""(async () => {{
            const {{ kind, name, value, photo }} = {content};
            const form = document.querySelector("form[data-entry]");
            form.querySelector(`[name=kind][value=${{kind}}]`).click();
            form.querySelector("[name=parcels]").checked = true;
            form.elements.happened_on.value = "2024-07-20";
            form.elements.happened_time.value = "";
            form.elements[name].value = value;
            if (photo) {{
                const bytes = Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0));
                const files = new DataTransfer();
                files.items.add(new File([bytes], "field.jpg", {{ type: "image/jpeg" }}));
                form.elements.photo.files = files.files;
                form.elements.photo.dispatchEvent(new Event("change"));
                while (!form.querySelector("[data-photos] li")) await new Promise((done) => setTimeout(done, 20));
            }}
            form.requestSubmit();
        }})()"""
    )


COUNT = "Number(document.querySelector('[data-waiting]:not([hidden]) [data-count]')?.textContent ?? 0)"
READY = "document.querySelector('[data-diary]').dataset.ready !== undefined"
# Until the page is told so, an entry is still a draft, which it would send again.
SENT = "document.querySelector('[data-said] [data-when=sent]').hidden === false"


@pytest.mark.django_db(transaction=True)
def test_what_is_written_without_a_connection_arrives_when_there_is_one(who, browser):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="A01")
    address = f"/projects/{project.code}/diary"
    # The port of the first server is the second one's too.
    root = f"http://127.0.0.1:{free_port(ports.own(18_000))}"
    with reading(browser, root) as tab:
        with running("web") as (_processes, environment):
            port = environment["WEB_PORT"]
            assert root.endswith(port)
            wait_until_there(root)
            tab.be(who.cooperative)
            tab.go(address)
            tab.wait_for(READY)
            tab.wait_for("navigator.serviceWorker.controller !== null")
            # Seen through the worker once, so that it has the page.
            tab.go(address)
            tab.wait_for(READY)
            tab.wait_for(f"caches.match('/projects/{project.code}/diary').then(Boolean)")
            write(tab, kind="fertiliser", field="n_kg_per_ha", value="75")
            tab.wait_for(f"{SENT} && {COUNT} === 0")
            assert DiaryEntry.objects.count() == 1
        # The server is gone.
        photo = base64.b64encode(picture()).decode()
        write(tab, kind="harvest", field="yield_t_per_ha", value="6.6", photo=photo)
        tab.wait_for(f"{COUNT} === 1")
        write(tab, kind="straw", field="straw_t_per_ha", value="450")
        tab.wait_for(f"{COUNT} === 2")
        tab.go(address)
        tab.wait_for(f"{READY} && {COUNT} === 2")
        assert tab.evaluate("document.title").startswith("Field diary")
        assert DiaryEntry.objects.count() == 1
        with running("web") as (_processes, environment):
            assert environment["WEB_PORT"] == port
            wait_until_there(root)
            tab.evaluate("dispatchEvent(new Event('online'))")
            tab.wait_for(f"{COUNT} === 1")
            entry = DiaryEntry.objects.get(kind="harvest")
            assert (entry.parcels, entry.content, entry.created_by) == (
                ["A01"],
                {"yield_t_per_ha": "6.6"},
                who.cooperative.user,
            )
            assert Document.objects.get(kind="photo").diary_entry == entry
            # What is refused stands beside its draft, and can be mended.
            tab.wait_for("document.querySelector('[data-reasons] li')?.textContent.includes('from 0 to 30 t/ha')")
            tab.evaluate("document.querySelector('[data-edit]').click()")
            tab.wait_for("document.querySelector('form[data-entry]').elements['straw-straw_t_per_ha'].value === '450'")
            write(tab, kind="straw", field="straw_t_per_ha", value="4.5")
            tab.wait_for(f"{SENT} && {COUNT} === 0")
            assert DiaryEntry.objects.count() == 3
            # Who logs out leaves nothing behind.
            with tab.page.expect_navigation():
                tab.evaluate("document.querySelector('form[data-person]').requestSubmit()")
            assert not Session.objects.exists()
            tab.go("/projects")
            tab.wait_for("caches.keys().then((names) => names.length === 0)")
            tab.wait_for("indexedDB.databases().then((found) => found.length === 0)")
    assert [each for each in tab.complaints if "ERR_CONNECTION" not in each and "422" not in each] == []
