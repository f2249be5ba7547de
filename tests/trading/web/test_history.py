import pytest

from tests.scenes import sell

pytestmark = pytest.mark.django_db


def test_prices_and_volumes_are_drawn_and_told(browse, market, who):
    sell(who, market, 10, price_fen=4_000)
    sell(who, market, 20, price_fen=4_100)
    for person in (None, who.buyer, who.auditor):
        page = browse(person).get(f"/markets/{market.symbol}/history")
        assert page.status_code == 200
        (bar,) = page.context["bars"]
        assert (bar.open_fen, bar.close_fen, bar.quantity_t) == (4_000, 4_100, 30)
        # One day alone is no line yet; its figures are in the table.
        assert page.context["price"] is None
        assert [row.cells for row in page.context["volume"].rows] == [["30"]]
    text = browse(who.buyer).get(f"/markets/{market.symbol}/history?span=day").content.decode()
    assert "Hour by hour" in text
    assert "1,220.00" in text


def test_a_market_without_trades_and_one_that_is_none(browse, market):
    assert "Nothing was traded" in browse().get(f"/markets/{market.symbol}/history?span=year").content.decode()
    assert browse().get(f"/markets/{market.symbol}/history?span=<script>").context["span"] == "month"
    assert browse().get("/markets/NONE/history").status_code == 404


def test_history_costs_so_many_queries(browse, market, who, django_assert_num_queries):
    sell(who, market, 10)
    with django_assert_num_queries(4):
        browse().get(f"/markets/{market.symbol}/history?span=quarter")
