"""What trading has waiting for organisations: offers to answer, alerts to review, rules to confirm, markets to resume."""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Membership, Organisation
from ledger.texts import localized
from ledger.workload.operators import Queue, tasks_of_queues
from ledger.workload.tasks import MOST_OF_A_KIND, Task, add_source
from ledger.workload.writing import tonnes, yuan
from trading.blocks.models import BlockOffer
from trading.markets.models import Market, MarketChange
from trading.surveillance.selectors import undecided_alerts

REGISTRAR = (Membership.Role.REGISTRAR,)


def offer_tasks(reader: Membership) -> Iterator[Task]:
    """Yield the offers of block trades that the organisation may answer, those that expire first in front."""
    offered = BlockOffer.objects.filter(
        counterparty=reader.organisation, state=BlockOffer.State.OPEN, expires_at__gt=timezone.now()
    ).select_related("market", "proposer")
    for offer in offered.order_by("expires_at", "id")[:MOST_OF_A_KIND]:
        sides = [offer.market.symbol, f"{tonnes(offer.quantity_t)} × {yuan(offer.price_fen)}"]
        yield Task(
            "offer_to_answer",
            pgettext_lazy("task", "Answer the offer of a block trade"),
            " · ".join([*sides, localized(offer.proposer, "name")]),
            "offer",
            {"offer_id": offer.pk},
            since=offer.offered_at,
            due_at=offer.expires_at,
        )


def surveillance_tasks(reader: Membership) -> Iterator[Task]:
    """Yield that alerts wait to be decided, where any do."""
    found = undecided_alerts().order_by().aggregate(count=Count("pk"), oldest=Min("opened_at"))
    if found["count"]:
        yield Task(
            "alerts_to_review",
            _("Review what surveillance has found"),
            "",
            "admin:trading_alert_changelist",
            query={"state": "undecided"},
            roles=REGISTRAR,
            since=found["oldest"],
            count=found["count"],
        )


def rules_queue() -> Queue:
    """Return the other rules of markets that one person has proposed and another confirms."""
    return Queue(
        "market_changes_to_confirm",
        _("New rules of markets"),
        _("Decide about new rules of markets"),
        MarketChange.objects.filter(state=MarketChange.State.PROPOSED),
        "proposed_at",
        Membership.Role.REGISTRAR,
        2,
        {"state__exact": MarketChange.State.PROPOSED},
        "proposed_by",
        also=(Membership.Role.OWNER,),
    )


def rules_tasks(reader: Membership) -> Iterator[Task]:
    """Yield that new rules wait for a second person, where any do."""
    return tasks_of_queues([rules_queue()], reader)


def halted_tasks(reader: Membership) -> Iterator[Task]:
    """Yield the markets that are halted: they stay so until somebody resumes them."""
    for market in Market.objects.filter(state=Market.State.HALTED).order_by("symbol")[:MOST_OF_A_KIND]:
        subject = " · ".join(filter(None, [market.symbol, market.halt_reason]))
        keys = {"object_id": market.pk}
        yield Task(
            "market_to_resume", _("Resume the market"), subject, "admin:trading_market_change", keys, roles=REGISTRAR
        )


def add_sources() -> None:
    """Have what trading knows in everybody's list; called once, as the app begins."""
    kind = Organisation.Kind
    add_source(offer_tasks, kind.COOPERATIVE, kind.BUYER)
    add_source(surveillance_tasks, kind.OPERATOR)
    add_source(rules_tasks, kind.OPERATOR)
    add_source(halted_tasks, kind.OPERATOR)
