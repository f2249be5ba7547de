"""What the exchange tells of its records: trades summed up by the minute, orders that ended by themselves, offers, auctions.

The ledger writes the notices (ledger/notices); here is only who is told what.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.journal.models import Account
from ledger.notices.book import Book
from ledger.notices.kinds import NoticeKind, add_kinds
from ledger.notices.models import Group, Severity
from ledger.notices.rules import ACTING, OWNERS, REGISTRARS, Telling, Told, on
from ledger.notices.saying import To, in_both, tell
from ledger.notices.words import write
from ledger.transparency.following import LoggedRecord
from ledger.transparency.services import format_time
from trading.markets.models import Market
from trading.markets.rules import FEES, RULES
from trading.orders.models import Order

TRADING, MARKETS = Group.TRADING, Group.MARKETS
OF_OFFER: dict[str, Any] = {"page": "offer", "place": {"offer_id": "offer"}}
OF_AUCTION: dict[str, Any] = {"page": "auction", "place": {"auction_id": "auction"}}


def symbols_of(records: Iterable[LoggedRecord]) -> dict[str, str]:
    """Return the symbol of each market that records name, in one query."""
    ids = {int(market) for record in records if (market := _market_of(record.body)) is not None}
    return {str(pk): symbol for pk, symbol in Market.objects.filter(pk__in=ids).values_list("pk", "symbol")}


def _market_of(body: Mapping[str, Any]) -> str | None:
    found = body.get("market") or body.get("trade", {}).get("market")
    return str(found) if found and str(found).isdigit() else None


def _filled(said: Mapping[str, Any]) -> str:
    """Return what was traded in a minute: bought, sold or both, each at its average price."""
    parts = []
    for amount, value, words in (
        ("bought_t", "bought_fen", gettext("bought %(quantity)s t at ¥%(price)s")),
        ("sold_t", "sold_fen", gettext("sold %(quantity)s t at ¥%(price)s")),
    ):
        if said.get(amount):
            average_fen = round(said[value] / said[amount])
            parts.append(words % {"quantity": write(amount, said[amount]), "price": write("_fen", average_fen)})
    return f"{said.get('symbol', '')}: {gettext(', ').join(parts)}"


def _rules_said(said: Mapping[str, Any]) -> str:
    """Return which rules are other ones, and from when; the market's page has them all."""
    changed = [_rule_said(name, value) for name, value in sorted(said.get("rules", {}).items())]
    if set(FEES) & said.get("rules", {}).keys():
        words = gettext(
            "They hold for what is entered after %(entered_at)s. %(rules)s. New fees end all orders that rest: enter them again."
        )
    else:
        words = gettext("They hold for what is entered after %(entered_at)s. %(rules)s.")
    return words % {"entered_at": write("_at", said.get("entered_at")), "rules": gettext(", ").join(changed)}


def _rule_said(name: str, value: Any) -> str:
    labels = {field.name: str(field.verbose_name) for field in Market._meta.concrete_fields if field.name in RULES}
    label = labels.get(name, name)
    return f"{label}: {write('', value)}" if isinstance(value, int) else label


add_kinds(
    NoticeKind("trades", TRADING, _filled, page="orders", is_sum=True),
    NoticeKind(
        "orders_ended",
        TRADING,
        _("%(orders)s orders of yours on %(symbol)s have ended untraded or in part"),
        _("Their time was over, or new rules of the market do not allow them. What they held is free again."),
        page="orders",
        is_sum=True,
    ),
    NoticeKind(
        "market_halted",
        MARKETS,
        _("Trading of %(symbol)s is halted"),
        _("Reason: %(reason)s"),
        Severity.WARNING,
        "market",
        {"symbol": "symbol"},
    ),
    NoticeKind(
        "market_resumed",
        MARKETS,
        _("Trading of %(symbol)s goes on"),
        page="market",
        place={"symbol": "symbol"},
    ),
    NoticeKind(
        "market_rules_change",
        MARKETS,
        _("New rules of %(symbol)s"),
        _rules_said,
        Severity.WARNING,
        "market",
        {"symbol": "symbol"},
    ),
)


@on("transaction_posted")
def _traded(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    """Sum trades up by organisation, market and minute: there may be thousands a second."""
    sums: dict[tuple[int, str, str], Counter[str]] = {}
    times: dict[tuple[int, str, str], LoggedRecord] = {}
    for record in records:
        trade = record.body.get("trade")
        if trade is None:
            continue
        buyer, seller = _parties(record.body, book)
        value_fen = trade["price_fen"] * trade["quantity_t"]
        minute = format_time(record.at)[:16]
        for holder, side in ((buyer, "bought"), (seller, "sold")):
            if holder is None:
                continue
            of_minute = (holder, str(trade["market"]), minute)
            total = sums.setdefault(of_minute, Counter())
            total[f"{side}_t"] += trade["quantity_t"]
            total[f"{side}_fen"] += value_fen
            total["trades"] += 1
            times[of_minute] = record
    symbols = symbols_of(times.values()) if times else {}
    for (holder, market, minute), total in sums.items():
        said = {"symbol": symbols.get(market, market), **total}
        told = Told(holder)
        yield Telling("trades", told, said, times[holder, market, minute].at, "", f"trades:{market}:{holder}:{minute}")


def _parties(body: Mapping[str, Any], book: Book) -> tuple[int | None, int | None]:
    """Return who has bought and who has sold: the transfer of credits says so, that has serial numbers."""
    for transfer in body["transfers"]:
        if "serials" in transfer or "serials_sha256" in transfer:
            return book.holders.get(str(transfer["credit"])), book.holders.get(str(transfer["debit"]))
    return None, None


@on("instructions_executed")
def _expired(records: Sequence[LoggedRecord], _book: Book) -> Iterable[Telling]:
    """Tell of orders that ended without anybody asking for it: their time was over, or new rules forbid them."""
    with connection.cursor() as cursor:
        cursor.execute(
            _EXPIRED,
            [
                [int(record.body["market"]) for record in records],
                [int(record.body["first_sequence"]) for record in records],
                [int(record.body["last_sequence"]) for record in records],
                [record.at for record in records],
                list(Order.OPEN_STATUSES),
            ],
        )
        rows = cursor.fetchall()
    symbols = symbols_of(records) if rows else {}
    for organisation_id, market, at, count in rows:
        said = {"symbol": symbols.get(str(market), ""), "orders": count}
        key = f"ended:{market}:{organisation_id}:{format_time(at)[:16]}"
        yield Telling("orders_ended", Told(organisation_id), said, at, "", key)


_EXPIRED = """
SELECT placed.organisation_id, done.market_id, said.at, count(*)
  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[]) AS said (market_id, first, last, at)
  JOIN trading_executedinstruction done
    ON done.market_id = said.market_id AND done.sequence BETWEEN said.first AND said.last AND done.kind = 'expire'
  JOIN trading_order placed ON placed.id = done.order_id AND NOT placed.status = ANY(%s)
 GROUP BY 1, 2, 3
 ORDER BY 3, 1
"""


@on("market_halt_ordered", "market_resume_ordered")
def _halted(records: Sequence[LoggedRecord], _book: Book) -> Iterable[Telling]:
    """Tell those who have orders on the book."""
    markets = {int(record.body["market"]) for record in records}
    waiting = Order.objects.filter(book_entry__market__in=markets).values_list("market_id", "organisation_id")
    by_market: dict[str, set[int]] = {}
    for market, organisation in waiting.distinct():
        by_market.setdefault(str(market), set()).add(organisation)
    for record in records:
        kind = "market_halted" if record.kind == "market_halt_ordered" else "market_resumed"
        said = {"symbol": record.body["symbol"], "reason": record.body["reason"]}
        for organisation in sorted(by_market.get(str(record.body["market"]), ())):
            yield Telling(kind, Told(organisation), said, record.at, record.actor)


@on("market_change_ordered")
def _rules_change(records: Sequence[LoggedRecord], _book: Book) -> Iterable[Telling]:
    """Tell those who have orders on the book or hold the market's credits which rules become other ones, and from when."""
    by_market = _participants({int(record.body["market"]) for record in records})
    for record in records:
        body = record.body
        said = {"symbol": body["symbol"], "rules": body["rules"], "entered_at": format_time(record.at)}
        for organisation in sorted(by_market.get(int(body["market"]), ())):
            yield Telling("market_rules_change", Told(organisation), said, record.at, record.actor)


def _participants(markets: Collection[int]) -> dict[int, set[int]]:
    """Return whom the rules of markets concern: who has orders on the book, and who holds the credits. In two queries."""
    found: dict[int, set[int]] = {}
    waiting = Order.objects.filter(book_entry__market__in=markets).values_list("market_id", "organisation_id")
    holding = Account.objects.filter(
        asset__market__in=markets, purpose=Account.Purpose.HOLDING, balance__gt=0, organisation__isnull=False
    ).values_list("asset__market", "organisation_id")
    for market, organisation in [*waiting.distinct(), *holding.distinct()]:
        found.setdefault(market, set()).add(organisation)
    return found


def _party(name: str) -> To:
    def to(record: LoggedRecord, book: Book) -> list[Told]:
        organisation = book.organisation(record.body, name)
        return [] if organisation is None else [Told(organisation.pk, ACTING)]

    return to


def _both(record: LoggedRecord, book: Book) -> list[Told]:
    return [*_party("proposer")(record, book), *_party("counterparty")(record, book)]


def _offer(record: LoggedRecord, book: Book) -> dict[str, Any]:
    body = record.body
    names = {
        side: in_both(organisation)
        for side in ("proposer", "counterparty")
        if (organisation := book.organisation(body, side)) is not None
    }
    said = {name: body[name] for name in ("price_fen", "quantity_t", "expires_at")}
    return {"proposer": "", "counterparty": ""} | names | said | {"offer": int(body["offer"])}


def _offer_told(
    recorded: str, to: To, title: Any, text: Any = "", severity: Severity = Severity.INFO, **more: Any
) -> None:
    tell(
        recorded,
        to=to,
        say=_offer,
        group=TRADING,
        title=title,
        text=text,
        severity=severity,
        **OF_OFFER,
        **more,
    )


DECIDE = _("Accept, counter or decline by %(expires_at)s.")
_offer_told(
    "block_offered",
    _party("counterparty"),
    _("%(proposer)s would buy %(quantity_t)s t from you at ¥%(price_fen)s in a block"),
    DECIDE,
    Severity.ACTION,
    when=lambda record: record.body["side"] == "buy",
)
_offer_told(
    "block_offered",
    _party("counterparty"),
    _("%(proposer)s would sell you %(quantity_t)s t at ¥%(price_fen)s in a block"),
    DECIDE,
    Severity.ACTION,
    when=lambda record: record.body["side"] != "buy",
    name="block_offered_for_sale",
)
_offer_told("block_accepted", _party("proposer"), _("%(counterparty)s has accepted your block of %(quantity_t)s t"))
_offer_told("block_declined", _party("proposer"), _("%(counterparty)s has declined your block of %(quantity_t)s t"))
_offer_told(
    "block_withdrawn", _party("counterparty"), _("%(proposer)s has taken its offer of a block of %(quantity_t)s t back")
)
_offer_told("block_expired", _both, _("The offer of a block of %(quantity_t)s t is over: nobody has decided in time"))


def _lot(record: LoggedRecord, _book: Book) -> dict[str, Any]:
    body = record.body
    said = {name: body[name] for name in ("quantity_t", "awarded_t", "awarded_price_fen", "closes_at") if name in body}
    return said | {"auction": int(body["auction"]), "reason": body.get("reason", "")}


def _auction_told(
    recorded: str, to: To, title: Any, text: Any = "", severity: Severity = Severity.INFO, **more: Any
) -> None:
    tell(recorded, to=to, say=_lot, group=TRADING, title=title, text=text, severity=severity, **OF_AUCTION, **more)


tell(
    "one_way_auction_announced",
    to=lambda record, book: [
        Told(trader, ACTING)
        for trader in book.traders
        if (seller := book.organisation(record.body, "seller")) is None or trader != seller.pk
    ],
    say=_lot,
    group=MARKETS,
    title=_("A lot of %(quantity_t)s t is put up for auction"),
    text=_("Bids are taken until %(closes_at)s."),
    **OF_AUCTION,
)
_auction_told("one_way_auction_awarded", _party("seller"), _("Auction %(auction)s is awarded: your lot is sold"))
_auction_told("one_way_auction_unsold", _party("seller"), _("Auction %(auction)s ended without a sale"))
_auction_told(
    "one_way_auction_cancelled", _party("seller"), _("Auction %(auction)s is called off"), _("Reason: %(reason)s")
)
_auction_told(
    "bid_revealed",
    _party("organisation"),
    _("Your bid has won %(awarded_t)s t at ¥%(awarded_price_fen)s in auction %(auction)s"),
    when=lambda record: bool(record.body["awarded_t"]),
    name="bid_won",
)
_auction_told(
    "bid_revealed",
    _party("organisation"),
    _("Your bid in auction %(auction)s has won nothing"),
    _("What it held is free again."),
    when=lambda record: not record.body["awarded_t"],
    name="bid_lost",
)
_auction_told(
    "bid_voided",
    _party("organisation"),
    _("Auction %(auction)s is called off, and your bid with it"),
    _("What it held is free again."),
)


def _limited(record: LoggedRecord, book: Book) -> dict[str, Any]:
    organisation = book.organisation(record.body)
    return {"name": in_both(organisation) if organisation else "", "reason": record.body.get("reason", "")}


def _to_registrars(_record: LoggedRecord, book: Book) -> list[Told]:
    return [Told(operator, REGISTRARS) for operator in book.operators]


def _alert(record: LoggedRecord, _book: Book) -> dict[str, Any]:
    return {"alert": int(record.body["alert"]), "rule": str(record.body.get("rule", ""))}


def _alert_told(recorded: str, title: Any, severity: Severity) -> None:
    tell(
        recorded,
        to=_to_registrars,
        say=_alert,
        group=Group.DESK,
        title=title,
        severity=severity,
        page="admin:trading_alert_change",
        place={"object_id": "alert"},
    )


for recorded, title in (
    ("organisation_limit_set", _("The operator has set limits for what %(name)s trades")),
    ("organisation_limit_lifted", _("Limits for what %(name)s trades are lifted")),
):
    tell(
        recorded,
        to=_party("organisation"),
        say=_limited,
        group=TRADING,
        severity=Severity.WARNING if recorded.endswith("set") else Severity.INFO,
        title=title,
        text=_("Reason: %(reason)s"),
        page="orders",
    )


def _decided(record: LoggedRecord, _book: Book) -> dict[str, Any]:
    body = record.body
    return {"symbol": body["symbol"], "reason": body["reason"], "change": int(body["market_change"])}


def _may_decide(_record: LoggedRecord, book: Book) -> list[Told]:
    return [Told(operator, (*OWNERS, *REGISTRARS)) for operator in book.operators]


for recorded, title, severity in (
    ("market_change_proposed", _("New rules of %(symbol)s wait for a second person"), Severity.ACTION),
    ("market_change_confirmed", _("New rules of %(symbol)s are confirmed"), Severity.INFO),
    ("market_change_refused", _("New rules of %(symbol)s are refused"), Severity.INFO),
):
    tell(
        recorded,
        to=_may_decide,
        say=_decided,
        group=Group.DESK,
        severity=severity,
        title=title,
        text=_("Reason: %(reason)s"),
        page="admin:trading_marketchange_change",
        place={"object_id": "change"},
    )
_alert_told("alert_raised", _("Surveillance: alert %(alert)s (%(rule)s)"), Severity.ACTION)
_alert_told("alert_escalated", _("Surveillance: alert %(alert)s is escalated"), Severity.WARNING)
