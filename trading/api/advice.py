"""What to do about each refusal of the exchange: told on the page of its code."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ADVICE: dict[str, Promise] = {
    "market_halted": _(
        "Cancels are taken, new orders when it resumes. GET /api/v1/markets/{symbol} says why and in which state it is."
    ),
    "trading_frozen": _(
        "Cancels are taken and carried out; new orders, replaces, offers and bids when the operator lifts it. GET /api/v1/status "
        "says why and since when. An order that was entered before is answered as ever when its client_order_id is sent again."
    ),
    "market_closed": _(
        "GET /api/v1/markets/{symbol} has next_step: when the market opens. Cancels are taken before that."
    ),
    "not_in_auction": _(
        "During a call auction enter limit orders that are good for the day or longer, without post_only and display_t."
    ),
    "order_too_large": _("Split it: largest_order_t of the market is the most that one order may have."),
    "over_limit": _("Enter less, cancel other orders, or ask the operator to raise your organisation's limit."),
    "replace_pending": _("Wait a moment until the market has taken the last new terms, then send these."),
    "too_late_to_replace": _("Read the order: it was filled or has ended. Enter a new one if you still want to trade."),
    "too_late_to_cancel": _("Read the order: it was filled or has ended, so nothing of it trades any more."),
    "nothing_to_change": _("GET /api/v1/markets/{symbol}/rules shows the rules as they are."),
    "off_tick": _("Round the price to a multiple of the market's tick_size_fen."),
    "off_lot": _("Round the quantity to a multiple of the market's lot_size_t."),
    "outside_band": _("band of the market has the lowest and the highest price that are taken today."),
    "invalid_order": _("The detail says which terms do not go together; the reference says which do."),
    "duplicate_order": _(
        "Take a new client_order_id for each order. The same order sent again with its id is answered with 200."
    ),
    "duplicate_proposal": _("Take a new id of yours for each offer, auction or bid."),
    "too_many_proposals": _("Withdraw offers, auctions or bids that you no longer want."),
    "insufficient_funds": _(
        "Pay in, buy less, or cancel orders whose holds you need: GET /api/v1/accounts shows what is available."
    ),
    "insufficient_credits": _(
        "Sell less, or cancel orders whose holds you need: GET /api/v1/accounts shows what is available."
    ),
    "market_exists": _("GET /api/v1/markets lists the markets that there are."),
    "relation_exists": _("GET /api/v1/surveillance/relations lists those that are declared."),
    "workers_out_of_reach": _("Nothing was begun. Try again in a while."),
    "streams_out_of_reach": _("Ask every few seconds instead, or try again in a while."),
    "below_minimum": _("The market or the auction says the least quantity that it takes: give at least that."),
    "below_reserve": _("Bid at least the reserve price."),
    "unknown_party": _("Ask the other party for its public id: that is never mistaken."),
    "offer_not_open": _("Read the offer: it was accepted, declined, withdrawn, answered, or its time is over."),
    "auction_not_open": _("Read the auction: its state says whether bids are taken."),
    "bid_binds": _("A bid in an open auction stands until the close. Sealed bids can be withdrawn."),
    "bid_not_standing": _("Read the bid: it was withdrawn, or the auction has been decided."),
}
