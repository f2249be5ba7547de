"""Risk assessments: scored from pick-lists, stated by the cooperative, confirmed by a verifier, deciding about the buffer."""

import copy
from decimal import Decimal

import pytest

from ledger.errors import ConflictOfInterest, InvalidValue, NotAllowed, NotFound, WrongState
from ledger.models import Project, RiskAssessment
from ledger.projects.conflicts import declare_conflict
from ledger.projects.reports import correct_report, verify_report
from ledger.projects.risk import confirm_risk, refuse_risk, state_risk
from ledger.projects.risk_scores import PERILS, is_reversible, questions, risk_factors, score_risk
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.scenes import accepted, answer, close, find, report_year
from trading.execution.reconciliation import reconcile

ANSWERS = {
    "experience": "experienced",
    "presence": "within_a_day",
    "adaptive_plan": "none",
    "breakeven": "4_to_7_years",
    "funding": "40_to_80_percent",
    "alternative": "about_the_same",
    "commitment": "none",
    "longevity": "60_years_by_contract",
    "rights": "held_by_several",
    "disputes": "none",
    "consultation": "most_households",
    "benefit": "not_shown",
    "governance": "-0.32_to_0.19",
    "fire": {"significance": "minor", "likelihood": "under_10_years", "mitigation": "one_measure"},
    "flood": {"significance": "minor", "likelihood": "10_to_25_years", "mitigation": "none"},
    "drought": "none",
    "pests": "none",
}
LAND = {
    "climate_zone": "warm_temperate_moist",
    "soil": "low_activity_clay_soils",
    "baseline": {"land_use": "annual_crops", "tillage": "full_tillage", "input": "cropland_low"},
    "project": {"land_use": "annual_crops", "tillage": "no_tillage", "input": "cropland_high_with_manure"},
}


@pytest.fixture
def project(who):
    project = ProjectFactory(
        proponent=who.cooperative.organisation,
        methodology="soc-tier1-1",
        settings={"risk_percent": "12.5"},
        validator=who.verifier.organisation,
    )
    ParcelFactory(project=project, code="P1", practices=LAND)
    return project


def state(who, project, **changes):
    return state_risk(actor=who.cooperative, project_id=project.pk, answers=ANSWERS | changes)


def test_the_score_is_the_sum_of_its_parts_and_rounded_up():
    score = score_risk(ANSWERS)
    assert (score.internal, score.external) == (Decimal(2), Decimal(4))
    assert score.natural == Decimal("6.5")
    assert score.risk_percent == 13


def test_the_share_is_ten_percent_at_least():
    answers = ANSWERS | {"fire": "none", "flood": "none", "governance": "0.82_and_more"}
    assert score_risk(answers).risk_percent == 10


def test_good_management_lowers_internal_risks_but_nothing_is_less_than_nothing():
    planned = ANSWERS | {"adaptive_plan": "in_place"}
    assert score_risk(planned).internal == score_risk(ANSWERS).internal - 2
    rich = ANSWERS | {"alternative": "project_pays_50_percent_more", "benefit": "shown"}
    assert score_risk(rich).internal == score_risk(ANSWERS).internal
    assert score_risk(planned | {"breakeven": "under_4_years", "funding": "80_percent_and_more"}).internal == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"longevity": "under_40_years"}, "answers.longevity"),
        (
            {"fire": {"significance": "catastrophic", "likelihood": "under_10_years", "mitigation": "none"}},
            "answers.fire",
        ),
        ({"disputes": "over_ownership", "consultation": "fewer_than_half", "governance": "under_-0.79"}, "answers"),
        (
            {
                peril: {"significance": "major", "likelihood": "under_10_years", "mitigation": "none"}
                for peril in ("fire", "flood")
            },
            "answers",
        ),
        ({"experience": "none"}, "answers.experience"),
        ({"experience": 5}, "answers.experience"),
        ({"experience": ["x"]}, "answers.experience"),
        ({"fire": "often"}, "answers.fire"),
        ({"fire": {"significance": "minor"}}, "answers.fire"),
        ({"fire": {"significance": "minor", "likelihood": "daily", "mitigation": "none"}}, "answers.fire"),
        ({"luck": "good"}, "answers.luck"),
    ],
)
def test_answers_that_cannot_be_or_a_risk_that_is_too_large_are_refused(changes, field):
    with pytest.raises(InvalidValue) as refusal:
        score_risk(ANSWERS | changes)
    assert refusal.value.field == field


@pytest.mark.parametrize("name", [*ANSWERS])
def test_every_question_must_be_answered(name):
    answers = copy.deepcopy(ANSWERS)
    del answers[name]
    with pytest.raises(InvalidValue) as refusal:
        score_risk(answers)
    assert refusal.value.field == f"answers.{name}"


@pytest.mark.parametrize("answers", [None, [], "x", 5])
def test_answers_are_an_object(answers):
    with pytest.raises(InvalidValue):
        score_risk(answers)


def test_every_score_has_its_source():
    for factor in risk_factors().values():
        assert set(factor.options) == set(factor.sources)
        assert all(factor.sources.values())
    assert {factor.name for factor in questions()} | set(PERILS) == set(ANSWERS)


def test_only_carbon_in_the_soil_can_be_lost_again(who):
    assert is_reversible("soc-measured-1")
    assert not is_reversible("rice-water-1")
    rice = ProjectFactory(proponent=who.cooperative.organisation)
    with pytest.raises(InvalidValue):
        state(who, rice)


def test_the_confirmed_risk_takes_the_place_of_the_typed_one(who, project):
    before = report_year(who, project, 2020)
    assert before.case["risk_percent"] == "12.5"
    confirm_risk(actor=who.verifier, assessment_id=state(who, project).pk)
    after = report_year(who, project, 2021)
    assert after.case["risk_percent"] == "13"
    assert after.buffer_t == -(-after.net_t * 13 // 100)
    assert [result for result in reconcile() if not result.holds] == []


def test_a_report_is_not_verified_before_its_risk_is_confirmed_and_counted(who, project):
    report = accepted(who, report_year(who, project))

    def verify():
        return verify_report(actor=who.verifier, report_id=report.pk, statement="Seen.")

    with pytest.raises(InvalidValue):
        verify()
    confirm_risk(actor=who.verifier, assessment_id=state(who, project).pk)
    with pytest.raises(InvalidValue):
        verify()
    finding = find(who, report, text="Calculate with the confirmed risk.")
    assert correct_report(actor=who.cooperative, report_id=report.pk).case["risk_percent"] == "13"
    answer(who, finding)
    close(who, finding)
    assert verify().status == "verified"


def test_one_assessment_waits_at_a_time_and_a_refused_one_makes_room(who, project):
    first = state(who, project)
    with pytest.raises(InvalidValue):
        state(who, project)
    refuse_risk(actor=who.verifier, assessment_id=first.pk, reason="The dyke is broken.")
    second = state(who, project)
    assert (second.number, RiskAssessment.objects.get(pk=first.pk).refusal_reason) == (2, "The dyke is broken.")
    confirm_risk(actor=who.verifier, assessment_id=second.pk)
    with pytest.raises(WrongState):
        refuse_risk(actor=who.verifier, assessment_id=second.pk, reason="No.")
    assert [result for result in reconcile() if not result.holds] == []


def test_who_verifies_a_report_of_the_project_may_confirm_as_well(who, project):
    other = MembershipFactory(organisation__kind="verifier")
    Project.objects.filter(pk=project.pk).update(validator=other.organisation)
    assessment = state(who, project)
    with pytest.raises(NotAllowed):
        confirm_risk(actor=who.verifier, assessment_id=assessment.pk)
    accepted(who, report_year(who, project))
    assert confirm_risk(actor=who.verifier, assessment_id=assessment.pk).verifier == who.verifier.organisation


def test_a_verifier_in_conflict_confirms_nothing(who, project):
    assessment = state(who, project)
    declare_conflict(actor=who.verifier, project_id=project.pk, nature="financial")
    with pytest.raises(ConflictOfInterest):
        confirm_risk(actor=who.verifier, assessment_id=assessment.pk)


@pytest.mark.parametrize("name", ["cooperative", "buyer", "registrar", "treasurer", "auditor", "strange verifier"])
def test_nobody_else_confirms_or_refuses(who, project, name):
    assessment = state(who, project)
    actor = MembershipFactory(organisation__kind="verifier") if name == "strange verifier" else getattr(who, name)
    with pytest.raises(NotAllowed):
        confirm_risk(actor=actor, assessment_id=assessment.pk)
    with pytest.raises(NotAllowed):
        refuse_risk(actor=actor, assessment_id=assessment.pk, reason="No.")


def test_only_the_proponent_states_it(who, project):
    for actor in (who.verifier, who.buyer, who.registrar):
        with pytest.raises(NotAllowed):
            state_risk(actor=actor, project_id=project.pk, answers=ANSWERS)
    with pytest.raises(NotFound):
        state_risk(actor=MembershipFactory(organisation__kind="cooperative"), project_id=project.pk, answers=ANSWERS)
    Project.objects.filter(pk=project.pk).update(status=Project.Status.WITHDRAWN)
    with pytest.raises(WrongState):
        state(who, project)
