import re
import uuid

import pytest

from ledger.credits.services import retire_credits
from ledger.models import LogLeaf, Retirement
from ledger.transparency.sequencer import sequence_log
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100, buffer_t=10)


def form_of(client, batch, **changed):
    page = client.get(f"/credits/{batch.asset.code}/retire")
    key = page.context["form"]["key"].value()
    given = {"quantity_t": "7", "beneficiary_name": "榕江公司", "purpose": "event", "key": key}
    return given | {"is_beneficiary_public": "on", "note": "马拉松"} | changed


def retire(who, batch, **changed):
    given = {"quantity_t": 7, "beneficiary_name": "榕江公司", "purpose": "event"} | changed
    return retire_credits(actor=who.cooperative, batch_id=batch.pk, **given)


def test_everybody_reads_where_the_tonnes_of_a_batch_are(client, who, batch):
    retire(who, batch)
    context = client.get(f"/credits/{batch.asset.code}").context
    supply = context["supply"]
    assert (supply.issued, supply.held, supply.buffer, supply.retired) == (100, 83, 10, 7)
    runs = {purpose: serials for purpose, serials, _more in context["serials"]}
    first = batch.serials.lower
    assert [len(serials) for serials in runs.values()] == [1, 1, 1]
    assert f"{batch.asset.code}-{first:012d}-{first + 6:012d}" in [serial for (serial,) in runs.values()]


def test_a_batch_names_its_record_in_the_log_and_its_market(client, who, batch):
    waiting = client.get(f"/credits/{batch.asset.code}")
    assert waiting.context["record_index"] is None
    sequence_log()
    market = market_for(who, batch)
    page = client.get(f"/credits/{batch.asset.code}")
    assert page.context["record_index"] is not None
    assert f"/proof/records/{batch.transaction.record_id}" in page.content.decode()
    assert f"/markets/{market.symbol}" in page.content.decode()


@pytest.mark.parametrize("code", ["TH-35-000001-1999", "x", "%00"])
def test_what_is_no_batch_is_not_found(client, db, code):
    assert client.get(f"/credits/{code}").status_code == 404


def test_a_batch_asks_the_database_no_more_for_more_retirements(client, who, batch, django_assert_num_queries):
    for _ in range(4):
        retire(who, batch, quantity_t=1)
    with django_assert_num_queries(8):
        client.get(f"/credits/{batch.asset.code}")


def test_a_holder_looks_it_over_and_then_retires(client, who, batch):
    client.force_login(who.cooperative.user)
    given = form_of(client, batch)
    shown = client.post(f"/credits/{batch.asset.code}/retire", given)
    assert shown.context["left"] == 83
    assert not Retirement.objects.exists()
    done = client.post(f"/credits/{batch.asset.code}/retire", given | {"confirmed": "1"})
    retirement = Retirement.objects.get()
    assert done["Location"] == f"/retirements/{retirement.public_id}"
    assert (retirement.quantity_t, retirement.beneficiary_name, retirement.note) == (7, "榕江公司", "马拉松")


def test_the_same_form_sent_twice_retires_once(client, who, batch):
    client.force_login(who.cooperative.user)
    given = form_of(client, batch, quantity_t="60", confirmed="1")
    first, second = (client.post(f"/credits/{batch.asset.code}/retire", given) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Retirement.objects.count() == 1


def test_what_was_typed_can_be_changed_before_it_is_confirmed(client, who, batch):
    client.force_login(who.cooperative.user)
    given = form_of(client, batch)
    again = client.post(f"/credits/{batch.asset.code}/retire", given | {"change": "1"})
    assert again.context["form"]["beneficiary_name"].value() == "榕江公司"
    assert not Retirement.objects.exists()


@pytest.mark.parametrize("step", [{}, {"confirmed": "1"}], ids=["look over", "confirm"])
@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"quantity_t": "0"}, "quantity_t"),
        ({"quantity_t": "-3"}, "quantity_t"),
        ({"quantity_t": "1.5"}, "quantity_t"),
        ({"quantity_t": "91"}, "quantity_t"),
        ({"quantity_t": "9" * 30}, "quantity_t"),
        ({"beneficiary_name": " "}, "beneficiary_name"),
        ({"purpose": "fun"}, "purpose"),
        ({"key": "x"}, "key"),
    ],
)
def test_a_bad_retirement_is_refused_beside_its_field(client, who, batch, changed, at, step):
    client.force_login(who.cooperative.user)
    given = form_of(client, batch, **changed)
    refused = client.post(f"/credits/{batch.asset.code}/retire", given | step)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, [at])
    assert not Retirement.objects.exists()


def test_only_holders_who_may_retire_find_the_form(client, who, batch):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    for membership in (viewer, who.buyer, who.verifier, who.registrar, who.auditor):
        client.force_login(membership.user)
        assert client.get(f"/credits/{batch.asset.code}/retire").status_code == 404
    client.logout()
    assert client.get(f"/credits/{batch.asset.code}/retire").status_code == 302


def test_the_list_hides_a_beneficiary_that_is_not_public(client, who, batch):
    retire(who, batch, beneficiary_name="公开公司")
    retire(who, batch, beneficiary_name="隐名公司", is_beneficiary_public=False)
    page = client.get("/retirements").content.decode()
    assert "公开公司" in page
    assert "隐名公司" not in page


def test_the_list_asks_the_database_no_more_for_more_retirements(client, who, batch, django_assert_num_queries):
    for _ in range(5):
        retire(who, batch, quantity_t=1)
    with django_assert_num_queries(1):
        client.get("/retirements")


def test_a_certificate_has_serials_proof_and_a_code_to_scan(client, who, batch):
    retirement = retire(who, batch)
    sequence_log()
    page = client.get(f"/retirements/{retirement.public_id}")
    first = batch.serials.lower
    assert page.context["serials"] == [f"{batch.asset.code}-{first:012d}-{first + 6:012d}"]
    assert page.context["check_address"] == f"http://testserver/retirements/{retirement.public_id}/check"
    assert page.context["place"].log_index == LogLeaf.objects.latest("index").index
    assert 'class="qr"' in page.context["qr"]
    assert not re.search(r"\sstyle=|<style|<script(?! type=\"module\" src=)", page.content.decode())


def test_a_certificate_hides_a_beneficiary_and_the_note_from_all_but_its_holder_and_who_reads_everything(
    client, who, batch
):
    hidden = {"beneficiary_name": "隐名公司", "note": "为隐名公司", "is_beneficiary_public": False}
    retirement = retire(who, batch, **hidden)
    address = f"/retirements/{retirement.public_id}"
    assert "隐名公司" not in client.get(address).content.decode()
    assert str(who.cooperative.organisation) not in _certificate(client.get(address))
    for viewer, is_seen in [(who.buyer, False), (who.verifier, False), (who.cooperative, True), (who.auditor, True)]:
        client.force_login(viewer.user)
        assert ("隐名公司" in client.get(address).content.decode()) is is_seen


def _certificate(page):
    return re.search(r"<article.*?</article>", page.content.decode(), re.DOTALL).group()


def test_a_certificate_that_is_none_is_not_found(client, db):
    assert client.get(f"/retirements/{uuid.uuid4()}").status_code == 404


def test_a_certificate_asks_the_database_little(client, who, batch, django_assert_num_queries):
    retirement = retire(who, batch)
    with django_assert_num_queries(3):
        client.get(f"/retirements/{retirement.public_id}")
