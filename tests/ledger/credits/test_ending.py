"""A project neither leaves the registry nor comes to its end while something is open about what it has lost."""

import datetime as dt

import pytest

from ledger import tasks
from ledger.credits.reversals.ending import ask_withdrawal, complete_projects, grant_withdrawal
from ledger.credits.reversals.services import confirm_reversal, refuse_reversal, replenish
from ledger.errors import LossUndecided, NotFound, ReversalOwed
from ledger.models import Project
from ledger.projects.lifecycle import ask_withdrawal as asked_before
from tests.callers import Caller, is_problem
from tests.desk import client_of
from tests.factories import MembershipFactory
from tests.racing import race
from tests.scenes import issue_to_cooperative, report_loss

pytestmark = pytest.mark.django_db
LATE = dt.date(2040, 1, 1)


@pytest.fixture
def batch(who):
    """Return 100 t of which 10 are in the buffer pool."""
    return issue_to_cooperative(who, 100, buffer_t=10)


def lost(who, batch, loss_t=25):
    return report_loss(who.verifier, batch.project, loss_t)


def confirmed(who, batch, loss_t=25):
    return confirm_reversal(actor=who.registrar, public_id=lost(who, batch, loss_t).public_id)


def test_a_withdrawal_waits_until_what_is_owed_is_made_up_for(who, batch):
    reversal = lost(who, batch)
    ask = {"actor": who.cooperative, "project_id": batch.project_id, "reason": "Sold."}
    with pytest.raises(LossUndecided):
        ask_withdrawal(**ask)
    confirm_reversal(actor=who.registrar, public_id=reversal.public_id)
    with pytest.raises(ReversalOwed) as refusal:
        ask_withdrawal(**ask)
    assert refusal.value.params == {"project": batch.project.code, "owed": 15}
    assert Project.objects.get(pk=batch.project_id).withdrawal_asked_at is None
    replenish(actor=who.cooperative, public_id=reversal.public_id, batch_id=batch.pk, quantity_t=15)
    ask_withdrawal(**ask)
    assert grant_withdrawal(actor=who.registrar, project_id=batch.project_id).status == "withdrawn"


def test_a_loss_that_comes_after_the_asking_holds_the_withdrawal_up(who, batch):
    ask_withdrawal(actor=who.cooperative, project_id=batch.project_id, reason="Sold.")
    reversal = lost(who, batch)
    grant = {"actor": who.registrar, "project_id": batch.project_id}
    with pytest.raises(LossUndecided):
        grant_withdrawal(**grant)
    refuse_reversal(actor=who.registrar, public_id=reversal.public_id, reason="Another field.")
    assert grant_withdrawal(**grant).status == "withdrawn"


def test_whoever_left_is_liable_for_what_is_found_later(who, batch):
    ask_withdrawal(actor=who.cooperative, project_id=batch.project_id, reason="Sold.")
    grant_withdrawal(actor=who.registrar, project_id=batch.project_id)
    reversal = confirmed(who, batch)
    assert reversal.owed_t == 15
    replenish(actor=who.cooperative, public_id=reversal.public_id, batch_id=batch.pk, quantity_t=15)


def test_what_another_cooperative_owes_nobody_learns_by_asking(who, batch):
    confirmed(who, batch)
    stranger = MembershipFactory(organisation__kind="cooperative")
    with pytest.raises(NotFound):
        ask_withdrawal(actor=stranger, project_id=batch.project_id, reason="Mine.")


def test_a_project_that_owes_is_not_completed(who, batch):
    reversal = confirmed(who, batch)
    assert complete_projects(LATE) == []
    assert Project.objects.get(pk=batch.project_id).status == "registered"
    replenish(actor=who.cooperative, public_id=reversal.public_id, batch_id=batch.pk, quantity_t=15)
    assert complete_projects(LATE) == [batch.project]
    tasks.complete_projects()


def test_every_door_refuses_it(who, batch):
    # As somebody asked before the loss was reported.
    asked_before(actor=who.cooperative, project_id=batch.project_id, reason="Sold.")
    confirmed(who, batch)
    code, pk = batch.project.code, batch.project_id
    assert is_problem(Caller(who.registrar).send(f"/projects/{code}/withdrawal/grant"), 409, "reversal_owed")
    answer = client_of(who.registrar).post(f"/admin/ledger/project/{pk}/withdraw/")
    assert (answer.status_code, "owes 15 t" in answer.content.decode()) == (409, True)
    Project.objects.filter(pk=pk).update(withdrawal_asked_at=None)
    body = {"reason": "Sold."}
    assert is_problem(Caller(who.cooperative).send(f"/projects/{code}/withdrawal", body), 409, "reversal_owed")
    answer = client_of(who.cooperative).post(f"/projects/{code}/steps/withdrawal", body)
    assert (answer.status_code, "owes 15 t" in answer.content.decode(), "Sold." in answer.content.decode()) == (
        422,
        True,
        True,
    )


@pytest.mark.django_db(transaction=True)
def test_a_loss_that_is_reported_at_the_same_moment_is_seen_or_comes_after(who):
    batch = issue_to_cooperative(who, 100, buffer_t=10)
    asked_before(actor=who.cooperative, project_id=batch.project_id, reason="Sold.")
    reversal, outcome = race(
        lambda: report_loss(who.verifier, batch.project, 25),
        lambda: grant_withdrawal(actor=who.registrar, project_id=batch.project_id),
    )
    project = Project.objects.get(pk=batch.project_id)
    assert list(project.reversals.all()) == [reversal]
    assert (project.status == "withdrawn") == isinstance(outcome, Project)
    assert isinstance(outcome, Project | LossUndecided)
