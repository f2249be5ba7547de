"""Fields put into a draft, many at once: all or none, with everything that is wrong told together."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest
from django.utils import timezone, translation

from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved, WrongState
from ledger.models import Household, Parcel, Project, Record
from ledger.projects.digests import text_sha256
from ledger.projects.geometry import area_ha
from ledger.projects.land import examine, overlaps
from ledger.projects.land.examine import NewParcel
from ledger.projects.land.problems import ParcelsRefused
from ledger.projects.land.services import (
    add_parcels,
    change_parcel,
    examine_parcels,
    remove_parcels,
    set_household,
    set_practices,
)
from ledger.projects.services import submit_project
from tests.factories import (
    CREDITING,
    PRACTICES,
    HouseholdFactory,
    MembershipFactory,
    ParcelFactory,
    ProjectFactory,
    square,
)
from tests.racing import race
from tests.scenes import hand_in
from trading.execution.reconciliation import reconcile

OTHER_PRACTICES = {"seasons": [PRACTICES["seasons"][0] | {"days": 99}]}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def draft(who):
    return ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)


@pytest.fixture
def household(who):
    return HouseholdFactory(cooperative=who.cooperative.organisation, code="3-017", name="林家")


def new(place=0, **changes):
    return replace(NewParcel(f"P{place}", square(place), PRACTICES), **changes)


def add(who, project, *parcels, **more):
    return add_parcels(actor=who.cooperative, project_id=project.pk, parcels=parcels, **more)


def refused(who, project, *parcels):
    with pytest.raises(ParcelsRefused) as refusal:
        add(who, project, *parcels)
    return refusal.value


def records():
    found = Record.objects.filter(kind__startswith="parcel_").order_by("id")
    return [(record.kind, orjson.loads(bytes(record.entry))["body"]) for record in found]


def test_many_fields_are_stored_as_one_by_one(who, draft, django_assert_max_num_queries):
    # The same for three as for ten thousand.
    with django_assert_max_num_queries(14):
        added = add(who, draft, *(new(place, name=f"田{place}") for place in range(3)))
    stored = list(draft.parcels.order_by("id"))
    assert added.parcels == stored
    assert [(parcel.code, parcel.name, parcel.geometry, parcel.area_ha, parcel.practices) for parcel in stored] == [
        (f"P{place}", f"田{place}", square(place), area_ha(square(place)), PRACTICES) for place in range(3)
    ]
    assert [kind for kind, _body in records()] == ["parcel_added"] * 3


def test_everything_that_is_wrong_is_told_and_nothing_is_stored(who, draft):
    ParcelFactory(project=draft, code="P9", geometry=square(9))
    other = ParcelFactory(geometry=square(8), code="Z8")
    before = Record.objects.count()
    refusal = refused(
        who, draft,
        new(0), new(9, geometry=square(20)), new(8), new(3, code=" "), new(4, practices={"area_ha": 1}),
        new(0, geometry=square(21)), new(30), replace(new(30), code="P30b"), new(5, household_code="none"),
        new(6, name="n" * 81), new(7, geometry={"type": "Point"}),
    )  # fmt: skip
    assert [(problem.number, problem.field, problem.code) for problem in refusal.problems] == [
        (2, "code", "code_taken"),
        (3, "geometry", "overlap"),
        (4, "code", "invalid_value"),
        (5, "practices.area_ha", "invalid_value"),
        (6, "code", "code_twice"),
        (8, "geometry", "overlap"),
        (9, "household_code", "unknown_household"),
        (10, "name", "invalid_value"),
        (11, "geometry", "invalid_value"),
    ]
    assert refusal.problems[1].reason == (
        f"The field overlaps parcel Z8 of project {other.project.code} by {area_ha(square(8))} ha."
    )
    assert refusal.field == "parcels[1].code"
    assert "9 problems" in str(refusal)
    assert list(draft.parcels.values_list("code", flat=True)) == ["P9"]
    assert Record.objects.count() == before


def test_an_overlap_is_told_with_its_shape_alone(who, draft):
    ParcelFactory(geometry=square(1))
    west, south = square(1)["coordinates"][0][0]
    ring = [[west + 0.005, south], [west + 0.015, south], [west + 0.015, south + 0.01], [west + 0.005, south + 0.01]]
    (problem,) = refused(who, draft, new(1, geometry={"type": "Polygon", "coordinates": [[*ring, ring[0]]]})).problems
    shape = problem.shape
    assert shape["type"] == "MultiPolygon"
    ((outline,),) = shape["coordinates"]
    xs, ys = zip(*outline, strict=True)
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((west + 0.005, west + 0.01, south, south + 0.01))


def test_a_field_of_a_draft_of_others_is_not_named(who, draft):
    returned = {"project__status": "draft", "project__submitted_at": timezone.now()}
    hidden = ParcelFactory(geometry=square(1), code="SECRET", **returned)
    (problem,) = refused(who, draft, new(1)).problems
    assert hidden.project.code not in problem.reason
    assert "SECRET" not in problem.reason
    own = ParcelFactory(geometry=square(2), project__status="draft", project__proponent=draft.proponent)
    (problem,) = refused(who, draft, new(2)).problems
    assert own.project.code in problem.reason


@pytest.mark.parametrize(
    ("status", "registered", "is_taken"),
    [
        ("draft", False, False),
        ("submitted", False, True),
        ("in_validation", False, True),
        ("validated", False, True),
        ("registered", True, True),
        ("suspended", True, True),
        ("completed", True, True),
        ("withdrawn", True, True),
        ("withdrawn", False, False),
        ("rejected", False, False),
    ],
)
def test_a_project_claims_its_land_as_long_as_credits_may_come_of_it(who, draft, status, registered, is_taken):
    project = ProjectFactory()
    ParcelFactory(project=project, geometry=square(1))
    changes = {"status": status} | ({} if registered else {"registered_at": None, "submitted_at": None})
    Project.objects.filter(pk=project.pk).update(**changes)
    if is_taken:
        assert refused(who, draft, new(1)).problems
    else:
        assert add(who, draft, new(1)).parcels


@pytest.mark.parametrize(("days", "is_taken"), [(0, True), (179, True), (181, False)])
def test_a_draft_that_was_sent_back_keeps_its_land_for_a_while(who, draft, days, is_taken):
    sent_back = ProjectFactory(status="draft", submitted_at=timezone.now() - dt.timedelta(days=days))
    ParcelFactory(project=sent_back, geometry=square(1))
    if is_taken:
        assert refused(who, draft, new(1)).problems
    else:
        assert add(who, draft, new(1)).parcels


def test_who_hands_in_first_has_the_land_and_the_other_is_told_what_to_do(who, draft):
    theirs = ProjectFactory(status=Project.Status.DRAFT)
    ParcelFactory(project=theirs, geometry=square(1), code="SECRET")
    add(who, draft, new(1))
    hand_in(MembershipFactory(organisation=theirs.proponent), theirs)
    with pytest.raises(InvalidValue) as refusal:
        hand_in(who.cooperative, draft)
    assert refusal.value.field == "parcels"
    said = str(refusal.value)
    assert "tell the operator" in said
    assert "P1" in said
    assert "SECRET" not in said
    assert theirs.code not in said
    draft.refresh_from_db()
    assert draft.status == "draft"


@pytest.mark.django_db(transaction=True)
def test_of_two_that_hand_the_same_land_in_at_one_moment_one_gets_it(who):
    drafts = [ProjectFactory(status=Project.Status.DRAFT) for _each in range(2)]
    for each in drafts:
        ParcelFactory(project=each, geometry=square(1))
    people = [MembershipFactory(organisation=each.proponent) for each in drafts]
    outcomes = race(
        lambda: submit_project(actor=people[0], project_id=drafts[0].pk),
        lambda: submit_project(actor=people[1], project_id=drafts[1].pk),
    )
    assert sum(isinstance(each, Project) for each in outcomes) == 1
    assert sum(isinstance(each, InvalidValue) for each in outcomes) == 1


@pytest.mark.parametrize(
    ("withdrawn_at", "is_taken"),
    [("2022-12-31T16:00:00Z", True), ("2022-12-31T15:59:59Z", False), ("2099-01-01T00:00:00Z", True)],
)
def test_a_withdrawn_project_keeps_its_land_to_the_end_of_the_year_in_china(who, draft, withdrawn_at, is_taken):
    ParcelFactory(project=ProjectFactory(), geometry=square(1))
    Project.objects.exclude(pk=draft.pk).update(status="withdrawn", withdrawn_at=withdrawn_at)
    Project.objects.filter(pk=draft.pk).update(crediting_starts_on="2023-01-01")
    if is_taken:
        assert refused(who, draft, new(1)).problems
    else:
        assert add(who, draft, new(1)).parcels


@pytest.mark.parametrize(
    ("years", "is_taken"), [((2010, 2019), False), ((2010, 2020), True), ((2029, 2039), True), ((2030, 2039), False)]
)
def test_land_is_free_in_years_in_which_nobody_is_credited_for_it(who, draft, years, is_taken):
    first, last = (CREDITING[0].replace(year=years[0]), CREDITING[1].replace(year=years[1]))
    ParcelFactory(project=ProjectFactory(crediting_starts_on=first, crediting_ends_on=last), geometry=square(1))
    if is_taken:
        assert refused(who, draft, new(1)).problems
    else:
        assert add(who, draft, new(1)).parcels


def test_neighbours_are_no_overlap(who, draft):
    west, south = 118.0, 25.0
    cells = [
        {"type": "Polygon", "coordinates": [[[x, y], [x + 0.01, y], [x + 0.01, y + 0.01], [x, y + 0.01], [x, y]]]}
        for x in (west, west + 0.01)
        for y in (south, south + 0.01)
    ]
    added = add(who, draft, *(new(at, geometry=cell) for at, cell in enumerate(cells)))
    assert len(added.parcels) == 4


# Shapes that are mended, areas that are declared


SLIP = [
    [118, 25],
    [118.01, 25],
    [118.01, 25.01],
    [118.00001, 25.01],
    [118.00001, 25.01001],
    [118.00002, 25.00999],
    [118, 25.01],
    [118, 25],
]


def test_a_slip_of_the_hand_is_mended_and_its_owner_told(who, draft):
    added = add(who, draft, new(geometry={"type": "Polygon", "coordinates": [SLIP]}))
    (notice,) = added.notices
    assert "was repaired" in notice.reason
    assert notice.shape["type"] == "Point"
    plain = {"type": "Polygon", "coordinates": [[[118, 25], [118.01, 25], [118.01, 25.01], [118, 25.01], [118, 25]]]}
    assert added.parcels[0].area_ha == pytest.approx(area_ha(plain), rel=Decimal("0.001"))


def test_a_figure_of_eight_is_refused_with_its_crossing(who, draft):
    eight = [[118, 25], [118.02, 25.02], [118.02, 25], [118, 25.02], [118, 25]]
    (problem,) = refused(who, draft, new(geometry={"type": "Polygon", "coordinates": [eight]})).problems
    assert (problem.code, problem.shape) == (
        "outline_not_valid",
        {"type": "Point", "coordinates": pytest.approx([118.01, 25.01])},
    )


@pytest.mark.parametrize(
    ("share", "reason", "said"),
    [
        ("1.00", "", None),
        ("1.019", "", None),
        ("0.981", "", None),
        ("1.03", "", "notice"),
        ("0.95", "", "notice"),
        ("1.099", "", "notice"),
        ("1.12", "", "problem"),
        ("0.85", "", "problem"),
        ("1.12", "Paths and ditches.", "notice"),
        ("15", "", "problem"),
    ],
)
def test_a_declared_area_is_compared_with_the_computed_one(who, draft, share, reason, said):
    declared = area_ha(square(0)) * Decimal(share)
    parcel = new(declared_area_ha=declared, area_reason=reason)
    if said == "problem":
        (problem,) = refused(who, draft, parcel).problems
        assert (problem.field, problem.code) == ("declared_area_ha", "area_differs")
        return
    added = add(who, draft, parcel)
    assert len(added.notices) == (said == "notice")
    assert added.parcels[0].declared_area_ha == declared.quantize(Decimal("0.0001"))
    assert added.parcels[0].area_ha == area_ha(square(0))


@pytest.mark.parametrize("given", [0, -1, "NaN", "Infinity", "x", "1e9", True, [], "9" * 400])
def test_a_declared_area_is_one(who, draft, given):
    (problem,) = refused(who, draft, new(declared_area_ha=given)).problems
    assert problem.field == "declared_area_ha"


# Households, and what the log says


def test_what_is_beside_shape_and_practices_has_a_record_of_its_own(who, draft, household):
    add(
        who,
        draft,
        new(0),
        new(1, household_code="3-017", declared_area_ha=Decimal(100), area_reason="Ditches.", converted_from="GCJ-02"),
    )
    assert [kind for kind, _body in records()] == ["parcel_added", "parcel_added", "parcel_described"]
    _kind, body = records()[-1]
    assert body == {
        "project": draft.code,
        "parcel": "P1",
        "household": str(household.public_id),
        "declared_area_ha": "100.0000",
        "area_reason_sha256": text_sha256("Ditches."),
        "converted_from": "GCJ-02",
    }
    assert "林家" not in str(body)
    assert broken() == []


def broken():
    return [result for result in reconcile() if not result.holds and result.number == 9]


def test_a_household_of_another_cooperative_or_one_that_left_is_not_known(who, draft, household):
    stranger = MembershipFactory(organisation__kind="cooperative").organisation
    HouseholdFactory(cooperative=stranger, code="X", name="别家")
    Household.objects.filter(pk=household.pk).update(left_at=draft.created_at)
    for code in ("X", "3-017"):
        (problem,) = refused(who, draft, new(household_code=code)).problems
        assert problem.field == "household_code"


def test_a_household_is_set_also_once_the_project_is_registered(who, draft, household):
    parcels = add(who, draft, new(0), new(1)).parcels
    Project.objects.filter(pk=draft.pk).update(status="registered")
    chosen = [parcel.pk for parcel in parcels]
    set_household(actor=who.cooperative, project_id=draft.pk, parcel_ids=chosen, household_code="3-017")
    assert set(draft.parcels.values_list("household", flat=True)) == {household.pk}
    assert [kind for kind, _body in records()][2:] == ["parcel_described"] * 2
    set_household(actor=who.cooperative, project_id=draft.pk, parcel_ids=chosen[:1], household_code="")
    assert records()[-1][1]["household"] is None
    Project.objects.filter(pk=draft.pk).update(status="withdrawn")
    with pytest.raises(WrongState):
        set_household(actor=who.cooperative, project_id=draft.pk, parcel_ids=chosen, household_code="3-017")


# Changes


def test_a_field_is_changed_and_the_newest_record_says_what_it_is(who, draft, household):
    (parcel,) = add(who, draft, new(0, household_code="3-017")).parcels
    changed = new(0, geometry=square(40), name="新名", practices=OTHER_PRACTICES, declared_area_ha=area_ha(square(40)))
    change_parcel(actor=who.cooperative, project_id=draft.pk, parcel_id=parcel.pk, new=changed)
    stored = Parcel.objects.get()
    assert (stored.pk, stored.geometry, stored.name, stored.practices, stored.household) == (
        parcel.pk, square(40), "新名", OTHER_PRACTICES, None,
    )  # fmt: skip
    assert [kind for kind, _body in records()] == ["parcel_added", "parcel_described"] * 2
    assert broken() == []


def test_codes_of_a_chinese_keyboard_are_the_plain_ones(who, draft, household):
    (parcel,) = add(who, draft, new(code=" Ａ０１ ", household_code="３－０１７")).parcels
    assert (parcel.code, parcel.household) == ("A01", household)
    assert refused(who, draft, new(1, code="Ａ01")).problems[0].code == "code_taken"
    set_household(actor=who.cooperative, project_id=draft.pk, parcel_ids=[parcel.pk], household_code="３-０１７")
    assert Parcel.objects.get(pk=parcel.pk).household == household


def test_a_field_may_get_another_code_and_its_own_land_again(who, draft):
    (parcel,) = add(who, draft, new(0)).parcels
    change_parcel(actor=who.cooperative, project_id=draft.pk, parcel_id=parcel.pk, new=new(0, code="NEW"))
    assert [(kind, body["parcel"]) for kind, body in records()] == [
        ("parcel_added", "P0"), ("parcel_removed", "P0"), ("parcel_added", "NEW"),
    ]  # fmt: skip
    assert broken() == []


def test_a_change_is_refused_as_a_new_field_is(who, draft):
    parcels = add(who, draft, new(0), new(1)).parcels
    for changes in ({"geometry": square(1)}, {"code": "P1"}, {"code": ""}, {"geometry": None}):
        with pytest.raises(ParcelsRefused):
            change_parcel(actor=who.cooperative, project_id=draft.pk, parcel_id=parcels[0].pk, new=new(0, **changes))
    assert Parcel.objects.get(pk=parcels[0].pk).code == "P0"


def test_several_fields_get_the_same_practices(who, draft, household):
    parcels = add(who, draft, new(0, household_code="3-017"), new(1), new(2)).parcels
    set_practices(
        actor=who.cooperative,
        project_id=draft.pk,
        parcel_ids=[parcel.pk for parcel in parcels[:2]],
        practices=OTHER_PRACTICES,
    )
    assert [parcel.practices for parcel in draft.parcels.order_by("id")] == [OTHER_PRACTICES] * 2 + [PRACTICES]
    assert broken() == []
    with pytest.raises(InvalidValue):
        set_practices(actor=who.cooperative, project_id=draft.pk, parcel_ids=[parcels[0].pk], practices={"id": 1})


def test_several_fields_are_taken_out(who, draft):
    parcels = add(who, draft, new(0), new(1), new(2)).parcels
    remove_parcels(actor=who.cooperative, project_id=draft.pk, parcel_ids=[parcel.pk for parcel in parcels[:2]])
    assert list(draft.parcels.values_list("code", flat=True)) == ["P2"]
    assert broken() == []


def test_only_fields_of_the_project_are_changed(who, draft):
    foreign = ParcelFactory()
    (own,) = add(who, draft, new(30)).parcels
    ours = {"actor": who.cooperative, "project_id": draft.pk}
    for act in (
        lambda ids: remove_parcels(parcel_ids=ids, **ours),
        lambda ids: set_practices(parcel_ids=ids, practices=PRACTICES, **ours),
        lambda ids: set_household(parcel_ids=ids, household_code="", **ours),
    ):
        for ids in ([], [foreign.pk], [own.pk, foreign.pk]):
            with pytest.raises(NotFound):
                act(ids)
    with pytest.raises(NotFound):
        change_parcel(parcel_id=foreign.pk, new=new(31), **ours)


def test_only_its_cooperative_changes_a_draft_and_only_a_draft(who, draft):
    (parcel,) = add(who, draft, new(0)).parcels
    cooperative = who.cooperative.organisation
    people = {
        MembershipFactory(organisation__kind="cooperative"): NotFound,
        MembershipFactory(organisation=cooperative, role="viewer"): NotAllowed,
        MembershipFactory(organisation__kind="cooperative", organisation__status="applied"): OrganisationNotApproved,
        who.verifier: NotAllowed,
        who.registrar: NotAllowed,
        who.auditor: NotAllowed,
        who.buyer: NotAllowed,
    }
    for actor, error in people.items():
        for act in acts(actor, draft, parcel):
            with pytest.raises(error):
                act()
    Project.objects.filter(pk=draft.pk).update(status="submitted")
    *of_draft, _household = acts(who.cooperative, draft, parcel)
    for act in of_draft:
        with pytest.raises(WrongState):
            act()


def acts(actor, project, parcel):
    ours = {"actor": actor, "project_id": project.pk}
    return [
        lambda: add_parcels(parcels=[new(50)], **ours),
        lambda: examine_parcels(parcels=[new(50)], **ours),
        lambda: change_parcel(parcel_id=parcel.pk, new=new(51), **ours),
        lambda: set_practices(parcel_ids=[parcel.pk], practices=PRACTICES, **ours),
        lambda: remove_parcels(parcel_ids=[parcel.pk], **ours),
        lambda: set_household(parcel_ids=[parcel.pk], household_code="", **ours),
    ]


def test_a_look_stores_nothing(who, draft):
    examined = examine_parcels(actor=who.cooperative, project_id=draft.pk, parcels=[new(0), new(0)])
    assert [problem.code for problem in examined.problems] == ["code_twice", "overlap"]
    assert not Parcel.objects.exists()


def test_a_project_has_ten_thousand_fields_at_most(who, draft, monkeypatch):
    monkeypatch.setattr(examine, "MAX_PARCELS", 2)
    (problem,) = refused(who, draft, new(0), new(1), new(2)).problems
    assert problem.code == "too_many_parcels"
    with pytest.raises(InvalidValue):
        add(who, draft)


def test_one_field_ten_thousand_times_is_refused_soon(who, draft):
    refusal = refused(who, draft, *(new(0, code=f"C{at}") for at in range(10_000)))
    assert len(refusal.problems) == 100
    assert {problem.code for problem in refusal.problems} == {"overlap"}


def test_more_pairs_than_can_be_compared_are_refused(who, draft, monkeypatch):
    monkeypatch.setattr(overlaps, "MAX_PAIRS", 5)
    with pytest.raises(InvalidValue, match="cannot be compared") as refusal:
        add(who, draft, *(new(0, code=f"C{at}") for at in range(9)))
    assert refusal.value.field == "parcels"
    ParcelFactory.create_batch(3, geometry=square(1))
    with pytest.raises(InvalidValue, match="cannot be compared"):
        add(who, draft, new(1), new(1, code="B", geometry=square(1, 0.001)))
