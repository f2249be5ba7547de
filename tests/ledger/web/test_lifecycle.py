"""The steps of a project's life on its page: offered to whom they belong to, refused with a reason."""

import datetime as dt

import pytest
from django.utils import timezone

from ledger.models import DeclaredConflict, Project, Renewal
from ledger.projects.conflicts import declare_conflict
from ledger.projects.debundling import decide_debundling
from ledger.projects.renewals import request_renewal
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, beside, square

Status = Project.Status
WHY = {"reason": "As agreed."}


def project_of(who, status, **changes):
    return ProjectFactory(
        proponent=who.cooperative.organisation, status=status, validator=who.verifier.organisation, **changes
    )


@pytest.fixture
def ending(who):
    return project_of(who, Status.REGISTERED, crediting_ends_on=timezone.localdate() + dt.timedelta(days=9))


def moves_of(client, person, project):
    client.force_login(person.user)
    return {move.name for move, _form in client.get(f"/projects/{project.code}").context["moves"]}


def take(client, person, project, step, **given):
    client.force_login(person.user)
    return client.post(f"/projects/{project.code}/steps/{step}", given)


@pytest.mark.parametrize(
    ("status", "cooperative", "verifier"),
    [
        (Status.SUBMITTED, {"withdraw"}, {"accept", "conflict"}),
        (Status.IN_VALIDATION, {"withdraw"}, {"return", "decline", "conflict"}),
        (Status.VALIDATED, {"withdraw"}, {"conflict"}),
        (Status.REGISTERED, {"withdrawal"}, {"conflict"}),
        (Status.SUSPENDED, {"withdrawal"}, {"conflict"}),
        (Status.COMPLETED, set(), {"conflict"}),
        (Status.WITHDRAWN, set(), set()),
        (Status.REJECTED, set(), set()),
    ],
)
def test_each_reader_is_offered_the_steps_that_are_due(client, who, status, cooperative, verifier):
    project = project_of(who, status)
    assert moves_of(client, who.cooperative, project) == cooperative
    assert moves_of(client, who.verifier, project) == verifier
    for person in (who.registrar, who.auditor):
        assert moves_of(client, person, project) == set()


def test_another_verifier_is_offered_nothing_of_a_validation(client, who):
    other = MembershipFactory(organisation__kind="verifier")
    project = project_of(who, Status.IN_VALIDATION)
    assert moves_of(client, other, project) == {"conflict"}
    assert not client.get(f"/projects/{project.code}").context["may_validate"]
    refused = take(client, other, project, "return", **WHY)
    assert refused.status_code == 422
    project.refresh_from_db()
    assert project.status == Status.IN_VALIDATION


def test_a_verifier_takes_a_project_on_and_gives_it_up(client, who):
    project = project_of(who, Status.SUBMITTED)
    assert take(client, who.verifier, project, "accept")["Location"] == f"/projects/{project.code}"
    refused = take(client, who.verifier, project, "decline", reason=" ")
    assert refused.status_code == 422
    assert {move.name: form.errors for move, form in refused.context["moves"]}["decline"]
    assert take(client, who.verifier, project, "decline", **WHY).status_code == 302
    project.refresh_from_db()
    assert (project.status, project.verifier_remark) == (Status.SUBMITTED, "As agreed.")


def test_a_project_that_is_sent_back_leads_the_verifier_to_its_queue(client, who):
    project = project_of(who, Status.IN_VALIDATION)
    assert take(client, who.verifier, project, "return", **WHY)["Location"] == "/work"
    project.refresh_from_db()
    assert project.status == Status.DRAFT


def test_who_comes_too_late_is_told_so(client, who):
    project = project_of(who, Status.SUBMITTED)
    take(client, MembershipFactory(organisation__kind="verifier"), project, "accept")
    late = take(client, who.verifier, project, "accept")
    assert late.status_code == 422
    assert late.context["refusals"][0] in late.content.decode()


@pytest.mark.parametrize("step", ["accept", "return", "withdraw", "withdrawal", "renew", "assess", "conflict"])
def test_nobody_takes_a_step_that_is_not_theirs(client, who, step):
    statuses = {"accept": "submitted", "return": "in_validation", "withdraw": "validated"}
    project = project_of(who, statuses.get(step, "registered"))
    given = WHY | {"ends_on": "2040-01-01", "statement": "So.", "nature": "advised"}
    for person in (who.buyer, who.auditor, MembershipFactory(organisation__kind="cooperative")):
        assert take(client, person, project, step, **given).status_code in (404, 422)
    client.logout()
    assert client.post(f"/projects/{project.code}/steps/{step}", given).status_code == 302
    assert client.get(f"/projects/{project.code}/steps/{step}").status_code == 405
    before = project.status
    project.refresh_from_db()
    assert project.status == before
    assert not Renewal.objects.exists()
    assert not DeclaredConflict.objects.exists()


def test_what_is_no_step_is_not_found(client, who):
    assert take(client, who.cooperative, project_of(who, Status.REGISTERED), "fly").status_code == 404


def test_a_verifier_with_a_conflict_reads_why_it_may_not(client, who):
    project = project_of(who, Status.SUBMITTED)
    assert take(client, who.verifier, project, "conflict", nature="advised", note="2021").status_code == 302
    page = client.get(f"/projects/{project.code}")
    assert "accept" not in {move.name for move, _form in page.context["moves"]}
    assert page.context["hindrance"] in page.content.decode()
    assert [conflict.note for conflict in page.context["conflicts"]] == ["2021"]
    client.force_login(who.cooperative.user)
    assert client.get(f"/projects/{project.code}").context["conflicts"] == []


def test_a_renewal_is_asked_for_and_assessed_on_the_page(client, who, ending):
    assert "renew" in moves_of(client, who.cooperative, ending)
    refused = take(client, who.cooperative, ending, "renew", ends_on="2020-01-01")
    assert refused.status_code == 422
    later = ending.crediting_ends_on + dt.timedelta(days=400)
    assert take(client, who.cooperative, ending, "renew", ends_on=str(later), note="As before.").status_code == 302
    assert "renew" not in moves_of(client, who.cooperative, ending)
    client.force_login(who.verifier.user)
    assert [entry.project for entry in client.get("/work?show=open").context["page"]] == [ending]
    assert "assess" in moves_of(client, who.verifier, ending)
    assert take(client, who.verifier, ending, "assess", statement="It still holds.").status_code == 302
    assert "It still holds." in client.get(f"/projects/{ending.code}").content.decode()
    assert list(client.get("/work?show=open").context["page"]) == []


def test_a_cooperative_is_reminded_of_a_period_that_ends(client, who, ending):
    client.force_login(who.cooperative.user)
    assert "renewal_to_ask" in {task.kind for task in client.get("/work").context["tasks"]}
    later = ending.crediting_ends_on + dt.timedelta(days=400)
    request_renewal(actor=who.cooperative, project_id=ending.pk, ends_on=later)
    assert "renewal_to_ask" not in {task.kind for task in client.get("/work").context["tasks"]}


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.COMPLETED, Status.WITHDRAWN])
def test_everybody_sees_what_became_of_a_registered_project(client, who, status):
    project = project_of(
        who, status, suspension_reason="Drained wrongly.", withdrawal_reason="The dam broke.", suspended_by=None
    )
    page = client.get(f"/projects/{project.code}")
    assert page.status_code == 200
    text = page.content.decode()
    assert ("Drained wrongly." in text) == (status == Status.SUSPENDED)
    assert ("The dam broke." in text) == (status == Status.WITHDRAWN)
    assert project in client.get("/projects", {"status": status}).context["page"]


@pytest.mark.parametrize("status", Status.values)
def test_the_life_cycle_is_drawn_in_every_state(client, who, status):
    project = project_of(who, status)
    client.force_login(who.auditor.user)
    steps = client.get(f"/projects/{project.code}").context["steps"]
    stopped = status in (Status.SUSPENDED, Status.WITHDRAWN, Status.REJECTED)
    assert [step.is_stop for step in steps].count(True) == (1 if stopped else 0)
    assert [step.is_next for step in steps].count(True) == (0 if stopped or status == Status.COMPLETED else 1)
    assert steps[0].is_done


def test_neighbours_and_what_was_decided_of_them_are_public(client, who):
    one, other = project_of(who, Status.REGISTERED), project_of(who, Status.VALIDATED)
    ParcelFactory(project=one, geometry=square(70))
    ParcelFactory(project=other, geometry=beside(square(70)))
    assert [each.project for each in client.get(f"/projects/{one.code}").context["neighbours"]] == [other]
    decide_debundling(actor=who.registrar, project_id=other.pk, is_one_with_them=True, reason="One canal.")
    client.force_login(who.verifier.user)
    assert "One canal." in client.get(f"/projects/{other.code}").content.decode()


def test_a_visitor_is_offered_public_states_alone(client, db, who):
    choices = [value for value, _label in client.get("/projects").context["search"].fields["status"].choices]
    assert choices == ["", "registered", "suspended", "completed", "withdrawn"]
    client.force_login(who.auditor.user)
    assert "draft" in dict(client.get("/projects").context["search"].fields["status"].choices)


def test_a_verifier_finds_what_waits_and_what_it_has_taken_on(client, who):
    waiting, taken = project_of(who, Status.SUBMITTED), project_of(who, Status.IN_VALIDATION)
    ProjectFactory(status=Status.IN_VALIDATION, validator=MembershipFactory(organisation__kind="verifier").organisation)
    client.force_login(who.verifier.user)
    found = [[entry.project for entry in client.get(f"/work?show={show}").context["page"]] for show in ("open", "mine")]
    assert found == [[waiting], [taken]]


def test_the_page_costs_a_verifier_no_more_for_more_conflicts(client, who, django_assert_max_num_queries):
    project = project_of(who, Status.SUBMITTED)
    for nature in ("advised", "financial", "other"):
        declare_conflict(actor=who.verifier, project_id=project.pk, nature=nature)
    client.force_login(who.auditor.user)
    with django_assert_max_num_queries(16):
        client.get(f"/projects/{project.code}")
