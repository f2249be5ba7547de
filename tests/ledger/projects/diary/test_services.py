"""The field diary: what is written, by whom, once, and what is refused."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from ledger.errors import (
    IdempotencyConflict,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    WrongState,
)
from ledger.models import DiaryEntry, Membership, Organisation, Project, Record
from ledger.projects.diary.selectors import Filter, diary_of, last_contents
from ledger.projects.diary.services import NewEntry, Place, withdraw_entry, write_entry
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.racing import race

DAY = dt.date(2024, 5, 20)


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    for code in ("A01", "A02"):
        ParcelFactory(project=project, code=code)
    return project


def new(**changes):
    given = {
        "client_uuid": uuid.uuid4(),
        "kind": "drainage",
        "parcels": ["A01"],
        "happened_on": DAY,
        "content": {"water_level_cm": "-5"},
        "season": "early",
    }
    return NewEntry(**given | changes)


def kinds():
    return list(Record.objects.filter(kind__startswith="diary_").order_by("id").values_list("kind", flat=True))


@pytest.mark.django_db
def test_an_entry_is_written(who, project):
    place = Place(Decimal("24.5123456"), Decimal("117.1"), 12)
    written = write_entry(
        actor=who.cooperative,
        project_id=project.pk,
        new=new(parcels=["A02", "A01", "A02"], happened_time=dt.time(9, 30, 5, 7), place=place, note=" 晒田 "),
    )
    entry = DiaryEntry.objects.get()
    assert written == (entry, True)
    assert (entry.parcels, entry.content, entry.note) == (["A02", "A01"], {"water_level_cm": "-5"}, "晒田")
    assert (entry.happened_on, entry.happened_time) == (DAY, dt.time(9, 30, 5))
    assert (entry.latitude, entry.longitude, entry.accuracy_m) == (Decimal("24.512346"), Decimal("117.100000"), 12)
    assert kinds() == ["diary_entry_added"]


@pytest.mark.django_db
def test_what_is_sent_twice_is_kept_once(who, project):
    once = new()
    first = write_entry(actor=who.cooperative, project_id=project.pk, new=once)
    second = write_entry(actor=who.cooperative, project_id=project.pk, new=once)
    assert (second.entry, second.is_new) == (first.entry, False)
    assert kinds() == ["diary_entry_added"]
    with pytest.raises(IdempotencyConflict):
        write_entry(actor=who.cooperative, project_id=project.pk, new=new(client_uuid=once.client_uuid, note="x"))


@pytest.mark.django_db
def test_what_is_sent_again_after_it_was_withdrawn_stays_withdrawn(who, project):
    once = new()
    entry = write_entry(actor=who.cooperative, project_id=project.pk, new=once).entry
    withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=entry.pk, reason="Wrong field.")
    again = write_entry(actor=who.cooperative, project_id=project.pk, new=once)
    assert again.entry.withdrawn_at is not None
    assert not again.is_new


@pytest.mark.django_db(transaction=True)
def test_two_who_send_the_same_at_once_write_it_once(who, project):
    once = new()

    def send():
        return write_entry(actor=who.cooperative, project_id=project.pk, new=once).entry.pk

    results = race(send, send, send)
    assert len(set(results)) == 1
    assert DiaryEntry.objects.count() == 1
    assert kinds() == ["diary_entry_added"]


@pytest.mark.django_db
def test_only_owners_and_traders_of_the_cooperative_write(who, project):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    suspended = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE, organisation__status="suspended")
    refusals = {
        viewer: NotAllowed,
        stranger: NotFound,
        suspended: OrganisationNotApproved,
        who.buyer: NotAllowed,
        who.verifier: NotAllowed,
        who.registrar: NotAllowed,
        who.auditor: NotAllowed,
    }
    for actor, refusal in refusals.items():
        with pytest.raises(refusal):
            write_entry(actor=actor, project_id=project.pk, new=new())
    trader = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.TRADER)
    entry = write_entry(actor=trader, project_id=project.pk, new=new()).entry
    for actor, refusal in refusals.items():
        with pytest.raises(refusal):
            withdraw_entry(actor=actor, project_id=project.pk, entry_id=entry.pk, reason="x")
    assert kinds() == ["diary_entry_added"]


WRONG = {
    "kind": ({"kind": "ploughing"}, "kind"),
    "no field": ({"parcels": []}, "parcels"),
    "too many fields": ({"parcels": [f"P{at}" for at in range(2_001)]}, "parcels"),
    "unknown field": ({"parcels": ["A01", "B01"]}, "parcels"),
    "unknown season": ({"season": "winter"}, "season"),
    "tomorrow": ({"happened_on": dt.date(2024, 6, 2)}, "happened_on"),
    "later today": ({"happened_on": dt.date(2024, 6, 1), "happened_time": dt.time(12, 30)}, "happened_time"),
    "before the period": ({"happened_on": dt.date(2019, 12, 31)}, "happened_on"),
    "no content": ({"content": []}, "content"),
    "unknown content": ({"content": {"water_level_mm": "5"}}, "content"),
    "a number": ({"content": {"water_level_cm": 5}}, "content.water_level_cm"),
    "no number": ({"content": {"water_level_cm": "5 cm"}}, "content.water_level_cm"),
    "infinity": ({"content": {"water_level_cm": "Infinity"}}, "content.water_level_cm"),
    "not a number": ({"content": {"water_level_cm": "NaN"}}, "content.water_level_cm"),
    "an exponent": ({"content": {"water_level_cm": "1e999999"}}, "content.water_level_cm"),
    "too deep": ({"content": {"water_level_cm": "-201"}}, "content.water_level_cm"),
    "too exact": ({"content": {"water_level_cm": "0.0001"}}, "content.water_level_cm"),
    "no yield": ({"kind": "harvest", "content": {}}, "content.yield_t_per_ha"),
    "negative yield": ({"kind": "harvest", "content": {"yield_t_per_ha": "-1"}}, "content.yield_t_per_ha"),
    "yield in kilograms a mu": ({"kind": "harvest", "content": {"yield_t_per_ha": "450"}}, "content.yield_t_per_ha"),
    "half a sample": ({"kind": "soil_sampling", "content": {"depth_cm": "20", "samples": "1.5"}}, "content.samples"),
    "strange manure": (
        {"kind": "manure", "content": {"manure_kind": "gold", "manure_t_per_ha": "1"}},
        "content.manure_kind",
    ),
    "manure of no kind": ({"kind": "manure", "content": {"manure_t_per_ha": "1"}}, "content.manure_kind"),
    "nothing said": ({"kind": "other", "content": {}, "note": "  "}, "note"),
    "long note": ({"note": "x" * 2_001}, "note"),
    "nul": ({"note": "a\x00b"}, "note"),
    "off the globe": ({"place": Place(Decimal(117), Decimal(24), 5)}, "place"),
    "nowhere": ({"place": Place(Decimal("NaN"), Decimal(24), 5)}, "place"),
    "accuracy": ({"place": Place(Decimal(24), Decimal(117), -1)}, "place"),
    "replaces nothing": ({"replaces": 1}, "replaces"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_with_its_place(who, project, name):
    changes, field = WRONG[name]
    # Noon of 1 June in Fujian.
    noon = time_machine.travel(dt.datetime(2024, 6, 1, 4, 0, tzinfo=dt.UTC), tick=False)
    with noon, pytest.raises(InvalidValue) as refused:
        write_entry(actor=who.cooperative, project_id=project.pk, new=new(**changes))
    assert refused.value.field == field
    assert not DiaryEntry.objects.exists()
    assert kinds() == []


@pytest.mark.django_db
def test_after_the_crediting_period_nothing_counts(who, project):
    with time_machine.travel(dt.datetime(2030, 6, 1, tzinfo=dt.UTC)), pytest.raises(InvalidValue) as refused:
        write_entry(actor=who.cooperative, project_id=project.pk, new=new(happened_on=dt.date(2030, 1, 1)))
    assert refused.value.field == "happened_on"


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["draft", "completed", "withdrawn", "rejected"])
def test_fields_that_are_not_tended_for_the_project_have_no_diary(who, project, status):
    Project.objects.filter(pk=project.pk).update(status=status)
    with pytest.raises(WrongState):
        write_entry(actor=who.cooperative, project_id=project.pk, new=new())


@pytest.mark.django_db
def test_an_entry_is_withdrawn_with_a_reason_and_stays(who, project):
    entry = write_entry(actor=who.cooperative, project_id=project.pk, new=new()).entry
    with pytest.raises(InvalidValue):
        withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=entry.pk, reason=" ")
    withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=entry.pk, reason="Wrong field.")
    assert not diary_of(project).exists()
    kept = diary_of(project, Filter(includes_withdrawn=True)).get()
    assert (kept.withdrawal_reason, kept.withdrawn_by) == ("Wrong field.", who.cooperative.user)
    with pytest.raises(WrongState):
        withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=entry.pk, reason="Again.")
    assert kinds() == ["diary_entry_added", "diary_entry_withdrawn"]


@pytest.mark.django_db
def test_a_correction_is_an_entry_that_replaces(who, project):
    wrong = write_entry(actor=who.cooperative, project_id=project.pk, new=new()).entry
    better = new(replaces=wrong.pk, content={"water_level_cm": "-15"})
    right = write_entry(actor=who.cooperative, project_id=project.pk, new=better).entry
    assert list(diary_of(project)) == [right]
    wrong.refresh_from_db()
    assert (wrong.replaced_by, wrong.withdrawn_at) == (right, right.created_at)
    assert kinds() == ["diary_entry_added", "diary_entry_added", "diary_entry_withdrawn"]
    # The same correction, sent again.
    assert not write_entry(actor=who.cooperative, project_id=project.pk, new=better).is_new
    with pytest.raises(InvalidValue) as refused:
        write_entry(actor=who.cooperative, project_id=project.pk, new=new(replaces=wrong.pk))
    assert refused.value.field == "replaces"


@pytest.mark.django_db
def test_the_diary_is_filtered(who, project):
    for changes in (
        {"parcels": ["A01"]},
        {"parcels": ["A02"], "kind": "flooding", "content": {}, "happened_on": DAY + dt.timedelta(days=3)},
        {"parcels": ["A01", "A02"], "season": "", "kind": "straw", "content": {"straw_t_per_ha": "3.0"}},
    ):
        write_entry(actor=who.cooperative, project_id=project.pk, new=new(**changes))

    def found(**wanted):
        return sorted(entry.kind for entry in diary_of(project, Filter(**wanted)))

    assert found() == ["drainage", "flooding", "straw"]
    assert found(parcel="A01") == ["drainage", "straw"]
    assert found(season="early") == ["drainage", "flooding"]
    assert found(kind="straw") == ["straw"]
    assert found(starts_on=DAY + dt.timedelta(days=1)) == ["flooding"]
    assert found(ends_on=DAY) == ["drainage", "straw"]
    assert last_contents(project)["straw"] == {"straw_t_per_ha": "3", "parcels": ["A01", "A02"], "season": ""}


@pytest.mark.django_db
def test_numbers_are_kept_plain(who, project):
    written = write_entry(
        actor=who.cooperative,
        project_id=project.pk,
        new=new(kind="fertiliser", content={"n_kg_per_ha": "150.500"}),
    )
    assert written.entry.content == {"n_kg_per_ha": "150.5"}
    assert written.entry.created_at <= timezone.now()
