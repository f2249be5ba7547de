"""What waits for whom, of the registry and the ledger."""

import datetime as dt

import pytest
from django.urls import resolve
from django.utils import timezone

from ledger.credits.reversals.services import confirm_reversal
from ledger.journal.payments import request_deposit
from ledger.models import Membership, Organisation, ReconciliationRun
from ledger.projects.conflicts import declare_conflict
from ledger.workload.selectors import tasks_of
from ledger.workload.tasks import MOST_OF_A_KIND, Task
from tests.factories import MembershipFactory, OrganisationFactory, ProjectFactory, ReportFactory
from tests.scenes import accepted, answer, find, issue_to_cooperative, offer_credits, report_loss

pytestmark = pytest.mark.django_db


def kinds(reader: Membership) -> list[str]:
    """Return the kinds of a reader's tasks, each of which leads to a page that there is."""
    tasks = tasks_of(reader)
    assert all(resolve(task.url.partition("?")[0]) for task in tasks)
    return [task.kind for task in tasks]


def own_project(who, **more):
    return ProjectFactory(
        proponent=who.cooperative.organisation,
        crediting_starts_on=dt.date(2025, 1, 1),
        crediting_ends_on=dt.date(2034, 12, 31),
        **more,
    )


def test_nothing_waits_where_nothing_has_happened(who):
    for person in (who.cooperative, who.buyer, who.verifier, who.registrar, who.treasurer, who.auditor):
        assert tasks_of(person) == []


def test_a_report_goes_from_one_list_to_another_as_its_steps_are_taken(who):
    project = own_project(who)
    assert kinds(who.cooperative) == ["vintage_to_report"]
    report = ReportFactory(
        project=project,
        vintage=2025,
        status="submitted",
        verifier=who.verifier.organisation,
        verified_by=None,
        approved_by=None,
    )
    assert (kinds(who.cooperative), kinds(who.verifier)) == ([], ["report_to_accept"])
    accepted(who, report)
    assert kinds(who.verifier) == ["report_to_verify"]
    first, second = find(who, report), find(who, report)
    (task,) = tasks_of(who.cooperative)
    assert (task.kind, task.count, kinds(who.verifier)) == ("findings_to_answer", 2, [])
    assert task.due_on == timezone.localdate() + dt.timedelta(days=14)
    answer(who, first)
    assert tasks_of(who.cooperative)[0].count == 1
    answer(who, second)
    assert (kinds(who.cooperative), kinds(who.verifier)) == ([], ["answers_to_judge"])


def test_drafts_and_what_is_suspended_wait_for_their_cooperative_and_what_was_rejected_for_nobody(who):
    for status in ("draft", "rejected", "suspended", "submitted", "withdrawn"):
        own_project(who, status=status)
    assert sorted(kinds(who.cooperative)) == ["project_draft", "project_suspended"]
    # What was handed in waits for any verifier; a year's report is nobody's to write before the project is registered.
    assert kinds(who.verifier) == ["project_to_take_on"]


def test_what_a_verifier_has_a_conflict_about_waits_for_others(who):
    project = own_project(who, status="submitted")
    declare_conflict(actor=who.verifier, project_id=project.pk, nature="advised")
    other = MembershipFactory(organisation__kind=Organisation.Kind.VERIFIER)
    assert (kinds(who.verifier), kinds(other)) == ([], ["project_to_take_on"])


def test_an_offered_transfer_waits_for_its_recipient_until_it_expires(who):
    batch = issue_to_cooperative(who, 100)
    transfer = offer_credits(who.cooperative, who.buyer, batch, 40)
    (task,) = tasks_of(who.buyer)
    assert (task.kind, task.due_at, task.url) == (
        "transfer_to_decide",
        transfer.expires_at,
        f"/transfers/{transfer.public_id}",
    )
    assert "40 t" in task.subject
    assert "transfer_to_decide" not in kinds(who.cooperative)
    type(transfer).objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert tasks_of(who.buyer) == []


def test_a_reversal_waits_for_its_proponent_until_it_is_made_up_for(who):
    project = own_project(who)
    issue_to_cooperative(who, 100, buffer_t=10, project=project, vintage=2025)
    reversal = report_loss(who.registrar, project, 10, cause="ploughed_up")
    second = MembershipFactory(organisation=who.registrar.organisation, role="registrar")
    assert (kinds(who.registrar), kinds(second)) == ([], ["losses_to_confirm"])
    confirm_reversal(actor=second, public_id=reversal.public_id)
    reversal.refresh_from_db()
    task = next(each for each in tasks_of(who.cooperative) if each.kind == "reversal_to_make_up_for")
    assert (task.due_on, "10 t" in task.subject) == (reversal.due_on, True)


def test_the_operators_tasks_are_queues_and_what_one_entered_waits_for_another(who):
    OrganisationFactory(status="applied")
    OrganisationFactory(status="applied")
    request_deposit(actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=100, bank_reference="BANK-1")
    found = {task.kind: task for task in tasks_of(who.treasurer)}
    assert list(found) == ["organisations_to_approve"]
    assert (found["organisations_to_approve"].count, found["organisations_to_approve"].is_for(who.treasurer)) == (
        2,
        False,
    )
    # One's own step comes first, whatever is due before it.
    assert kinds(who.second_treasurer) == ["payments_to_confirm", "organisations_to_approve"]
    assert tasks_of(who.second_treasurer)[0].url == "/admin/ledger/payment/?status__exact=requested"
    assert kinds(who.auditor) == []


def test_books_that_do_not_reconcile_wait_for_operator_and_auditor(who):
    now = timezone.now()
    ReconciliationRun.objects.create(
        started_at=now, finished_at=now, triggered_by="beat", tree_size=0, results=[], holds=False
    )
    assert (kinds(who.auditor), kinds(who.registrar)) == (["books_to_examine"], ["books_to_examine"])
    ReconciliationRun.objects.create(
        started_at=now, finished_at=now, triggered_by="beat", tree_size=0, results=[], holds=True
    )
    assert tasks_of(who.auditor) == []


def test_nothing_waits_for_an_organisation_that_is_not_approved(who):
    project = own_project(who, status="draft")
    Organisation.objects.filter(pk=project.proponent_id).update(status="suspended")
    who.cooperative.organisation.refresh_from_db()
    assert tasks_of(who.cooperative) == []


def test_what_is_late_and_what_has_no_day_have_their_places(who):
    late = Task("a", "", "", "home", due_on=timezone.localdate() - dt.timedelta(days=1))
    today = Task("b", "", "", "home", due_on=timezone.localdate())
    assert (late.is_late, today.is_late, Task("c", "", "", "home").is_late) == (True, False, False)
    # A day ends when it ends in China, whatever the zone of the server.
    assert today.ends_at == timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(
        days=1
    )


def test_a_viewer_sees_the_tasks_as_somebody_elses(who):
    own_project(who, status="draft")
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    (task,) = tasks_of(viewer)
    assert not task.is_for(viewer)
    assert task.is_for(who.cooperative)


def test_lists_are_bounded_and_so_are_their_queries(who, django_assert_num_queries):
    for _ in range(MOST_OF_A_KIND + 3):
        own_project(who, status="submitted")
    own_project(who)
    with django_assert_num_queries(5):
        assert len(tasks_of(who.verifier)) == MOST_OF_A_KIND
    with django_assert_num_queries(6):
        tasks_of(who.cooperative)
    with django_assert_num_queries(2):
        tasks_of(who.buyer)
    with django_assert_num_queries(5):
        tasks_of(who.registrar)
    with django_assert_num_queries(1):
        tasks_of(who.auditor)
