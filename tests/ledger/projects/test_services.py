"""A project from the draft to the registration: who may do what, when, and on whose land."""

import datetime as dt
from decimal import Decimal

import orjson
import pytest
from django.db import connection

from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved, SamePerson, WrongState
from ledger.models import Membership, Organisation, Parcel, Project, Record
from ledger.projects.land.services import add_parcel
from ledger.projects.services import (
    compute,
    create_project,
    register_project,
    reject_project,
    submit_project,
    validate_project,
)
from tests.factories import CREDITING, PRACTICES, SETTINGS, MembershipFactory, ParcelFactory, ProjectFactory, square
from tests.scenes import hand_in, validate

DRAFT = {
    "name": "龙山镇稻田",
    "place": "福建省漳州市南靖县",
    "province_code": "35",
    "methodology": "rice-water-1",
    "settings": SETTINGS,
    "crediting_starts_on": CREDITING[0],
    "crediting_ends_on": CREDITING[1],
}


def begin(who, **changes):
    return create_project(actor=who.cooperative, **(DRAFT | changes))


def add(who, project, place=0, **changes):
    field = {"code": f"P{place}", "geometry": square(place), "practices": PRACTICES} | changes
    return add_parcel(actor=who.cooperative, project_id=project.pk, **field)


def kinds_of_records():
    found = Record.objects.filter(kind__regex="^(project|parcel)_").order_by("id")
    return list(found.values_list("kind", flat=True))


def test_a_project_gets_the_next_number_and_a_permanent_code(who):
    first, second = begin(who), begin(who, province_code="34")
    assert first.status == Project.Status.DRAFT
    assert second.number == first.number + 1
    assert first.code == f"TH-35-{first.number:06d}"
    assert second.code == f"TH-34-{second.number:06d}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name_en": "n" * 121}, "name_en"),
        ({"place": "p" * 121}, "place"),
        ({"description": "half a pair: \ud800"}, "description"),
        ({"province_code": "3"}, "province_code"),
        ({"province_code": "３５"}, "province_code"),
        ({"province_code": "fj"}, "province_code"),
        ({"methodology": "rice-water-9"}, "methodology"),
        ({"settings": {"gwp": "AR5\x00"}}, "settings"),
        ({"settings": ["gwp"]}, "settings"),
        ({"settings": SETTINGS | {"methodology": "soc-tier1-1"}}, "settings.methodology"),
        ({"settings": SETTINGS | {"parcels": []}}, "settings.parcels"),
        ({"crediting_ends_on": CREDITING[0]}, "crediting_ends_on"),
        ({"crediting_ends_on": dt.date(2019, 12, 31)}, "crediting_ends_on"),
        ({"crediting_starts_on": dt.date(1026, 1, 1)}, "crediting_starts_on"),
        ({"crediting_starts_on": dt.date(1999, 12, 31)}, "crediting_starts_on"),
        ({"crediting_ends_on": dt.date(2206, 12, 31)}, "crediting_ends_on"),
    ],
)
def test_a_project_that_is_not_as_it_should_be_is_refused(who, changes, field):
    with pytest.raises(InvalidValue) as refusal:
        begin(who, **changes)
    assert refusal.value.field == field
    assert not Project.objects.exists()
    assert kinds_of_records() == []


@pytest.mark.parametrize("stranger", ["buyer", "verifier", "registrar", "auditor"])
def test_only_cooperatives_begin_projects(who, stranger):
    with pytest.raises(NotAllowed):
        create_project(actor=getattr(who, stranger), **DRAFT)


def test_a_viewer_of_the_cooperative_begins_none(who):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    with pytest.raises(NotAllowed):
        create_project(actor=viewer, **DRAFT)


def test_a_cooperative_that_is_not_approved_begins_none(who):
    applicant = MembershipFactory(
        organisation__kind=Organisation.Kind.COOPERATIVE, organisation__status=Organisation.Status.APPLIED
    )
    with pytest.raises(OrganisationNotApproved):
        create_project(actor=applicant, **DRAFT)


def test_a_parcel_is_measured_by_the_registry(who):
    parcel = add(who, begin(who))
    assert parcel.area_ha == Decimal("112.6942")
    assert orjson.loads(Record.objects.get(kind="parcel_added").entry)["body"]["area_ha"] == "112.6942"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": " "}, "code"),
        ({"code": "c" * 33}, "code"),
        ({"code": "a\x00"}, "code"),
        ({"name": "n" * 81}, "name"),
        ({"practices": PRACTICES | {"area_ha": "1000000"}}, "practices.area_ha"),
        ({"practices": PRACTICES | {"id": "P2"}}, "practices.id"),
        ({"practices": ["seasons"]}, "practices"),
        ({"practices": {"seasons": [{"name": "\x00"}]}}, "practices"),
        ({"geometry": square(1, side_degrees=0.000001)}, "geometry"),
        ({"geometry": square(1, side_degrees=5)}, "geometry"),
    ],
)
def test_a_parcel_that_is_not_as_it_should_be_is_refused(who, changes, field):
    project = begin(who)
    with pytest.raises(InvalidValue) as refusal:
        add(who, project, **changes)
    assert refusal.value.field == field
    assert not Parcel.objects.exists()


def test_a_parcels_code_is_once_in_a_project(who):
    project = begin(who)
    add(who, project, 1)
    with pytest.raises(InvalidValue) as refusal:
        add(who, project, 2, code="P1")
    assert refusal.value.field == "code"
    add(who, begin(who), 2, code="P1")


def test_practices_that_state_an_area_do_not_change_what_is_computed(who):
    """As in rows from before they were refused at the door."""
    honest, boastful = ProjectFactory(), ProjectFactory()
    ParcelFactory(project=honest, code="P", area_ha=Decimal("10.0000"))
    ParcelFactory(project=boastful, code="P", area_ha=Decimal("10.0000"), practices=PRACTICES | {"area_ha": "9000"})
    assert compute(honest, {}).result == compute(boastful, {}).result


# Land


def test_land_of_another_project_is_refused_with_the_area_that_is_shared(who):
    taken = ParcelFactory(geometry=square(3))
    with pytest.raises(InvalidValue) as refusal:
        add(who, begin(who), 3)
    assert refusal.value.field == "geometry"
    text = str(refusal.value)
    assert taken.project.code in text
    assert taken.code in text
    assert "112.6942" in text


def test_land_of_the_project_itself_is_refused(who):
    project = begin(who)
    add(who, project, 1)
    with pytest.raises(InvalidValue):
        add(who, project, 1, code="P2")


def test_neighbouring_land_is_not_refused(who):
    ParcelFactory(geometry=square(3))
    west, south = square(3)["coordinates"][0][1]
    ring = [[west, south], [west + 0.01, south], [west + 0.01, south + 0.01], [west, south + 0.01], [west, south]]
    assert add(who, begin(who), geometry={"type": "Polygon", "coordinates": [ring]})


def test_land_of_a_rejected_project_is_free_again(who):
    ParcelFactory(geometry=square(3), project__status=Project.Status.REJECTED)
    assert add(who, begin(who), 3)


@pytest.mark.parametrize(
    ("years", "is_free"), [((2010, 2019), True), ((2030, 2039), True), ((2010, 2020), False), ((2029, 2035), False)]
)
def test_land_is_free_for_years_in_which_no_other_project_is_credited_for_it(who, years, is_free):
    ParcelFactory(
        geometry=square(3),
        project__crediting_starts_on=dt.date(years[0], 1, 1),
        project__crediting_ends_on=dt.date(years[1], 12, 31),
    )
    project = begin(who)
    if is_free:
        assert add(who, project, 3)
    else:
        with pytest.raises(InvalidValue):
            add(who, project, 3)


def test_fields_nearby_are_found_by_an_index_however_many_there_are(who, django_assert_max_num_queries):
    project = ProjectFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_parcel (project_id, code, name, geometry, area_ha, practices)
            SELECT %s, 'R' || at, '', jsonb_build_object('type', 'Polygon', 'coordinates', jsonb_build_array(
                       jsonb_build_array(jsonb_build_array(west, south), jsonb_build_array(west + 0.004, south),
                                         jsonb_build_array(west, south + 0.004), jsonb_build_array(west, south)))),
                   10, '{}'
              FROM (SELECT at, 100 + (at %% 100) * 0.01 AS west, 20 + (at / 100) * 0.01 AS south
                      FROM generate_series(1, 5000) AS at) AS places
            """,
            [project.pk],
        )
        cursor.execute("ANALYZE ledger_parcel")
    draft = begin(who)
    with django_assert_max_num_queries(20) as queries:
        add(who, draft)
    (search,) = [query["sql"] for query in queries if "geojson_box" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + search)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "parcel_boxes" in plan


# The life of a project


def ready(who):
    project = begin(who)
    add(who, project)
    return hand_in(who.cooperative, project)


def test_a_project_goes_from_draft_to_registered_by_three_people(who):
    project = ready(who)
    assert project.forecast["result"]["net_t"] > 0
    validate(who.verifier, project, statement=" As the methodology asks. ")
    register_project(actor=who.registrar, project_id=project.pk)
    project.refresh_from_db()
    assert project.status == Project.Status.REGISTERED
    assert (project.created_by, project.validated_by, project.registered_by) == (
        who.cooperative.user,
        who.verifier.user,
        who.registrar.user,
    )
    assert project.validation_statement == "As the methodology asks."
    assert kinds_of_records() == [
        "project_created",
        "parcel_added",
        "project_described",
        "parcel_baseline_stated",
        "project_submitted",
        "project_accepted",
        "project_validated",
        "project_registered",
    ]


def test_a_project_without_fields_is_not_handed_in(who):
    with pytest.raises(InvalidValue) as refusal:
        submit_project(actor=who.cooperative, project_id=begin(who).pk)
    assert refusal.value.field == "parcels"


def test_practices_that_the_methodology_refuses_are_named_when_the_project_is_handed_in(who):
    project = begin(who)
    add(who, project, practices={"seasons": []})
    with pytest.raises(InvalidValue) as refusal:
        hand_in(who.cooperative, project)
    assert refusal.value.field == "parcels[0].seasons"
    project.refresh_from_db()
    assert project.status == Project.Status.DRAFT


def test_another_cooperative_finds_no_such_project(who):
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    project = begin(who)
    with pytest.raises(NotFound):
        submit_project(actor=stranger, project_id=project.pk)
    with pytest.raises(NotFound):
        add_parcel(actor=stranger, project_id=project.pk, code="P", geometry=square(1), practices=PRACTICES)


def test_fields_are_added_to_drafts_alone(who):
    project = ready(who)
    with pytest.raises(WrongState):
        add(who, project, 2)
    with pytest.raises(WrongState):
        submit_project(actor=who.cooperative, project_id=project.pk)


STEPS = {
    "validate": lambda who, pk: validate_project(actor=who.verifier, project_id=pk, statement="Seen."),
    "register": lambda who, pk: register_project(actor=who.registrar, project_id=pk),
    "reject as verifier": lambda who, pk: reject_project(actor=who.verifier, project_id=pk, reason="No."),
    "reject as registrar": lambda who, pk: reject_project(actor=who.registrar, project_id=pk, reason="No."),
}


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        (Project.Status.DRAFT, set()),
        (Project.Status.SUBMITTED, {"reject as registrar"}),
        (Project.Status.IN_VALIDATION, {"validate", "reject as verifier", "reject as registrar"}),
        (Project.Status.VALIDATED, {"register", "reject as registrar"}),
        (Project.Status.REGISTERED, set()),
        (Project.Status.SUSPENDED, set()),
        (Project.Status.COMPLETED, set()),
        (Project.Status.WITHDRAWN, set()),
        (Project.Status.REJECTED, set()),
    ],
)
def test_each_step_is_taken_from_its_own_states_alone(who, status, taken):
    for name, step in STEPS.items():
        project = ProjectFactory(status=status, validator=who.verifier.organisation)
        if name in taken:
            step(who, project.pk)
        else:
            with pytest.raises(WrongState):
                step(who, project.pk)


@pytest.mark.parametrize("stranger", ["cooperative", "buyer", "registrar", "treasurer", "auditor"])
def test_only_verifiers_validate(who, stranger):
    project = ProjectFactory(status=Project.Status.IN_VALIDATION, validator=who.verifier.organisation)
    with pytest.raises(NotAllowed):
        validate_project(actor=getattr(who, stranger), project_id=project.pk, statement="Seen.")


@pytest.mark.parametrize("stranger", ["cooperative", "buyer", "verifier", "treasurer", "auditor"])
def test_only_registrars_register(who, stranger):
    project = ProjectFactory(status=Project.Status.VALIDATED)
    with pytest.raises(NotAllowed):
        register_project(actor=getattr(who, stranger), project_id=project.pk)


def test_a_suspended_verifier_validates_nothing(who):
    suspended = MembershipFactory(
        organisation__kind=Organisation.Kind.VERIFIER, organisation__status=Organisation.Status.SUSPENDED
    )
    project = ProjectFactory(status=Project.Status.SUBMITTED)
    with pytest.raises(OrganisationNotApproved):
        validate_project(actor=suspended, project_id=project.pk, statement="Seen.")


@pytest.mark.parametrize("part", ["created_by", "validated_by"])
def test_who_began_or_validated_a_project_does_not_register_it(who, part):
    project = ProjectFactory(status=Project.Status.VALIDATED, **{part: who.registrar.user})
    with pytest.raises(SamePerson):
        register_project(actor=who.registrar, project_id=project.pk)


@pytest.mark.parametrize("text", ["", "  ", "\x00", "x" * 20_001])
def test_a_statement_and_a_reason_say_something_that_can_be_kept(who, text):
    project = ProjectFactory(status=Project.Status.IN_VALIDATION, validator=who.verifier.organisation)
    with pytest.raises(InvalidValue) as refusal:
        validate_project(actor=who.verifier, project_id=project.pk, statement=text)
    assert refusal.value.field == "statement"
    with pytest.raises(InvalidValue) as refusal:
        reject_project(actor=who.verifier, project_id=project.pk, reason=text)
    assert refusal.value.field == "reason"


def test_what_is_not_there_is_not_found(who):
    for step in STEPS.values():
        with pytest.raises(NotFound):
            step(who, 2**62)
