"""Carbon that is lost again: reported, confirmed by a second person, and made up for."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from ledger.credits.reversals.pool import pool_t
from ledger.credits.reversals.selectors import (
    access_reversal_by_public_id,
    losable_t,
    owed_t,
    require_nothing_owed,
    reversals_seen_by,
    still_owed_t,
)
from ledger.credits.reversals.services import confirm_reversal, refuse_reversal, replenish
from ledger.credits.selectors import supply_of
from ledger.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    LossTooLarge,
    NotAllowed,
    NotFound,
    NothingOwed,
    OrganisationNotApproved,
    ReversalOwed,
    ReversalReportedAlready,
    SamePerson,
    WrongState,
)
from ledger.models import Account, Cancellation, Membership, Organisation, Record, Reversal
from tests.factories import MembershipFactory, ProjectFactory
from tests.scenes import issue_to_cooperative, report_loss
from trading.execution.reconciliation import reconcile

TODAY = timezone.localdate


@pytest.fixture
def batch(who):
    """Return 100 t of a project, of which the pool has 10."""
    return issue_to_cooperative(who, 100, buffer_t=10)


def broken():
    return [result.name for result in reconcile() if not result.holds]


def confirmed(who, batch, loss_t, **more):
    reversal = report_loss(who.cooperative, batch.project, loss_t, **more)
    return confirm_reversal(actor=who.registrar, public_id=reversal.public_id)


def replenished(who, reversal, batch, quantity_t, **more):
    return replenish(
        actor=who.cooperative, public_id=reversal.public_id, batch_id=batch.pk, quantity_t=quantity_t, **more
    )


def test_the_buffer_pool_pays_for_a_loss_that_it_covers(who, batch):
    reversal = confirmed(who, batch, 7)
    assert (reversal.state, reversal.from_buffer_t, reversal.owed_t, reversal.due_on) == ("compensated", 7, 0, None)
    supply = supply_of([batch])[batch.pk]
    assert (supply.buffer, supply.cancelled, supply.held) == (3, 7, 90)
    cancellation = Cancellation.objects.get()
    assert (cancellation.kind, cancellation.organisation, cancellation.reversal) == ("buffer", None, reversal)
    assert owed_t(batch.project) == 0
    assert broken() == []


def test_the_projects_own_share_goes_first_then_the_oldest_vintage_of_all(who):
    own = ProjectFactory(proponent=who.cooperative.organisation)
    batches = {
        name: issue_to_cooperative(who, 100, buffer_t=10, project=project, vintage=vintage)
        for name, project, vintage in (
            ("young", own, 2024),
            ("others young", ProjectFactory(), 2023),
            ("others old", ProjectFactory(), 2020),
            ("old", own, 2022),
        )
    }
    confirmed(who, batches["old"], 25)
    taken = {name: supply_of([batch])[batch.pk].cancelled for name, batch in batches.items()}
    assert taken == {"old": 10, "young": 10, "others old": 5, "others young": 0}
    assert pool_t() == 15
    confirmed(who, batches["old"], 20, days_ago=5)
    taken = {name: supply_of([batch])[batch.pk].cancelled for name, batch in batches.items()}
    assert taken == {"old": 10, "young": 10, "others old": 10, "others young": 10}
    assert owed_t(own) == 5
    assert broken() == []


def test_what_the_pool_does_not_cover_is_owed_until_a_day(who, batch):
    reversal = confirmed(who, batch, 25)
    assert (reversal.state, reversal.from_buffer_t, reversal.owed_t) == ("confirmed", 10, 15)
    assert reversal.due_on == TODAY() + dt.timedelta(days=180)
    assert owed_t(batch.project) == 15
    with pytest.raises(ReversalOwed) as refusal:
        require_nothing_owed(batch.project)
    assert refusal.value.params == {"project": batch.project.code, "owed": 15}


@pytest.mark.parametrize("more", [{"cause": "ploughed_up"}, {"cause": "over_issuance"}, {"is_intentional": True}])
def test_what_a_proponent_brought_about_it_owes_whole(who, batch, more):
    reversal = confirmed(who, batch, 5, **more)
    assert (reversal.from_buffer_t, reversal.owed_t, supply_of([batch])[batch.pk].buffer) == (0, 5, 10)
    assert broken() == []


def test_a_proponent_makes_up_for_it_with_credits_of_its_own_until_nothing_is_owed(who, batch):
    reversal = confirmed(who, batch, 25)
    elsewhere = issue_to_cooperative(who, 50)
    first = replenished(who, reversal, batch, 6, first_serial=batch.serials.lower + 10)
    assert (first.kind, [run.lower for run in first.serials]) == ("replenishment", [batch.serials.lower + 10])
    assert still_owed_t(reversal) == 9
    with pytest.raises(NothingOwed) as refusal:
        replenished(who, reversal, elsewhere, 10)
    assert (refusal.value.field, refusal.value.params) == ("quantity_t", {"owed": 9})
    replenished(who, reversal, elsewhere, 9)
    stored = Reversal.objects.get()
    assert (stored.state, owed_t(batch.project)) == ("compensated", 0)
    require_nothing_owed(batch.project)
    with pytest.raises(WrongState):
        replenished(who, reversal, elsewhere, 1)
    assert list(Record.objects.filter(kind__startswith="reversal_").order_by("id").values_list("kind", flat=True)) == [
        "reversal_reported",
        "reversal_confirmed",
        "reversal_compensated",
    ]
    assert broken() == []


def test_a_replenishment_repeated_with_its_key_is_made_once_even_when_nothing_is_owed_any_more(who, batch):
    reversal = confirmed(who, batch, 25)
    first = replenished(who, reversal, batch, 15, idempotency_key="k")
    assert replenished(who, reversal, batch, 15, idempotency_key="k") == first
    with pytest.raises(IdempotencyConflict):
        replenished(who, reversal, batch, 14, idempotency_key="k")
    assert Cancellation.objects.filter(kind="replenishment").count() == 1


def test_the_next_issuance_makes_up_first_for_what_is_due_first(who, batch):
    late = confirmed(who, batch, 25)
    early = report_loss(who.cooperative, batch.project, 10, cause="ploughed_up", days_ago=3)
    early = confirm_reversal(actor=who.registrar, public_id=early.public_id, due_on=TODAY() + dt.timedelta(days=30))
    small = issue_to_cooperative(who, 12, buffer_t=1, project=batch.project)
    assert (still_owed_t(Reversal.objects.get(pk=early.pk)), still_owed_t(late)) == (0, 14)
    assert supply_of([small])[small.pk] == supply_of([small])[small.pk].__class__(12, 0, 1, 0, 11)
    large = issue_to_cooperative(who, 100, project=batch.project)
    assert (supply_of([large])[large.pk].held, owed_t(batch.project)) == (86, 0)
    assert {each.state for each in Reversal.objects.all()} == {"compensated"}
    assert broken() == []


def test_an_issuance_of_another_project_makes_up_for_nothing(who, batch):
    confirmed(who, batch, 25)
    other = issue_to_cooperative(who, 100)
    assert (supply_of([other])[other.pk].held, owed_t(batch.project)) == (100, 15)


def test_of_avoided_methane_only_too_much_can_have_been_issued(who):
    batch = issue_to_cooperative(who, 100)
    with pytest.raises(InvalidValue) as refusal:
        report_loss(who.cooperative, batch.project, 5)
    assert refusal.value.field == "cause"
    assert confirmed(who, batch, 5, cause="over_issuance").owed_t == 5


def test_no_more_is_lost_than_was_issued_and_not_reported_before(who, batch):
    with pytest.raises(LossTooLarge) as refusal:
        report_loss(who.cooperative, batch.project, 101)
    assert (refusal.value.field, refusal.value.params) == ("loss_t", {"most": 100})
    reversal = report_loss(who.cooperative, batch.project, 60)
    with pytest.raises(ReversalReportedAlready):
        report_loss(who.verifier, batch.project, 60)
    with pytest.raises(LossTooLarge):
        report_loss(who.cooperative, batch.project, 41, days_ago=3)
    refuse_reversal(actor=who.registrar, public_id=reversal.public_id, reason="No loss was found.")
    assert losable_t(batch.project) == 100
    assert report_loss(who.cooperative, batch.project, 100)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"loss_t": 0}, "loss_t"),
        ({"loss_t": -1}, "loss_t"),
        ({"loss_t": 2**60}, "loss_t"),
        ({"cause": "locusts"}, "cause"),
        ({"days_ago": -1}, "happened_on"),
        ({"days_ago": 40 * 365}, "happened_on"),
    ],
)
def test_a_report_that_is_not_right_is_refused(who, batch, changes, field):
    loss_t = changes.pop("loss_t", 5)
    with pytest.raises(InvalidValue) as refusal:
        report_loss(who.cooperative, batch.project, loss_t, **changes)
    assert refusal.value.field == field
    assert not Reversal.objects.exists()


def test_who_reports_a_loss(who, batch):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for actor in (viewer, who.buyer, who.other_buyer, who.treasurer, who.auditor):
        with pytest.raises(NotAllowed):
            report_loss(actor, batch.project, 1)
    for days, actor in enumerate((who.cooperative, who.verifier, who.registrar)):
        assert report_loss(actor, batch.project, 1, days_ago=days).reporter == actor.organisation
    Organisation.objects.filter(pk=who.cooperative.organisation_id).update(status="suspended")
    who.cooperative.organisation.refresh_from_db()
    with pytest.raises(OrganisationNotApproved):
        report_loss(who.cooperative, batch.project, 1, days_ago=20)


def test_a_second_person_decides_once(who, batch):
    reversal = report_loss(who.registrar, batch.project, 5)
    for decide, more in ((confirm_reversal, {}), (refuse_reversal, {"reason": "no"})):
        with pytest.raises(SamePerson):
            decide(actor=who.registrar, public_id=reversal.public_id, **more)
        for actor in (who.cooperative, who.verifier, who.treasurer, who.auditor):
            with pytest.raises(NotAllowed):
                decide(actor=actor, public_id=reversal.public_id, **more)
    second = MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)
    with pytest.raises(InvalidValue):
        refuse_reversal(actor=second, public_id=reversal.public_id, reason=" ")
    for due_on in (TODAY() - dt.timedelta(days=1), TODAY() + dt.timedelta(days=3_000)):
        with pytest.raises(InvalidValue):
            confirm_reversal(actor=second, public_id=reversal.public_id, due_on=due_on)
    confirm_reversal(actor=second, public_id=reversal.public_id)
    for decide, more in ((confirm_reversal, {}), (refuse_reversal, {"reason": "no"})):
        with pytest.raises(WrongState):
            decide(actor=second, public_id=reversal.public_id, **more)
    with pytest.raises(NotFound):
        confirm_reversal(actor=second, public_id=uuid.uuid4())


def test_only_the_proponent_makes_up_for_a_reversal(who, batch):
    reversal = confirmed(who, batch, 25)
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for actor in (viewer, who.buyer, who.verifier, who.registrar, who.auditor):
        with pytest.raises(NotAllowed):
            replenish(actor=actor, public_id=reversal.public_id, batch_id=batch.pk, quantity_t=1)
    with pytest.raises(InsufficientBalance):
        replenished(who, reversal, issue_to_cooperative(who, 10, project=ProjectFactory()), 1)
    for quantity_t in (0, -1):
        with pytest.raises(InvalidValue):
            replenished(who, reversal, batch, quantity_t)


def test_who_sees_a_reversal(who, batch):
    reversal = report_loss(who.verifier, batch.project, 5)
    for member in (who.cooperative, who.verifier, who.registrar, who.auditor):
        assert access_reversal_by_public_id(public_id=reversal.public_id, membership=member) == reversal
    for member in (who.buyer, None):
        with pytest.raises(NotFound):
            access_reversal_by_public_id(public_id=reversal.public_id, membership=member)
    confirm_reversal(actor=who.registrar, public_id=reversal.public_id)
    assert list(reversals_seen_by(None)) == [reversal]
    assert Account.objects.filter(purpose="buffer").get().balance == 5
