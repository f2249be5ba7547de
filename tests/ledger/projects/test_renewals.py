"""More crediting years: when they may be asked for, by whom they are assessed and decided, and for whose land."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from ledger.errors import ConflictOfInterest, InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.models import Membership, Organisation, Project, Record, Renewal
from ledger.projects.conflicts import declare_conflict
from ledger.projects.lifecycle import ask_withdrawal, suspend_project
from ledger.projects.renewals import assess_renewal, grant_renewal, refuse_renewal, request_renewal
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, square
from tests.racing import race

LATER = dt.timedelta(days=900)


@pytest.fixture
def ending(who):
    """Return a project whose crediting period ends in a month."""
    ends_on = timezone.localdate() + dt.timedelta(days=30)
    return ProjectFactory(proponent=who.cooperative.organisation, crediting_ends_on=ends_on)


def ask(who, project, **changes):
    wanted = {"ends_on": project.crediting_ends_on + LATER, "note": " As before. "} | changes
    return request_renewal(actor=who.cooperative, project_id=project.pk, **wanted)


def assessed(who, project):
    return assess_renewal(actor=who.verifier, renewal_id=ask(who, project).pk, statement="It still holds.")


def test_a_renewal_is_asked_for_assessed_and_granted_by_three(who, ending):
    before = ending.crediting_ends_on
    renewal = assessed(who, ending)
    grant_renewal(actor=who.registrar, renewal_id=renewal.pk)
    ending.refresh_from_db()
    renewal.refresh_from_db()
    assert (ending.crediting_ends_on, ending.status) == (before + LATER, Project.Status.REGISTERED)
    assert (renewal.status, renewal.note, renewal.ended_on) == ("granted", "As before.", before)
    kinds = Record.objects.filter(kind__contains="renew").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["project_renewal_requested", "project_renewal_assessed", "project_renewed"]


@pytest.mark.parametrize(("days", "is_open"), [(-366, False), (-365, True), (0, True), (365, True), (366, False)])
def test_it_is_asked_for_in_the_last_year_or_the_year_after(who, ending, days, is_open):
    noon = dt.datetime.combine(ending.crediting_ends_on, dt.time(4), dt.UTC) + dt.timedelta(days=days)
    with time_machine.travel(noon, tick=True):
        if is_open:
            assert ask(who, ending)
        else:
            with pytest.raises(InvalidValue) as refusal:
                ask(who, ending)
            assert refusal.value.field == "ends_on"


@pytest.mark.parametrize("days", [-1, 0, 3_655])
def test_the_new_end_is_later_and_within_ten_years(who, ending, days):
    with pytest.raises(InvalidValue):
        ask(who, ending, ends_on=ending.crediting_ends_on + dt.timedelta(days=days))
    assert not Renewal.objects.exists()


def test_one_renewal_is_open_at_a_time(who, ending):
    first = ask(who, ending)
    with pytest.raises(InvalidValue):
        ask(who, ending)
    refuse_renewal(actor=who.registrar, renewal_id=first.pk, reason="The baseline is common practice now.")
    assert ask(who, ending)


@pytest.mark.parametrize("status", ["draft", "validated", "suspended", "withdrawn", "rejected"])
def test_only_what_is_or_was_credited_is_renewed(who, status):
    project = ProjectFactory(
        proponent=who.cooperative.organisation, status=status, crediting_ends_on=timezone.localdate()
    )
    with pytest.raises(WrongState):
        ask(who, project)


def test_a_project_that_shall_be_withdrawn_is_not_renewed(who, ending):
    ask_withdrawal(actor=who.cooperative, project_id=ending.pk, reason="Sold.")
    with pytest.raises(InvalidValue):
        ask(who, ending)


def test_a_completed_project_is_registered_again_when_it_is_renewed(who):
    ends_on = timezone.localdate() - dt.timedelta(days=30)
    project = ProjectFactory(
        proponent=who.cooperative.organisation, status=Project.Status.COMPLETED, crediting_ends_on=ends_on
    )
    grant_renewal(actor=who.registrar, renewal_id=assessed(who, project).pk)
    project.refresh_from_db()
    assert (project.status, project.completed_at) == (Project.Status.REGISTERED, None)


def test_nobody_takes_another_ones_step(who, ending):
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    with pytest.raises(NotFound):
        request_renewal(actor=stranger, project_id=ending.pk, ends_on=ending.crediting_ends_on + LATER)
    for person in ("buyer", "verifier", "registrar", "auditor"):
        with pytest.raises(NotAllowed):
            request_renewal(actor=getattr(who, person), project_id=ending.pk, ends_on=dt.date(2040, 1, 1))
    renewal = ask(who, ending)
    for person in ("cooperative", "buyer", "registrar", "auditor"):
        with pytest.raises(NotAllowed):
            assess_renewal(actor=getattr(who, person), renewal_id=renewal.pk, statement="So.")
    for person in ("cooperative", "buyer", "verifier", "treasurer", "auditor"):
        for decide in (
            lambda actor: grant_renewal(actor=actor, renewal_id=renewal.pk),
            lambda actor: refuse_renewal(actor=actor, renewal_id=renewal.pk, reason="No."),
        ):
            with pytest.raises(NotAllowed):
                decide(getattr(who, person))
    with pytest.raises(NotFound):
        grant_renewal(actor=who.registrar, renewal_id=2**62)


def test_each_step_is_taken_from_its_own_state(who, ending):
    renewal = ask(who, ending)
    with pytest.raises(WrongState):
        grant_renewal(actor=who.registrar, renewal_id=renewal.pk)
    assess_renewal(actor=who.verifier, renewal_id=renewal.pk, statement="So.")
    with pytest.raises(WrongState):
        assess_renewal(actor=who.verifier, renewal_id=renewal.pk, statement="So.")
    grant_renewal(actor=who.registrar, renewal_id=renewal.pk)
    for decide in (
        lambda: grant_renewal(actor=who.registrar, renewal_id=renewal.pk),
        lambda: refuse_renewal(actor=who.registrar, renewal_id=renewal.pk, reason="No."),
    ):
        with pytest.raises(WrongState):
            decide()


def test_while_its_project_is_suspended_a_renewal_waits(who, ending):
    renewal = assessed(who, ending)
    suspend_project(actor=who.registrar, project_id=ending.pk, reason="Drained wrongly.")
    with pytest.raises(WrongState):
        grant_renewal(actor=who.registrar, renewal_id=renewal.pk)


def test_a_verifier_with_a_conflict_does_not_assess(who, ending):
    renewal = ask(who, ending)
    declare_conflict(actor=who.verifier, project_id=ending.pk, nature="advised")
    with pytest.raises(ConflictOfInterest):
        assess_renewal(actor=who.verifier, renewal_id=renewal.pk, statement="So.")


def test_who_asked_or_assessed_does_not_decide(who, ending):
    renewal = assessed(who, ending)
    Renewal.objects.filter(pk=renewal.pk).update(requested_by=who.registrar.user)
    with pytest.raises(SamePerson):
        grant_renewal(actor=who.registrar, renewal_id=renewal.pk)
    second = MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)
    assert grant_renewal(actor=second, renewal_id=renewal.pk)


def test_land_that_another_project_is_credited_for_in_the_new_years_is_refused(who, ending):
    ParcelFactory(project=ending, geometry=square(40))
    renewal = assessed(who, ending)
    follower = ProjectFactory(
        crediting_starts_on=ending.crediting_ends_on + dt.timedelta(days=1),
        crediting_ends_on=ending.crediting_ends_on + dt.timedelta(days=2_000),
    )
    ParcelFactory(project=follower, geometry=square(40))
    with pytest.raises(InvalidValue) as refusal:
        grant_renewal(actor=who.registrar, renewal_id=renewal.pk)
    assert (refusal.value.field, follower.code in str(refusal.value)) == ("renewal", True)
    before = ending.crediting_ends_on
    ending.refresh_from_db()
    assert ending.crediting_ends_on == before


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_once_one_stands(who, ending):
    outcomes = race(lambda: ask(who, ending), lambda: ask(who, ending))
    assert sorted(type(each).__name__ for each in outcomes) == ["InvalidValue", "Renewal"]
    assert Renewal.objects.count() == 1
