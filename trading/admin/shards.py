"""Which worker serves which market, what each has to do, and a market's move to another."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm, Text
from ledger.admin.display import Table, moment, tonnes
from ledger.parties.models import Membership
from trading.execution.shards import Shard, shards, suggest
from trading.markets.models import Market
from trading.orders.moves import move_market
from trading.orders.wakeups import shard_of

SERVED = {True: _("yes"), False: _("no: start its worker, or move its markets"), None: _("not known")}


class MoveForm(ReasonForm):
    shard = forms.IntegerField(label=_("Shard"), min_value=0)
    field_order = ("shard", "reason")


def _perform(actor: Membership, market: Market, values: dict[str, Any]) -> Market:
    return move_market(actor=actor, market_id=market.pk, **values)


MOVE = Action(
    name="move",
    label=_("Move to another shard"),
    explanation=_(
        "The worker of another shard executes the market from now on. Trading goes on meanwhile: no order is lost, and none "
        "is executed twice. The reason is kept in the log."
    ),
    done=_("%(object)s is moved. The next batch is executed by the other shard's worker."),
    role=Membership.Role.REGISTRAR,
    perform=_perform,
    form=MoveForm,
    is_due=lambda _market: settings.MATCHING_SHARDS > 1,
    initial=lambda market: {"shard": shard_of(market.shard)},
)


def shards_table() -> Table:
    """Return what each shard has to do, and which move would help."""
    found = shards()
    rows: list[tuple[object, ...]] = [
        (
            each.number,
            tonnes(len(each.markets)),
            tonnes(each.executed),
            tonnes(each.waiting),
            moment(each.oldest_waiting_at),
            _served(each),
        )
        for each in found
    ]
    columns = (
        gettext("Shard"),
        gettext("Markets"),
        gettext("Instructions in ten minutes"),
        gettext("Waiting"),
        gettext("Oldest since"),
        gettext("Has a worker"),
    )
    return Table(_title(found), columns, rows, figures=frozenset({0, 1, 2, 3}))


def _served(shard: Shard) -> Text:
    hosts = ", ".join(sorted(shard.answers))
    return hosts if shard.is_served and hosts else SERVED[shard.is_served]


def _title(found: list[Shard]) -> str:
    suggestion = suggest(found)
    count = ngettext("%(count)s shard of markets", "%(count)s shards of markets", len(found)) % {"count": len(found)}
    if suggestion is None:
        return count
    move = gettext("%(market)s should move to shard %(shard)s") % {
        "market": suggestion.market.symbol,
        "shard": suggestion.to_shard,
    }
    return f"{count}: {move}"
