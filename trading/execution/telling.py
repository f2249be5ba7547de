"""How instructions are written in the log, and what the book is told by them: the executor and a replay read the same."""

from typing import Any

from trading.execution.books import LiveOrder, matching_rules
from trading.markets.models import Market
from trading.matching import (
    AuctionOpen,
    AuctionUncross,
    Cancel,
    ChangeRules,
    Close,
    Event,
    Expire,
    Halt,
    Instruction,
    MarketRules,
    Open,
    OrderBook,
    Rejected,
    Replace,
    Resume,
    Submit,
)

Content = dict[str, Any]

# How nearly every order is entered. A new option gets a line here, and old logs read as they always did.
USUAL_TERMS: Content = {
    "order_type": "limit",
    "time_in_force": "gtc",
    "post_only": False,
    "display_t": None,
    "self_trade_mode": "cancel_newest",
}
PUT_OFF = {"put_off": True}
"""Of an instruction that the market was in no state for: the book is told nothing."""


def terms_of(order: LiveOrder) -> Content:
    """Return an order as the log of instructions writes it; what is as usual is not written."""
    terms: Content = {
        "owner": order.organisation_id,
        "side": order.side,
        "price_fen": order.price_fen,
        "quantity_t": order.quantity_t,
    }
    for name, usual in USUAL_TERMS.items():
        if (value := getattr(order, name)) != usual:
            terms[name] = value
    return terms


def tell(book: OrderBook, kind: str, order_id: int | None, content: Content) -> list[Event]:
    """Tell the book an instruction, and return what it answers."""
    if kind == "submit":
        if "rejected" in content:
            return [Rejected(order_id, content["rejected"])]
        new = _submit(order_id, **{**USUAL_TERMS, **content})
        if book.in_auction and _is_unprotected(new, book.rules):
            return [Rejected(order_id, "outside_band")]
        return book.apply(new)
    instruction = _told(kind, order_id, content)
    return [] if instruction is None else book.apply(instruction)


def _is_unprotected(new: Submit, rules: MarketRules) -> bool:
    """Return whether a market order could trade in a call auction at a worse price than what is held for it covers.

    An auction knows no protection price: held is enough at the edge of the band, which may have moved since the order came.
    """
    return new.order_type == "market" and new.protection != edge_of(rules, is_buy=new.side == "buy")


def edge_of(rules: MarketRules, *, is_buy: bool) -> int:
    """Return the worst price, on the tick, at which the band lets somebody buy or sell."""
    assert rules.band is not None
    low, high = rules.band
    return high - high % rules.tick if is_buy else low + -low % rules.tick


def _submit(
    order_id: int | None,
    *,
    owner: int,
    side: str,
    price_fen: int,
    quantity_t: int,
    order_type: str,
    time_in_force: str,
    post_only: bool,
    display_t: int | None,
    self_trade_mode: str,
) -> Submit:
    is_market = order_type == "market"
    return Submit(
        order_id,
        owner,
        side,
        order_type,
        None if is_market else price_fen,
        quantity_t,
        time_in_force,
        post_only,
        display_t,
        self_trade_mode,
        price_fen if is_market else None,
    )


def _told(kind: str, order_id: int | None, content: Content) -> Instruction | None:
    """Return what the book is told, or None where it is told nothing."""
    if content == PUT_OFF:
        return None
    match kind:
        case "cancel":
            return Cancel(order_id)
        case "expire":
            return Expire(order_id)
        case "replace":
            return Replace(order_id, content["quantity_t"], content.get("price_fen"))
        case "halt":
            return Halt()
        case "resume":
            return Resume()
        case "auction_open":
            return AuctionOpen()
        case "auction_uncross":
            # Delivering to oneself moves nothing, and the journal refuses it: it is taken off both orders, and is no volume.
            return AuctionUncross(pairs_own=False)
        case "open":
            return Open()
        case "close":
            return Close()
        case "change_rules":
            return ChangeRules(rules_from(content["is"]))
        case "new_day" | "end_day":
            return None
    raise ValueError(f"there is no instruction {kind}")


def rules_from(rules: Content) -> MarketRules:
    """Return what a book asks of orders by rules as the log writes them.

    Raises: TypeError, KeyError where they are none.
    """
    names = ("tick_size_fen", "lot_size_t", "band_percent", "reference_price_fen")
    values = {name: rules[name] for name in names}
    if not all(type(value) is int and value > 0 for value in values.values()):
        raise TypeError("a rule is no whole number above nothing")
    return matching_rules(Market(**values))
