"""Projects that may be parts of one: which are shown together, and what the operator must decide."""

import datetime as dt

import pytest

from ledger.errors import InvalidValue, NotAllowed, SamePerson, WrongState
from ledger.models import Project, Record
from ledger.projects.debundling import decide_debundling, is_decided, neighbours_of
from ledger.projects.services import register_project
from tests.factories import ParcelFactory, ProjectFactory, beside, square

WHY = {"is_one_with_them": False, "reason": " Two villages, two canals. "}


def pair(who, *, degrees=0.012, **changes):
    """Return a registered project, and a validated one whose field is so far to the north of its."""
    own = {"proponent": who.cooperative.organisation}
    one = ProjectFactory(**own)
    other = ProjectFactory(**own | {"status": Project.Status.VALIDATED} | changes)
    ParcelFactory(project=one, geometry=square(60))
    ParcelFactory(project=other, geometry=beside(square(60), degrees))
    return one, other


def codes_near(project):
    return [each.project.code for each in neighbours_of(project)]


@pytest.mark.parametrize(("degrees", "is_near"), [(0.01, True), (0.0188, True), (0.0192, False), (0.5, False)])
def test_fields_within_a_kilometre_are_neighbours(who, degrees, is_near):
    one, other = pair(who, degrees=degrees)
    assert codes_near(other) == ([one.code] if is_near else [])
    assert codes_near(one) == ([other.code] if is_near else [])


def test_the_distance_is_measured_on_the_ground(who):
    one, _other = pair(who)
    (neighbour,) = neighbours_of(one)
    assert neighbour.distance_m == 222


@pytest.mark.parametrize("status", Project.Status.values)
def test_only_what_stands_counts(who, status):
    one, other = pair(who, status=status)
    ends = (Project.Status.DRAFT, Project.Status.REJECTED, Project.Status.WITHDRAWN)
    assert codes_near(one) == ([] if status in ends else [other.code])


@pytest.mark.parametrize(
    ("starts_on", "is_near"),
    [((2022, 1, 1), True), ((2022, 1, 2), False), ((2018, 1, 1), True), ((2017, 12, 31), False)],
)
def test_they_began_within_two_years(who, starts_on, is_near):
    one, other = pair(who, starts_on=dt.date(*starts_on))
    assert bool(codes_near(one)) == bool(codes_near(other)) == is_near


def test_another_proponent_or_practice_is_no_part(who):
    one, other = pair(who)
    Project.objects.filter(pk=other.pk).update(methodology="soc-tier1-1")
    assert codes_near(one) == []
    Project.objects.filter(pk=other.pk).update(methodology="rice-water-1", proponent=ProjectFactory().proponent)
    assert codes_near(one) == []


def test_a_project_with_neighbours_is_registered_after_a_decision_alone(who):
    one, other = pair(who)
    with pytest.raises(InvalidValue) as refusal:
        register_project(actor=who.registrar, project_id=other.pk)
    assert (refusal.value.field, one.code in str(refusal.value)) == ("debundling", True)
    decision = decide_debundling(actor=who.registrar, project_id=other.pk, **WHY)
    assert (decision.others, decision.reason) == ([one.code], "Two villages, two canals.")
    assert is_decided(other, neighbours_of(other))
    assert Record.objects.filter(kind="project_debundling_decided").count() == 1
    third = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=third, geometry=beside(square(60), 0.024))
    with pytest.raises(InvalidValue):
        register_project(actor=who.registrar, project_id=other.pk)
    decide_debundling(actor=who.registrar, project_id=other.pk, **WHY)
    assert register_project(actor=who.registrar, project_id=other.pk).status == Project.Status.REGISTERED


def test_as_one_project_they_keep_to_the_limit_together(who):
    one, other = pair(who)
    decide_debundling(actor=who.registrar, project_id=other.pk, **WHY | {"is_one_with_them": True})
    forecasts = Project.objects.filter(pk__in=(one.pk, other.pk))
    forecasts.update(forecast={"lines": [], "result": {"net_t": 30_001}})
    with pytest.raises(InvalidValue) as refusal:
        register_project(actor=who.registrar, project_id=other.pk)
    assert "60,002" in str(refusal.value)
    forecasts.update(forecast={"lines": [], "result": {"net_t": 30_000}})
    assert register_project(actor=who.registrar, project_id=other.pk)


def test_registrars_decide_of_what_is_handed_in_with_a_reason(who):
    _one, other = pair(who)
    for person in ("cooperative", "buyer", "verifier", "treasurer", "auditor"):
        with pytest.raises(NotAllowed):
            decide_debundling(actor=getattr(who, person), project_id=other.pk, **WHY)
    with pytest.raises(InvalidValue):
        decide_debundling(actor=who.registrar, project_id=other.pk, **WHY | {"reason": " "})
    lonely = ProjectFactory(status=Project.Status.VALIDATED)
    with pytest.raises(InvalidValue):
        decide_debundling(actor=who.registrar, project_id=lonely.pk, **WHY)
    with pytest.raises(WrongState):
        decide_debundling(actor=who.registrar, project_id=ProjectFactory().pk, **WHY)
    Project.objects.filter(pk=other.pk).update(created_by=who.registrar.user)
    with pytest.raises(SamePerson):
        decide_debundling(actor=who.registrar, project_id=other.pk, **WHY)


def test_where_there_is_no_candidate_no_field_is_read(who, django_assert_num_queries):
    project = ParcelFactory(geometry=square(60)).project
    ParcelFactory(geometry=beside(square(60)))
    with django_assert_num_queries(1):
        assert neighbours_of(project) == []
