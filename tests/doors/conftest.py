"""A scene with everything in it, and somebody of each kind to look at it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.services import retire_credits
from ledger.models import Account, Batch, Distribution, MonitoringReport, Parcel, Record, RiskAssessment
from ledger.parties.services import issue_token
from ledger.transparency.sequencer import sequence_log
from tests.factories import MembershipFactory, UserFactory
from tests.factors import with_app
from tests.scenes import people as people_of_all_kinds
from tests.things import things
from trading.orders.services import NewOrder, place_orders


@pytest.fixture(scope="module")
def cast(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the people by the names of the columns, and the things of the scene by theirs."""
    with django_db_blocker.unblock(), transaction.atomic():
        who = people_of_all_kinds()
        names = things(who)
        ours = {"organisation": who.cooperative.organisation}
        names = {**names, **_more(who, names)}
        yield (
            {
                "visitor": None,
                "newcomer": UserFactory(),
                "owner": who.cooperative,
                "trader": MembershipFactory(role="trader", **ours),
                "viewer": MembershipFactory(role="viewer", **ours),
                "neighbour": MembershipFactory(organisation__kind="cooperative"),
                "buyer": who.buyer,
                "verifier": who.verifier,
                "rival": MembershipFactory(organisation__kind="verifier"),
                "registrar": who.registrar,
                "treasurer": who.treasurer,
                "auditor": who.auditor,
            },
            names,
        )
        transaction.set_rollback(True)


def _more(who: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Return what only pages and GETs are about."""
    examined = MonitoringReport.objects.get(pk=names["examined"])
    batch = Batch.objects.select_related("asset").get(asset__code=names["batch"])
    retirement = retire_credits(
        actor=who.cooperative, batch_id=batch.pk, quantity_t=1, beneficiary_name="乙", purpose="event"
    )
    cancellation = cancel_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=1, reason="mistake", note="n")
    sequence_log()
    token, _secret = issue_token(user=who.cooperative.user, name="desk")
    return {
        "examined_project": examined.project.code,
        "examined_parcel": examined.project.parcels.get().pk,
        "draft_parcel": Parcel.objects.get(project__number=int(names["draft"][-6:])).pk,
        "stated": RiskAssessment.objects.get(pk=names["risk"]).project.code,
        "retirement": retirement.public_id,
        "cancellation": cancellation.public_id,
        "account": Account.objects.get(asset=batch.asset, organisation=who.cooperative.organisation).pk,
        "distribution": Distribution.objects.latest("id").pk,
        "record": Record.objects.filter(kind="credits_retired").latest("id").pk,
        "token": token.pk,
        "alert": 1,
        "factor": with_app(who.cooperative.user).pk,
        "session": 1,
        "sale": _sale(who, batch),
        "serial": batch.serials.lower,
    }


def _sale(who: Any, batch: Batch) -> int:
    """Return an order of the cooperative's to sell, which waits."""
    order = NewOrder("sale", "sell", 4_200, 1)
    return place_orders(actor=who.cooperative, market_id=batch.asset.market.pk, orders=[order])[0].order.pk


def client_of(person: Any) -> Client:
    """Return a client in which somebody is logged in, or nobody; what breaks is answered with a page, as in earnest."""
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(getattr(person, "user", person))
    return client
