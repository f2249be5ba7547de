"""Addresses of the exchange's pages."""

from django.urls import path

from config import converters  # noqa: F401 (registers id)
from trading.web import (
    auctions,
    blocks,
    changes,
    history,
    holdings,
    home,
    markets,
    orders,
    proceeds,
    reviews,
    selling,
    status,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("status", status.status, name="status"),
    path("markets", markets.markets, name="markets"),
    path("markets/<symbol>", markets.market, name="market"),
    path("markets/<symbol>/history", history.market_history, name="market_history"),
    path("markets/<symbol>/live", markets.market_live, name="market_live"),
    path("markets/<symbol>/orders", orders.place_order, name="place_order"),
    path("markets/<symbol>/review", reviews.review_order, name="review_order"),
    path("orders/review", reviews.review_all, name="review_all"),
    path("orders", orders.orders, name="orders"),
    path("orders/trades.csv", orders.trades_csv, name="trades_csv"),
    path("orders/cancel", changes.cancel_orders, name="cancel_orders"),
    path("orders/<int:order_id>/change", changes.change_order, name="change_order"),
    path("orders/<int:order_id>/cancel", orders.cancel_order, name="cancel_order"),
    path("blocks", blocks.offers, name="blocks"),
    path("blocks/new", blocks.new_offer, name="new_offer"),
    path("blocks/<id:offer_id>", blocks.offer, name="offer"),
    path("blocks/<id:offer_id>/accept", blocks.accept_offer, name="accept_offer"),
    path("blocks/<id:offer_id>/decline", blocks.decline_offer, name="decline_offer"),
    path("blocks/<id:offer_id>/withdraw", blocks.withdraw_offer, name="withdraw_offer"),
    path("auctions", auctions.auction_list, name="auctions"),
    path("auctions/new", auctions.new_auction, name="new_auction"),
    path("auctions/<id:auction_id>", auctions.auction, name="auction"),
    path("auctions/<id:auction_id>/cancel", auctions.cancel_auction, name="cancel_auction"),
    path("bids/<id:bid_id>/withdraw", auctions.withdraw_bid, name="withdraw_bid"),
    path("proceeds", proceeds.proceeds, name="proceeds"),
    path("sell", selling.sell, name="sell"),
    path("sell/<int:order_id>", selling.sale, name="sale"),
    path("sell/<int:order_id>/price", selling.sale_price, name="sale_price"),
    path("holdings", holdings.holdings, name="holdings"),
    path("holdings/held", holdings.holds, name="holds"),
]
