"""Retiring credits: for good, in somebody's name, once for a key."""

import orjson
import pytest

from ledger.credits.selectors import retirement_by_public_id, retirements, supply_of
from ledger.credits.services import retire_credits
from ledger.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
)
from ledger.journal.services import place_hold
from ledger.models import Account, Membership, Organisation, Record, Retirement
from tests.factories import MembershipFactory, ProjectFactory
from tests.scenes import issue_to_cooperative


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100)


def retire(who, batch, **changes):
    asked = {"quantity_t": 30, "beneficiary_name": "福建某公司", "purpose": "own_footprint"} | changes
    return retire_credits(**({"actor": who.cooperative, "batch_id": batch.pk} | asked))


def holding(who, batch):
    return Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset)


def test_retired_tonnes_leave_the_holder_with_their_serial_numbers(who, batch):
    retirement = retire(who, batch)
    assert holding(who, batch).balance == 70
    assert supply_of([batch])[batch.pk].retired == 30
    (run,) = Retirement.objects.get(pk=retirement.pk).serials
    assert (run.lower, run.upper) == (batch.serials.lower, batch.serials.lower + 30)
    assert retirement.transaction.kind == "retirement"


def test_the_record_hides_a_beneficiary_that_is_not_public(who, batch):
    retire(who, batch, quantity_t=1)
    retire(who, batch, quantity_t=1, is_beneficiary_public=False)
    entries = Record.objects.filter(kind="credits_retired").order_by("id").values_list("entry", flat=True)
    bodies = [orjson.loads(entry)["body"] for entry in entries]
    assert [body["beneficiary"] for body in bodies] == ["福建某公司", None]
    assert "福建某公司" not in bytes(Record.objects.order_by("id").last().entry).decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity_t": 0}, "quantity_t"),
        ({"quantity_t": -3}, "quantity_t"),
        ({"beneficiary_name": "  "}, "beneficiary_name"),
        ({"beneficiary_name": "n" * 121}, "beneficiary_name"),
        ({"beneficiary_name": "a\x00"}, "beneficiary_name"),
        ({"beneficiary_code": "9" * 19}, "beneficiary_code"),
        ({"purpose": "pleasure"}, "purpose"),
        ({"note": "n" * 301}, "note"),
        ({"note": "\ud800"}, "note"),
        ({"idempotency_key": "k" * 65}, "idempotency_key"),
    ],
)
def test_a_retirement_that_cannot_be_is_refused(who, batch, changes, field):
    with pytest.raises(InvalidValue) as refusal:
        retire(who, batch, **changes)
    assert refusal.value.field == field
    assert holding(who, batch).balance == 100


@pytest.mark.parametrize("quantity_t", [101, 10**15])
def test_no_more_is_retired_than_is_held(who, batch, quantity_t):
    with pytest.raises(InsufficientBalance) as refusal:
        retire(who, batch, quantity_t=quantity_t)
    assert (refusal.value.field, refusal.value.params) == ("quantity_t", {"available": 100, "needed": quantity_t})


def test_what_an_order_holds_is_not_retired(who, batch):
    place_hold(account_id=holding(who, batch).pk, amount=80, purpose="order")
    with pytest.raises(InsufficientBalance):
        retire(who, batch, quantity_t=21)
    assert retire(who, batch, quantity_t=20)


def test_who_has_none_of_a_batch_retires_none(who, batch):
    with pytest.raises(InsufficientBalance):
        retire(who, batch, actor=who.buyer)


def test_only_people_who_trade_for_an_approved_holder_retire(who, batch):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for actor in (viewer, who.verifier, who.registrar, who.treasurer, who.auditor):
        with pytest.raises(NotAllowed):
            retire(who, batch, actor=actor)
    Organisation.objects.filter(pk=who.cooperative.organisation_id).update(status=Organisation.Status.SUSPENDED)
    who.cooperative.organisation.refresh_from_db()
    with pytest.raises(OrganisationNotApproved):
        retire(who, batch)


def test_a_batch_that_is_not_there_is_not_found(who, batch):
    with pytest.raises(NotFound):
        retire(who, batch, batch_id=2**62)


def test_a_key_gives_the_first_retirement_again(who, batch):
    first = retire(who, batch, idempotency_key="k", beneficiary_name=" 福建某公司 ")
    again = retire(who, batch, idempotency_key="k")
    assert again == first
    assert holding(who, batch).balance == 70
    assert retire(who, batch, idempotency_key="another") != first


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity_t": 31},
        {"beneficiary_name": "另一公司"},
        {"beneficiary_code": "91350000000000000C"},
        {"purpose": "donation"},
        {"note": "again"},
        {"is_beneficiary_public": False},
    ],
)
def test_a_key_with_other_content_is_a_conflict(who, batch, changes):
    retire(who, batch, idempotency_key="k")
    with pytest.raises(IdempotencyConflict) as refusal:
        retire(who, batch, idempotency_key="k", **changes)
    assert refusal.value.params == {"key": "k"}
    assert holding(who, batch).balance == 70


def test_a_key_for_another_batch_is_a_conflict(who, batch):
    other = issue_to_cooperative(who, 100)
    retire(who, batch, idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        retire(who, other, idempotency_key="k")


def test_a_key_is_each_organisations_own(who, batch):
    retire(who, batch, idempotency_key="k")
    neighbour = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    theirs = issue_to_cooperative(who, 30, project=ProjectFactory(proponent=neighbour.organisation))
    assert retire(who, theirs, actor=neighbour, idempotency_key="k").organisation == neighbour.organisation


def test_a_retirement_is_found_by_its_public_id(who, batch, django_assert_num_queries):
    retirement = retire(who, batch)
    assert retirement_by_public_id(str(retirement.public_id)) == retirement
    for public_id in ("", "1", "\x00", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound):
            retirement_by_public_id(public_id)
    retire(who, batch)
    with django_assert_num_queries(1):
        assert [(row.organisation.name, row.batch.asset.code, row.batch.project.code) for row in retirements()]
