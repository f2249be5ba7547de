"""Pages of what becomes of credits: transfers, cancellations, reversals and certificates as files."""

import re
import uuid

import pytest

from ledger.credits.reversals.services import confirm_reversal
from ledger.credits.transfers.services import accept_transfer
from ledger.models import Cancellation, CreditTransfer, Organisation, Reversal
from ledger.transparency.sequencer import sequence_log
from tests.factories import MembershipFactory
from tests.pdf import embedded_fonts, text_of
from tests.scenes import issue_to_cooperative, offer_credits, report_loss

CODE = "91350100M000100Y43"


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100, buffer_t=10)


def login(client, member):
    client.force_login(member.user)
    return client


def key_of(client, address):
    return client.get(address).context["form"]["key"].value()


# Transfers


def transfer_form(client, who, batch, **changed):
    address = f"/credits/{batch.asset.code}/transfer"
    given = {"recipient": str(who.buyer.organisation.public_id), "quantity_t": "7", "ground": "gift"}
    return address, given | {"price_fen": "", "note": "谢谢", "key": key_of(client, address)} | changed


def test_a_holder_looks_at_the_recipients_name_and_then_offers(client, who, batch):
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(credit_code=CODE)
    login(client, who.cooperative)
    address, given = transfer_form(
        client, who, batch, recipient="9135 0100 M000100Y43", ground="contract", price_fen="39.5"
    )
    shown = client.post(address, given)
    assert who.buyer.organisation.name in shown.content.decode()
    assert not CreditTransfer.objects.exists()
    done = [client.post(address, given | {"confirmed": "1"}) for _time in range(2)]
    made = CreditTransfer.objects.get()
    assert {answer["Location"] for answer in done} == {f"/transfers/{made.public_id}"}
    assert (made.quantity_t, made.price_fen, made.note) == (7, 3_950, "谢谢")


@pytest.mark.parametrize("step", [{}, {"confirmed": "1"}], ids=["look over", "confirm"])
@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"quantity_t": "0"}, "quantity_t"),
        ({"quantity_t": "91"}, "quantity_t"),
        ({"quantity_t": "9" * 30}, "quantity_t"),
        ({"recipient": ""}, "recipient"),
        ({"recipient": "nobody"}, "recipient"),
        ({"recipient": "\x00"}, "recipient"),
        ({"ground": "theft"}, "ground"),
        ({"price_fen": "-1"}, "price_fen"),
        ({"note": "n" * 301}, "note"),
        ({"key": "x"}, "key"),
    ],
)
def test_a_bad_transfer_is_refused_beside_its_field_and_keeps_what_was_typed(client, who, batch, changed, at, step):
    login(client, who.cooperative)
    address, given = transfer_form(client, who, batch, **changed)
    refused = client.post(address, given | step)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, [at])
    assert refused.context["form"]["note"].value() == given["note"]
    assert not CreditTransfer.objects.exists()


def test_a_recipient_finds_it_in_its_queue_and_accepts(client, who, batch):
    transfer = offer_credits(who.cooperative, who.buyer, batch, 7)
    login(client, who.buyer)
    assert list(client.get("/work").context["transfers"]) == [transfer]
    page = client.get(f"/transfers/{transfer.public_id}")
    assert (page.context["may_decide"], page.context["may_withdraw"]) == (True, False)
    assert client.post(f"/transfers/{transfer.public_id}/accept")["Location"] == f"/transfers/{transfer.public_id}"
    page = client.get(f"/transfers/{transfer.public_id}")
    first = batch.serials.lower
    assert page.context["serials"] == [f"{batch.asset.code}-{first:012d}-{first + 6:012d}"]
    # Too late: a message, no error.
    assert client.post(f"/transfers/{transfer.public_id}/decline").status_code == 302
    assert CreditTransfer.objects.get().state == "accepted"


def test_a_sender_withdraws(client, who, batch):
    transfer = offer_credits(who.cooperative, who.buyer, batch, 7)
    login(client, who.cooperative)
    assert client.get(f"/transfers/{transfer.public_id}").context["may_withdraw"]
    client.post(f"/transfers/{transfer.public_id}/withdraw")
    assert CreditTransfer.objects.get().state == "withdrawn"
    assert not client.get("/transfers").context["page"].object_list
    assert len(client.get("/transfers?state=all").context["page"].object_list) == 1


def test_transfers_are_seen_by_those_concerned_alone(client, who, batch):
    transfer = offer_credits(who.cooperative, who.buyer, batch, 7)
    address = f"/transfers/{transfer.public_id}"
    for member, status in [
        (who.cooperative, 200),
        (who.buyer, 200),
        (who.registrar, 200),
        (who.auditor, 200),
        (who.other_buyer, 404),
        (who.verifier, 404),
    ]:
        login(client, member)
        assert client.get(address).status_code == status
        assert client.post(f"{address}/withdraw").status_code == (404 if status == 404 else 302)
        assert CreditTransfer.objects.get().state == (
            "withdrawn" if member == who.cooperative else CreditTransfer.objects.get().state
        )
    client.logout()
    assert client.get(address).status_code == 302
    assert client.get(f"/transfers/{uuid.uuid4()}").status_code == 302


@pytest.mark.parametrize("page", ["transfer", "cancel"])
def test_only_holders_who_may_hand_on_find_the_forms(client, who, batch, page):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    for member in (viewer, who.buyer, who.verifier, who.registrar, who.auditor):
        login(client, member)
        assert client.get(f"/credits/{batch.asset.code}/{page}").status_code == 404
    login(client, who.cooperative)
    assert client.get(f"/credits/{batch.asset.code}/{page}").status_code == 200
    client.logout()
    assert client.get(f"/credits/{batch.asset.code}/{page}").status_code == 302


def test_lists_ask_the_database_no_more_for_more_rows(client, who, batch, django_assert_num_queries):
    for days in range(4):
        offer_credits(who.cooperative, who.buyer, batch, 1)
        report_loss(who.cooperative, batch.project, 1, days_ago=days)
    for each in Reversal.objects.all():
        confirm_reversal(actor=who.registrar, public_id=each.public_id)
    with django_assert_num_queries(2):
        client.get("/cancellations")
    with django_assert_num_queries(4):
        client.get("/reversals")
    login(client, who.buyer)
    with django_assert_num_queries(5):
        client.get("/transfers")


# Cancellations


def test_a_holder_looks_it_over_and_then_cancels(client, who, batch):
    login(client, who.cooperative)
    address = f"/credits/{batch.asset.code}/cancel"
    first = batch.serials.lower + 20
    written = f"{batch.asset.code}-{first:012d}-{first + 4:012d}"
    given = {
        "quantity_t": "5",
        "first_serial": written,
        "reason": "no_claim",
        "note": "",
        "key": key_of(client, address),
    }
    assert client.post(address, given).context["question"]
    assert not Cancellation.objects.exists()
    done = [client.post(address, given | {"confirmed": "1"}) for _time in range(2)]
    made = Cancellation.objects.get()
    assert {answer["Location"] for answer in done} == {f"/cancellations/{made.public_id}"}
    assert [(run.lower, run.upper) for run in made.serials] == [(first, first + 5)]


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"quantity_t": "91"}, "quantity_t"),
        ({"quantity_t": "-1"}, "quantity_t"),
        ({"first_serial": "x"}, "first_serial"),
        ({"first_serial": "0"}, "first_serial"),
        ({"first_serial": "9" * 19}, "first_serial"),
        ({"first_serial": "400"}, "first_serial"),
        ({"reason": "reversal"}, "reason"),
        ({"reason": "other"}, "note"),
        ({"note": "\x00"}, "note"),
    ],
)
def test_a_bad_cancellation_is_refused_beside_its_field(client, who, batch, changed, at):
    login(client, who.cooperative)
    address = f"/credits/{batch.asset.code}/cancel"
    given = {"quantity_t": "5", "first_serial": "", "reason": "no_claim", "note": "", "key": key_of(client, address)}
    refused = client.post(address, given | changed | {"confirmed": "1"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, [at])
    assert not Cancellation.objects.exists()


def test_a_cancellation_has_a_permanent_page_and_a_file_that_name_no_holder_who_is_not_public(client, who, batch):
    accept_transfer(actor=who.buyer, public_id=offer_credits(who.cooperative, who.buyer, batch, 9).public_id)
    login(client, who.buyer)
    address = f"/credits/{batch.asset.code}/cancel"
    given = {"quantity_t": "5", "first_serial": "", "reason": "no_claim", "note": "为了 <b>气候</b>"}
    client.post(address, given | {"key": key_of(client, address), "confirmed": "1"})
    sequence_log()
    made = Cancellation.objects.get()
    page, name = f"/cancellations/{made.public_id}", who.buyer.organisation.name
    assert name in client.get(page).content.decode()
    client.logout()
    shown = client.get(page)
    assert shown.context["address"] == f"http://testserver{page}"
    assert not re.search(r"\sstyle=|<style|<script>", shown.content.decode())
    text = text_of(client.get(f"{page}/statement.pdf").content)
    for answer in (shown.content.decode(), text):
        assert name not in answer
    first = batch.serials.lower
    for said in (str(made.public_id), f"{batch.asset.code}-{first:012d}-{first + 4:012d}", "为了 <b>气候</b>", page):
        assert said in text
    assert client.get(f"/cancellations/{uuid.uuid4()}").status_code == 404
    assert client.get(f"/cancellations/{uuid.uuid4()}/statement.pdf").status_code == 404


# Reversals


def test_a_loss_is_reported_shown_and_made_up_for(client, who, batch):
    login(client, who.cooperative)
    project_page = f"/projects/{batch.project.code}"
    assert f"{project_page}/reversals/new" in client.get(project_page).content.decode()
    given = {
        "cause": "flood",
        "happened_on": "2025-06-01",
        "discovered_on": "2025-06-02",
        "loss_t": "25",
        "description": "决堤",
    }
    done = client.post(f"{project_page}/reversals/new", given)
    loss = Reversal.objects.get()
    assert done["Location"] == f"/reversals/{loss.public_id}"
    client.logout()
    assert client.get(f"/reversals/{loss.public_id}").status_code == 404
    confirm_reversal(actor=who.registrar, public_id=loss.public_id)
    public = client.get(f"/reversals/{loss.public_id}")
    assert (public.context["owed"], public.context["form"]) == (15, None)
    assert [owed for _reversal, owed in client.get(project_page).context["reversals"]] == [15]
    login(client, who.cooperative)
    (task,) = (task for task in client.get("/work").context["tasks"] if task.kind == "reversal_to_make_up_for")
    assert "15 t" in task.subject
    page = client.get(f"/reversals/{loss.public_id}")
    key = page.context["form"]["key"].value()
    wrong = client.post(f"/reversals/{loss.public_id}", {"batch": batch.asset.code, "quantity_t": "16", "key": key})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["quantity_t"])
    client.post(f"/reversals/{loss.public_id}", {"batch": batch.asset.code, "quantity_t": "15", "key": key})
    assert Reversal.objects.get().state == "compensated"
    login(client, who.buyer)
    assert client.post(f"/reversals/{loss.public_id}", {}).status_code == 404


def test_a_bad_report_is_refused_beside_its_field(client, who, batch):
    login(client, who.verifier)
    address = f"/projects/{batch.project.code}/reversals/new"
    good = {
        "cause": "fire",
        "happened_on": "2025-06-01",
        "discovered_on": "2025-06-02",
        "loss_t": "5",
        "description": "火",
    }
    for changed, at in [
        ({"loss_t": "101"}, "loss_t"),
        ({"loss_t": "0"}, "loss_t"),
        ({"cause": "locusts"}, "cause"),
        ({"happened_on": "2025-07-01"}, "happened_on"),
        ({"discovered_on": "2999-01-01"}, "discovered_on"),
        ({"happened_on": "1.6.25x"}, "happened_on"),
        ({"description": " "}, "description"),
    ]:
        refused = client.post(address, good | changed)
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, [at]), changed
    assert not Reversal.objects.exists()
    login(client, who.buyer)
    assert client.get(address).status_code == 404


# Certificates as files


def test_a_certificate_is_a_file_in_both_languages_with_its_font(client, who, batch, settings):
    settings.PUBLIC_URL = "https://registry.example"
    login(client, who.cooperative)
    address = f"/credits/{batch.asset.code}/retire"
    given = {
        "quantity_t": "1",
        "beneficiary_name": "骉<i>公司",
        "beneficiary_code": CODE.lower(),
        "beneficiary_place": "福州",
        "purpose": "judicial_restitution",
        "court_name": "福建省高级人民法院",
        "case_number": "(2023)闽01刑初1号",
        "period_starts_on": "2023-01-01",
        "period_ends_on": "2023-12-31",
        "first_serial": str(batch.serials.lower + 3),
        "note": "马拉松",
        "key": key_of(client, address),
    }
    done = client.post(address, given | {"confirmed": "1"})
    sequence_log()
    content = client.get(f"{done['Location']}/certificate.pdf").content
    text = text_of(content)
    for said in (
        "<i>公司",
        CODE,
        "福建省高级人民法院",
        "2023-01-01 – 2023-12-31",
        f"{batch.asset.code}-{batch.serials.lower + 3:012d}",
        "Certificate of retirement",
        "tonnes CO2e",
        batch.project.name,
        f"https://registry.example{done['Location']}/check",
        "Place in the public log",
    ):
        assert said in text, said
    assert "NotoSansSC-Regular" in embedded_fonts(content)
    # Not public here: a stranger's file says nothing that would tell who it was.
    client.logout()
    hidden = text_of(client.get(f"{done['Location']}/certificate.pdf").content)
    for told in ("公司", CODE, "福建省高级人民法院", "马拉松", "2023-01-01", who.cooperative.organisation.name):
        assert told not in hidden.replace("田汇", ""), told


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"beneficiary_code": "91350100M000100Y44"}, "beneficiary_code"),
        ({"purpose": "judicial_restitution"}, "court_name"),
        ({"purpose": "judicial_restitution", "court_name": "法院"}, "case_number"),
        ({"court_name": "法院"}, "court_name"),
        ({"purpose": "on_behalf_of"}, "beneficiary_code"),
        ({"period_starts_on": "2023-01-01"}, "period_ends_on"),
        ({"period_starts_on": "2023-02-01", "period_ends_on": "2023-01-01"}, "period_ends_on"),
        ({"period_starts_on": "1950-02-01", "period_ends_on": "2023-01-01"}, "period_starts_on"),
        ({"period_starts_on": "2023-02-01", "period_ends_on": "2093-01-01"}, "period_ends_on"),
        ({"first_serial": "99999"}, "first_serial"),
    ],
)
def test_what_a_purpose_needs_is_asked_for_beside_its_field(client, who, batch, changed, at):
    login(client, who.cooperative)
    address = f"/credits/{batch.asset.code}/retire"
    given = {"quantity_t": "1", "beneficiary_name": "乙", "purpose": "event", "key": key_of(client, address)}
    refused = client.post(address, given | changed | {"confirmed": "1"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, [at])
