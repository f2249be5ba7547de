import pytest

from ledger.models import Project
from tests.factories import ParcelFactory, ProjectFactory
from tests.scenes import issue_to_cooperative

ENGLISH = {"accept-language": "en"}


def test_what_is_not_there_is_a_page_with_its_status_and_a_way_on(client, db):
    page = client.get("/projects/TH-35-000001", headers=ENGLISH)
    assert page.status_code == 404
    text = page.content.decode()
    assert "There is no such page" in text
    assert "There is no such thing here, or it is not yours to see." in text


def test_a_refusal_that_no_form_shows_is_a_page_with_its_status_and_reason(client, who):
    draft = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    client.force_login(who.cooperative.user)
    page = client.post(f"/projects/{draft.code}/submit", headers=ENGLISH)
    assert page.status_code == 422
    assert "Add a field first." in page.content.decode()


@pytest.mark.parametrize("name", ["buyer", "verifier", "registrar", "auditor", "cooperative"])
def test_everybodys_pages_render_in_both_languages(client, who, name):
    batch = issue_to_cooperative(who, 10)
    ParcelFactory(project=batch.project)
    client.force_login(getattr(who, name).user)
    code = batch.project.code
    addresses = ["/projects", "/work", "/tokens", "/apply", "/proof", "/retirements"]
    addresses += [f"/projects/{code}", f"/projects/{code}/reports/{batch.report_id}", f"/credits/{batch.asset.code}"]
    for language in ("en", "zh-hans"):
        for address in addresses:
            assert client.get(address, headers={"accept-language": language}).status_code == 200, address
