"""Addresses."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


def _soon(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "404.html", status=404)


urlpatterns = [
    path("", _soon, name="home"),
    path("markets", _soon, name="markets"),
    path("markets/<symbol>", _soon, name="market"),
    path("markets/<symbol>/live", _soon, name="market_live"),
    path("markets/<symbol>/orders", _soon, name="place_order"),
    path("orders", _soon, name="orders"),
    path("orders/<int:order_id>/cancel", _soon, name="cancel_order"),
    path("holdings", _soon, name="holdings"),
]
