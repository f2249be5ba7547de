"""Lies about the exchange: trades, proposals of block trades and one-way auctions."""

import copy

from tests.lies.telling import (
    Log,
    again,
    first,
    fresh,
    lie,
    places,
    post,
    posted,
)

# Trades


@lie(r"trade \d+ was settled before")
def a_trade_settled_twice(log: Log) -> int:
    at, body = posted(log, "settlement")
    twin = again(log, at, renumbered=("id", "transaction", "transfer"))
    # The buyer gives the goods back first, so that they could be sold once more.
    goods = body["transfers"][0]
    more = {"serials": goods["serials"]}
    post(log, twin, "transfer", goods["credit"], goods["debit"], goods["amount"], **more)
    return twin + 1


@lie(r"trade \d+ was settled before")
def a_trade_under_anothers_number(log: Log) -> int:
    one, two, *_rest = places(log, "transaction_posted", kind="settlement")
    log[two]["body"]["trade"]["trade"] = log[one]["body"]["trade"]["trade"]
    return two


@lie(r"is no part of trade")
def a_trade_at_another_price(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["trade"]["price_fen"] += 1
    return at


@lie(r"trade \d+ is of 29 t, but 30 t were delivered")
def a_trade_of_another_quantity(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["trade"]["quantity_t"] -= 1
    return at


@lie(r"is no part of trade")
def a_trade_with_another_fee(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["trade"]["buyer_fee_fen"] -= 1
    return at


@lie("a settlement names its trade")
def a_settlement_of_no_trade(log: Log) -> int:
    at, body = posted(log, "settlement")
    del body["trade"]
    return at


@lie("a transfer settles no trade")
def a_trade_settled_by_another_kind(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["kind"] = "transfer"
    return at


@lie(r"market \d+ was never opened")
def a_market_whose_opening_is_left_out(log: Log) -> int:
    at = posted(log, "settlement")[0]
    del log[first(log, "market_opened")]
    return at - 1


@lie(r"market \d+ trades TH-\S+, not TH-")
def a_trade_in_another_market(log: Log) -> int:
    *_others, at = places(log, "transaction_posted", kind="settlement")
    trade = log[at]["body"]["trade"]
    opened = [log[place]["body"]["market"] for place in places(log, "market_opened")]
    trade["market"] = next(market for market in opened if market != trade["market"])
    return at


# Proposals


@lie("offer \\d+ was decided before")
def an_offer_that_is_accepted_and_withdrawn(log: Log) -> int:
    at = first(log, "block_accepted")
    again = copy.deepcopy(log[at]) | {"kind": "block_withdrawn", "id": fresh(log, "id")}
    log.insert(at + 1, again)
    return at + 1


@lie("offer \\d+ is not what was offered")
def an_offer_that_is_accepted_at_another_price(log: Log) -> int:
    at = first(log, "block_accepted")
    log[at]["body"]["price_fen"] += 1
    return at


@lie("offer \\d+ was never made")
def an_offer_that_nobody_made(log: Log) -> int:
    at = first(log, "block_accepted")
    del log[first(log, "block_offered", offer=log[at]["body"]["offer"])]
    return at - 1


@lie("bid \\d+ is not what it committed to")
def a_bid_that_was_raised_after_the_close(log: Log) -> int:
    at = first(log, "bid_revealed", price_fen=4_300)
    log[at]["body"]["price_fen"] = 4_600
    return at


@lie("bid \\d+ of auction \\d+ got 0 t at 0 fen, by the rules it gets 20 t at 4300 fen")
def a_loser_above_the_winner(log: Log) -> int:
    at = first(log, "bid_revealed", price_fen=4_300)
    log[at]["body"] |= {"awarded_t": 0}
    return first(log, "one_way_auction_awarded")


@lie("bid \\d+ of auction \\d+ was never revealed")
def a_bid_that_is_left_out(log: Log) -> int:
    del log[first(log, "bid_revealed", price_fen=4_200)]
    return first(log, "one_way_auction_awarded")


@lie("auction \\d+ was decided before")
def a_bid_after_the_award(log: Log) -> int:
    late = copy.deepcopy(log[first(log, "bid_placed")]) | {"id": fresh(log, "id")}
    late["body"]["bid"] = "999"
    at = first(log, "one_way_auction_awarded") + 1
    log.insert(at, late)
    return at
