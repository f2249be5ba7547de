"""Where the exchange's operations are found, under /api/v1/."""

from django.urls import path

from config import converters  # noqa: F401 (registers id and code)
from trading.api.marketdata import MarketData, Streams
from trading.api.markets import Markets
from trading.api.orders import Orders
from trading.api.trades import Trades

urlpatterns = [
    path("orders", Orders.as_view({"get": "list_orders", "post": "place_order"})),
    path("orders/batch", Orders.as_view({"post": "place_orders"})),
    path("orders/<id:order_id>", Orders.as_view({"get": "get_order"})),
    path("orders/<id:order_id>/cancel", Orders.as_view({"post": "cancel_order"})),
    path("trades", Trades.as_view({"get": "list_trades"})),
    path("markets", Markets.as_view({"get": "list_markets", "post": "open_market"})),
    path("markets/<code:symbol>", Markets.as_view({"get": "get_market"})),
    path("markets/<code:symbol>/book", Markets.as_view({"get": "get_book"})),
    path("markets/<code:symbol>/trades", Markets.as_view({"get": "list_market_trades"})),
    path("markets/<code:symbol>/candles", MarketData.as_view({"get": "get_candles"})),
    path("markets/<code:symbol>/ticker", MarketData.as_view({"get": "get_ticker"})),
    path("streams/ticket", Streams.as_view({"post": "issue_stream_ticket"})),
    path("markets/<code:symbol>/halt", Markets.as_view({"post": "halt_market"})),
    path("markets/<code:symbol>/resume", Markets.as_view({"post": "resume_market"})),
]
