"""Who may not judge a project, and how that comes to be known."""

import pytest

from ledger.errors import ConflictOfInterest, InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.models import DeclaredConflict, Membership, MonitoringReport, Organisation, Record
from ledger.projects.conflicts import (
    declare_conflict,
    lift_conflict,
    require_free_of_conflict,
    standing_conflict,
    years_in_a_row,
)
from tests.factories import MembershipFactory, ProjectFactory, ReportFactory


def verified(project, verifier, *vintages, **changes):
    for vintage in vintages:
        ReportFactory(project=project, vintage=vintage, verifier=verifier.organisation, **changes)


def is_free(actor, project):
    try:
        require_free_of_conflict(actor=actor, project=project)
    except ConflictOfInterest:
        return False
    return True


def test_a_verifier_that_advised_a_project_does_not_judge_it(who):
    project, other = ProjectFactory(), ProjectFactory()
    conflict = declare_conflict(actor=who.verifier, project_id=project.pk, nature="advised", note=" In 2021. ")
    assert (conflict.verifier, conflict.note) == (who.verifier.organisation, "In 2021.")
    with pytest.raises(ConflictOfInterest) as refusal:
        require_free_of_conflict(actor=who.verifier, project=project)
    assert refusal.value.code == "conflict_of_interest"
    assert is_free(who.verifier, other)
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.VERIFIER)
    assert is_free(stranger, project)
    assert Record.objects.filter(kind="conflict_declared").count() == 1


def test_the_operator_declares_for_a_verifier_and_another_of_it_lifts_a_mistake(who):
    project = ProjectFactory()
    conflict = declare_conflict(
        actor=who.registrar, project_id=project.pk, nature="financial", verifier_id=who.verifier.organisation_id
    )
    assert not is_free(who.verifier, project)
    with pytest.raises(SamePerson):
        lift_conflict(actor=who.registrar, conflict_id=conflict.pk, reason="Mistaken.")
    second = MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)
    lift_conflict(actor=second, conflict_id=conflict.pk, reason="Mistaken.")
    assert is_free(who.verifier, project)
    assert standing_conflict(verifier=who.verifier.organisation, project=project) is None
    with pytest.raises(WrongState):
        lift_conflict(actor=second, conflict_id=conflict.pk, reason="Again.")
    declare_conflict(actor=who.verifier, project_id=project.pk, nature="financial")


@pytest.mark.parametrize("stranger", ["cooperative", "buyer", "treasurer", "auditor"])
def test_nobody_else_declares_or_lifts(who, stranger):
    project = ProjectFactory()
    with pytest.raises(NotAllowed):
        declare_conflict(actor=getattr(who, stranger), project_id=project.pk, nature="advised")
    conflict = declare_conflict(actor=who.verifier, project_id=project.pk, nature="advised")
    for actor in (getattr(who, stranger), who.verifier):
        with pytest.raises(NotAllowed):
            lift_conflict(actor=actor, conflict_id=conflict.pk, reason="No.")


def test_a_declaration_that_cannot_be_kept_is_refused(who):
    project = ProjectFactory()
    declare = {"actor": who.verifier, "project_id": project.pk, "nature": "advised"}
    rival = MembershipFactory(organisation__kind=Organisation.Kind.VERIFIER)
    for changes, error in (
        ({"nature": "envious"}, InvalidValue),
        ({"note": "\x00"}, InvalidValue),
        ({"note": "n" * 2_001}, InvalidValue),
        ({"project_id": 2**62}, NotFound),
        ({"verifier_id": rival.organisation_id}, NotAllowed),
        ({"actor": who.registrar}, InvalidValue),
        ({"actor": who.registrar, "verifier_id": who.buyer.organisation_id}, InvalidValue),
    ):
        with pytest.raises(error):
            declare_conflict(**(declare | changes))
    assert not DeclaredConflict.objects.exists()
    declare_conflict(**declare)
    with pytest.raises(InvalidValue):
        declare_conflict(**declare)


def test_after_six_years_in_a_row_another_verifier_must_look(who):
    project = ProjectFactory()
    verified(project, who.verifier, *range(2020, 2025))
    assert years_in_a_row(verifier=who.verifier.organisation, project=project) == 5
    assert is_free(who.verifier, project)
    verified(project, who.verifier, 2025)
    assert not is_free(who.verifier, project)
    verified(project, MembershipFactory(organisation__kind=Organisation.Kind.VERIFIER), 2026)
    assert is_free(who.verifier, project)


def test_years_that_it_did_not_verify_count_for_nobody(who):
    project = ProjectFactory()
    verified(project, who.verifier, 2018, 2019, 2020, 2022, 2023, 2024)
    verified(project, who.verifier, 2021, status=MonitoringReport.Status.REJECTED)
    assert years_in_a_row(verifier=who.verifier.organisation, project=project) == 3
    assert is_free(who.verifier, project)


@pytest.mark.parametrize("part", ["created_by", "registered_by"])
def test_whoever_had_a_part_in_a_project_does_not_judge_it_for_a_verifier(who, part):
    project = ProjectFactory(**{part: who.verifier.user})
    colleague = MembershipFactory(organisation=who.verifier.organisation)
    assert not is_free(who.verifier, project)
    assert is_free(colleague, project)


@pytest.mark.parametrize("part", ["prepared_by", "approved_by"])
def test_whoever_prepared_or_approved_a_report_of_it_does_not_either(who, part):
    report = ReportFactory(**{part: who.verifier.user})
    assert not is_free(who.verifier, report.project)
