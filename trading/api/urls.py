"""Where the exchange's operations are found, under /api/v1/."""

from django.urls import path

from config import converters  # noqa: F401 (registers id and code)
from trading.api.auctions import Auctions, Bids
from trading.api.blocks import Blocks
from trading.api.marketdata import MarketData, Streams
from trading.api.markets import Markets
from trading.api.orders import Orders
from trading.api.portfolio import PortfolioEndpoint
from trading.api.previews import OrderPreviews
from trading.api.surveillance import Surveillance
from trading.api.trades import Trades

urlpatterns = [
    path("orders", Orders.as_view({"get": "list_orders", "post": "place_order"})),
    path("orders/preview", OrderPreviews.as_view({"post": "preview_order"})),
    path("orders/batch", Orders.as_view({"post": "place_orders"})),
    path("orders/<id:order_id>", Orders.as_view({"get": "get_order"})),
    path("orders/cancel", Orders.as_view({"post": "cancel_orders"})),
    path("orders/<id:order_id>/replace", Orders.as_view({"post": "replace_order"})),
    path("orders/<id:order_id>/cancel", Orders.as_view({"post": "cancel_order"})),
    path("blocks", Blocks.as_view({"get": "list_offers", "post": "make_offer"})),
    path("blocks/<id:offer_id>", Blocks.as_view({"get": "get_offer"})),
    path("blocks/<id:offer_id>/accept", Blocks.as_view({"post": "accept_offer"})),
    path("blocks/<id:offer_id>/counter", Blocks.as_view({"post": "counter_offer"})),
    path("blocks/<id:offer_id>/decline", Blocks.as_view({"post": "decline_offer"})),
    path("blocks/<id:offer_id>/withdraw", Blocks.as_view({"post": "withdraw_offer"})),
    path("auctions", Auctions.as_view({"get": "list_auctions", "post": "announce_auction"})),
    path("auctions/<id:auction_id>", Auctions.as_view({"get": "get_auction"})),
    path("auctions/<id:auction_id>/bids", Auctions.as_view({"get": "list_auction_bids", "post": "place_bid"})),
    path("auctions/<id:auction_id>/cancel", Auctions.as_view({"post": "cancel_auction"})),
    path("bids", Bids.as_view({"get": "list_bids"})),
    path("bids/<id:bid_id>", Bids.as_view({"get": "get_bid"})),
    path("bids/<id:bid_id>/withdraw", Bids.as_view({"post": "withdraw_bid"})),
    path("portfolio", PortfolioEndpoint.as_view({"get": "get_portfolio"})),
    path("portfolio/positions", PortfolioEndpoint.as_view({"get": "list_positions"})),
    path("portfolio/holds", PortfolioEndpoint.as_view({"get": "list_holds"})),
    path("trades", Trades.as_view({"get": "list_trades"})),
    path("markets", Markets.as_view({"get": "list_markets", "post": "open_market"})),
    path("markets/<code:symbol>", Markets.as_view({"get": "get_market"})),
    path("markets/<code:symbol>/book", Markets.as_view({"get": "get_book"})),
    path("markets/<code:symbol>/trades", Markets.as_view({"get": "list_market_trades"})),
    path("markets/<code:symbol>/rules", Markets.as_view({"get": "get_market_rules", "post": "change_market"})),
    path("markets/<code:symbol>/candles", MarketData.as_view({"get": "get_candles"})),
    path("markets/<code:symbol>/ticker", MarketData.as_view({"get": "get_ticker"})),
    path("streams/ticket", Streams.as_view({"post": "issue_stream_ticket"})),
    path("markets/<code:symbol>/halt", Markets.as_view({"post": "halt_market"})),
    path("markets/<code:symbol>/resume", Markets.as_view({"post": "resume_market"})),
    path("surveillance/alerts", Surveillance.as_view({"get": "list_alerts"})),
    path("surveillance/alerts/<id:alert_id>", Surveillance.as_view({"get": "get_alert"})),
    path("surveillance/rules", Surveillance.as_view({"get": "list_rules"})),
    path("surveillance/relations", Surveillance.as_view({"get": "list_relations"})),
]
