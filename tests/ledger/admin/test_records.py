"""From any row to its records and their proofs, and back."""

from typing import Any

import pytest
from django.db import connection, models
from django.test import Client

from ledger.admin.display import object_url
from ledger.credits.services import retire_credits
from ledger.journal.payments import refuse_payment, request_withdrawal
from ledger.models import Account, Membership, Payment, Record, Transaction, Transfer
from ledger.parties.role_changes import confirm_change, propose_change
from ledger.parties.services import approve_organisation, suspend_organisation
from ledger.projects.services import create_project
from ledger.transparency.sequencer import sequence_log
from tests.database import as_owner
from tests.desk import client_of
from tests.factories import OrganisationFactory, UserFactory
from tests.scenes import People, issue_to_cooperative, pay_in


@pytest.fixture
def auditor(who: People) -> Client:
    return client_of(who.auditor)


def kinds(client: Client, target: models.Model) -> list[str]:
    """Return the kinds of the records that an object's page names, the newest first, each of which leads back to it."""
    table = client.get(object_url(target)).context["records"]
    if table is None:
        return []
    for number, *_rest in table.rows:
        address = str(number).split('"')[1]
        assert object_url(target) in client.get(address).content.decode(), address
    return [row[1] for row in table.rows]


def test_payments(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 1_000)
    pay_in(who, who.other_buyer, 1_000)
    refused = request_withdrawal(actor=who.buyer, amount_fen=10)
    refuse_payment(actor=who.treasurer, payment_id=refused.pk)
    posted = Payment.objects.earliest("id")
    table = auditor.get(object_url(posted)).context["records"]
    assert [row[1] for row in table.rows] == ["payment_confirmed", "transaction_posted", "payment_requested"]
    assert kinds(auditor, refused) == ["payment_refused", "payment_requested"]


def test_transactions_transfers_and_accounts(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 1_000)
    assert kinds(auditor, Transaction.objects.get()) == ["transaction_posted"]
    assert kinds(auditor, Transfer.objects.get()) == ["transaction_posted"]
    for account in Account.objects.all():
        assert kinds(auditor, account) == ["account_opened"]


def test_batches_reports_and_retirements(who: People, auditor: Client) -> None:
    batch, other = issue_to_cooperative(who, 10), issue_to_cooperative(who, 10)
    retirement = retire_credits(
        actor=who.cooperative, batch_id=batch.pk, quantity_t=1, beneficiary_name="我", purpose="own_footprint"
    )
    life = ["batch_issued", "report_approved", "report_verified", "report_submitted"]
    assert kinds(auditor, batch.report) == kinds(auditor, other.report) == life
    shown = auditor.get(object_url(batch)).context["records"].rows
    assert [row[1] for row in shown] == ["batch_issued", "transaction_posted"]
    shown = auditor.get(object_url(retirement)).context["records"].rows
    assert [row[1] for row in shown] == ["credits_retired", "transaction_posted"]
    assert object_url(retirement) in auditor.get(str(shown[0][0]).split('"')[1]).content.decode()


def test_projects(who: People, auditor: Client) -> None:
    project = create_project(
        actor=who.cooperative,
        name="稻田",
        place="福建",
        province_code="35",
        methodology="rice-water-1",
        settings={"gwp": "AR5", "region": "east_asia"},
        crediting_starts_on=who.cooperative.organisation.created_at.date(),
        crediting_ends_on=who.cooperative.organisation.created_at.date().replace(year=2040),
    )
    assert kinds(auditor, project) == ["project_created"]


def test_organisations_people_and_memberships(who: People, auditor: Client) -> None:
    organisation = OrganisationFactory(status="applied")
    approve_organisation(actor=who.registrar, organisation_id=organisation.pk)
    suspend_organisation(actor=who.registrar, organisation_id=organisation.pk)
    assert kinds(auditor, organisation) == ["organisation_suspended", "organisation_approved", "organisation_applied"]
    owner = Membership.objects.create(
        user=UserFactory(), organisation=who.registrar.organisation, role=Membership.Role.OWNER
    )
    change = propose_change(actor=owner, person=UserFactory(), role="registrar")
    confirm_change(actor=who.registrar, change_id=change.pk)
    membership = Membership.objects.get(user=change.person)
    assert kinds(auditor, membership.user) == ["member_added"]
    shown = auditor.get(object_url(membership)).context["records"].rows
    assert [row[1] for row in shown] == ["member_added"]


def test_what_has_no_record_says_nothing(who: People, auditor: Client) -> None:
    assert kinds(auditor, UserFactory()) == []


def proof_on_page(client: Client, record: Record) -> Any:
    return client.get(object_url(record)).context["proof"]


def test_a_record_shows_its_proof_verified(who: People, auditor: Client) -> None:
    for _time in range(7):
        pay_in(who, who.buyer, 100)
    size = sequence_log()
    for record in Record.objects.select_related("leaf"):
        proof = proof_on_page(auditor, record)
        assert (proof.index, proof.checkpoint.tree_size, proof.problem) == (record.leaf.index, size, "")
    proof = proof_on_page(auditor, Record.objects.earliest("id"))
    page = auditor.get(object_url(Record.objects.earliest("id"))).content.decode()
    assert len(proof.hashes) == (size - 1).bit_length()
    assert all(value in page for value in (*proof.hashes, proof.leaf, proof.root))
    as_json = auditor.get(f"/api/v1/log/inclusion?record={Record.objects.earliest('id').pk}").json()
    assert (as_json["leaf_hash"], as_json["hashes"], as_json["root_hash"]) == (proof.leaf, proof.hashes, proof.root)


def test_a_record_that_waits_has_no_proof_yet(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 100)
    record = Record.objects.latest("id")
    assert proof_on_page(auditor, record) is None
    assert "It waits for its place" in auditor.get(object_url(record)).content.decode()


TAMPERING = {
    "an entry": "UPDATE ledger_record SET entry = overlay(entry placing '\\x58' from 12) WHERE id = {record}",
    "an entry that is no text any more": "UPDATE ledger_record SET entry = '\\xff00' WHERE id = {record}",
    "another leaf": "UPDATE ledger_logleaf SET leaf_hash = sha256('x') WHERE index = 0",
    "a leaf that is gone": "DELETE FROM ledger_logleaf WHERE index = 0",
    "the root": "UPDATE ledger_checkpoint SET root_hash = sha256('x')",
}


@pytest.mark.parametrize("change", TAMPERING.values(), ids=TAMPERING.keys())
def test_what_was_tampered_with_is_said_and_breaks_no_page(change: str, who: People, auditor: Client) -> None:
    for _time in range(3):
        pay_in(who, who.buyer, 100)
    sequence_log()
    record = Record.objects.latest("id")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(change.format(record=record.pk))
    answer = auditor.get(object_url(record))
    assert answer.status_code == 200
    assert answer.context["proof"].problem
    assert "The proof does not hold" in answer.content.decode()
    assert auditor.get("/admin/ledger/record/").status_code == 200
