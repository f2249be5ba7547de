"""Addresses of the exchange's pages."""

from django.urls import path

from trading.web import changes, holdings, home, markets, orders

urlpatterns = [
    path("", home.home, name="home"),
    path("markets", markets.markets, name="markets"),
    path("markets/<symbol>", markets.market, name="market"),
    path("markets/<symbol>/live", markets.market_live, name="market_live"),
    path("markets/<symbol>/orders", orders.place_order, name="place_order"),
    path("orders", orders.orders, name="orders"),
    path("orders/trades.csv", orders.trades_csv, name="trades_csv"),
    path("orders/cancel", changes.cancel_orders, name="cancel_orders"),
    path("orders/<int:order_id>/change", changes.change_order, name="change_order"),
    path("orders/<int:order_id>/cancel", orders.cancel_order, name="cancel_order"),
    path("holdings", holdings.holdings, name="holdings"),
]
