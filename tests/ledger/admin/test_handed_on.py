"""Losses and wrongly issued credits at the desk: what a second registrar decides, and nobody else."""

import pytest
from django.urls import reverse

from ledger.credits.cancellations.orders import request_cancellation
from ledger.models import Batch, CancellationOrder, Membership, Reversal
from tests.desk import client_of
from tests.factories import MembershipFactory
from tests.scenes import People, issue_to_cooperative, report_loss


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 100, buffer_t=10)


@pytest.fixture
def second(who: People) -> Membership:
    return MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)


def at(model: str, page: str, *args: object) -> str:
    return reverse(f"admin:ledger_{model}_{page}", args=args)


def test_a_registrar_asks_for_a_cancellation_and_another_confirms(
    who: People, batch: Batch, second: Membership
) -> None:
    client = client_of(who.registrar)
    given = {
        "batch": batch.pk,
        "organisation": who.cooperative.organisation_id,
        "quantity_t": 5,
        "first_serial": "",
        "reason": "mistake",
        "note": "Counted twice.",
    }
    wrong = client.post(at("cancellationorder", "request"), given | {"quantity_t": 91})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (409, ["quantity_t"])
    client.post(at("cancellationorder", "request"), given)
    order = CancellationOrder.objects.get()
    assert client.post(at("cancellationorder", "confirm", order.pk)).status_code == 403
    other = client_of(second)
    assert "Counted twice." in other.get(at("cancellationorder", "confirm", order.pk)).content.decode()
    other.post(at("cancellationorder", "confirm", order.pk))
    order.refresh_from_db()
    assert (order.status, order.decided_by) == ("confirmed", second.user)


def test_a_second_registrar_confirms_or_refuses_a_loss(who: People, batch: Batch, second: Membership) -> None:
    client = client_of(who.registrar)
    report = {
        "project": batch.project_id,
        "cause": "flood",
        "happened_on": "2025-06-01",
        "discovered_on": "2025-06-02",
        "loss_t": 12,
        "description": "The dyke broke.",
    }
    client.post(at("reversal", "report"), report)
    loss = Reversal.objects.get()
    assert client.post(at("reversal", "confirm", loss.pk), {"due_on": ""}).status_code == 403
    other = client_of(second)
    assert "The dyke broke." in other.get(at("reversal", "confirm", loss.pk)).content.decode()
    other.post(at("reversal", "confirm", loss.pk), {"due_on": ""})
    loss.refresh_from_db()
    assert (loss.state, loss.from_buffer_t, loss.owed_t) == ("confirmed", 10, 2)
    doubtful = report_loss(who.verifier, batch.project, 5, cause="fire")
    client.post(at("reversal", "refuse", doubtful.pk), {"reason": "Nothing burned."})
    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.refusal_reason) == ("refused", "Nothing burned.")


def test_others_at_the_desk_decide_nothing(who: People, batch: Batch) -> None:
    loss = report_loss(who.cooperative, batch.project, 5)
    order = request_cancellation(
        actor=who.registrar, batch_id=batch.pk, organisation=None, quantity_t=1, reason="mistake", note="n"
    )
    for person in (who.treasurer, who.auditor, who.cooperative):
        client = client_of(person)
        for address in (
            at("reversal", "confirm", loss.pk),
            at("reversal", "refuse", loss.pk),
            at("reversal", "report"),
            at("cancellationorder", "confirm", order.pk),
            at("cancellationorder", "refuse", order.pk),
            at("cancellationorder", "request"),
        ):
            assert client.post(address, {"reason": "x"}).status_code in (302, 403)
    assert (Reversal.objects.get().state, CancellationOrder.objects.get().status) == ("reported", "requested")
