"""Each rule: a season that it must find, with its evidence, and near misses that it must not."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.models import Organisation
from tests.factories import MembershipFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from tests.watched import Day, at, figures, round_trip
from trading.execution.services import execute_market
from trading.models import Instruction, Market, Order, Trade
from trading.orders.phases import instruct
from trading.surveillance.services import declare_relation, end_relation

# Orders that meet themselves


def meet_oneself(day: Day, times: int, **options: Any) -> list[Order]:
    day.enter(day.who.cooperative, "sell", 4_000, 50)
    return [day.enter(day.who.cooperative, "buy", 4_000, 5, **options) for _time in range(times)]


def test_orders_that_meet_their_own_organisations_are_an_alert(day: Day, who: People) -> None:
    with at("10:10"):
        met = meet_oneself(day, 3)
    assert {order.reason for order in met} == {"self_trade"}
    [alert] = day.judge("self_trade")
    assert (alert.organisations, alert.market, alert.severity) == ([who.cooperative.organisation_id], day.market, "low")
    assert alert.window_ends_at - alert.window_starts_at == dt.timedelta(hours=1)
    assert alert.window_starts_at == dt.datetime(2026, 12, 1, 2, tzinfo=dt.UTC)
    assert alert.evidence == {
        "figures": {"attempts": 3, "attempted_t": 15},
        "thresholds": {"attempts": 3},
        "orders": [str(order.pk) for order in met],
        "trades": [],
    }


def test_orders_that_were_reduced_for_meeting_their_own_are_counted_too(day: Day) -> None:
    with at("10:10"):
        day.enter(day.who.cooperative, "sell", 4_000, 50)
        for _time in range(2):
            day.enter(day.who.cooperative, "buy", 4_000, 5, self_trade_mode="decrement")
    [alert] = day.judge("self_trade")
    assert figures(alert)["attempts"] == 3


def test_fewer_or_in_two_hours_are_none(day: Day) -> None:
    with at("10:10"):
        meet_oneself(day, 2)
    with at("11:10"):
        meet_oneself(day, 2)
    assert day.judge("self_trade") == []


def test_an_order_that_rested_for_days_before_it_met_its_own_is_found(day: Day, who: People) -> None:
    with at("10:10"):
        for _time in range(3):
            day.enter(who.cooperative, "sell", 4_000, 5)
    assert day.judge("self_trade", "10:30", day=3) == []
    with at("10:40", day=3):
        day.enter(who.cooperative, "buy", 4_000, 20, self_trade_mode="cancel_oldest")
    [alert] = day.judge("self_trade", "11:02", day=3)
    assert figures(alert)["attempts"] == 3
    assert alert.window_starts_at == dt.datetime(2026, 12, 3, 2, tzinfo=dt.UTC)


def test_what_would_have_met_itself_in_a_call_auction_counts_too(day: Day, who: People) -> None:
    with at("10:10"):
        instruct(day.market, [Instruction.Kind.AUCTION_OPEN], actor="system")
        for _time in range(2):
            day.enter(who.cooperative, "sell", 4_000, 5)
            day.enter(who.cooperative, "buy", 4_000, 5)
        instruct(day.market, [Instruction.Kind.AUCTION_UNCROSS], actor="system")
        execute_market(day.market.pk)
    [alert] = day.judge("self_trade")
    assert figures(alert) == {"attempts": 4, "attempted_t": 20}
    assert not Trade.objects.exists()


# Round trips


def test_what_comes_back_within_the_hour_is_an_alert(day: Day, who: People) -> None:
    with at("10:10"):
        day.trade(who.cooperative, who.buyer, 30)
    with at("10:40"):
        day.trade(who.buyer, who.cooperative, 28, 4_010)
    [alert] = day.judge("round_trip")
    assert alert.organisations == sorted([who.cooperative.organisation_id, who.buyer.organisation_id])
    assert alert.severity == "low"
    first_is_seller = alert.organisations[0] == who.cooperative.organisation_id
    ways = ("there", "back") if first_is_seller else ("back", "there")
    assert figures(alert) == {
        f"{ways[0]}_t": 30,
        f"{ways[1]}_t": 28,
        f"{ways[0]}_price_fen": 4_000,
        f"{ways[1]}_price_fen": 4_010,
        "round_trip_trades": 2,
        "relations": [],
    }
    assert len(alert.evidence["trades"]) == 2


def test_a_round_trip_over_the_full_hour_and_in_many_fills_is_found(day: Day, who: People) -> None:
    with at("09:45"):
        for _time in range(4):
            day.trade(who.cooperative, who.buyer, 5)
    with at("10:15"):
        day.trade(who.buyer, who.cooperative, 20)
    [alert] = day.judge("round_trip")
    assert alert.window_starts_at == dt.datetime(2026, 12, 1, 2, tzinfo=dt.UTC)
    assert figures(alert)["round_trip_trades"] == 5


@pytest.mark.parametrize(
    ("quantity_t", "price_fen", "clock"),
    [(20, 4_000, "10:40"), (30, 4_200, "10:40"), (30, 4_000, "11:50"), (9, 4_000, "10:40")],
)
def test_another_quantity_another_price_or_much_later_is_none(
    quantity_t: int, price_fen: int, clock: str, day: Day, who: People
) -> None:
    with at("10:10" if clock == "10:40" else "09:50"):
        day.trade(who.cooperative, who.buyer, 30)
    with at(clock):
        day.trade(who.buyer, who.cooperative, quantity_t, price_fen)
    assert day.judge("round_trip") == []


def test_what_goes_to_a_third_is_none(day: Day, who: People) -> None:
    with at("10:10"):
        day.trade(who.cooperative, who.buyer, 30)
        day.trade(who.buyer, who.other_buyer, 30)
    assert day.judge("round_trip") == []


def test_between_related_organisations_it_is_graver(day: Day, who: People) -> None:
    with at("09:30"):
        declare_relation(
            actor=who.registrar,
            one=who.buyer.organisation,
            other=who.cooperative.organisation,
            kind="same_controller",
            reason="Company register.",
        )
    round_trip(day)
    [alert] = day.judge("round_trip")
    assert (alert.severity, figures(alert)["relations"]) == ("high", ["same_controller"])


def test_a_relation_that_has_ended_makes_it_no_graver(day: Day, who: People) -> None:
    with at("09:30"):
        relation = declare_relation(
            actor=who.registrar,
            one=who.buyer.organisation,
            other=who.cooperative.organisation,
            kind="shareholder",
            reason="Company register.",
        )
        end_relation(actor=who.registrar, relation_id=relation.pk, reason="Sold.")
    round_trip(day)
    [alert] = day.judge("round_trip")
    assert (alert.severity, figures(alert)["relations"]) == ("low", [])


def test_relations_that_the_data_shows_count_as_well(who: People) -> None:
    sister = MembershipFactory(
        organisation__kind=Organisation.Kind.COOPERATIVE,
        organisation__applied_by=who.buyer.user,
        organisation__credit_code="91350000000000000C",
    )
    twin = MembershipFactory(organisation__credit_code="91350000000000000C")
    with at("09:00"):
        day = Day(who, market_for(who, issue_to_cooperative(who, 1_000)))
        for payer in (who.cooperative, who.buyer, sister, twin):
            pay_in(who, payer, 10_000_000)
    with at("10:10"):
        for one, other in ((sister, who.buyer), (sister, twin)):
            day.trade(who.cooperative, one, 30)
            day.trade(one, other, 30)
            day.trade(other, one, 30)
    found = {tuple(alert.organisations): figures(alert)["relations"] for alert in day.judge("round_trip")}
    assert found == {
        tuple(sorted((sister.organisation_id, who.buyer.organisation_id))): ["shared_person"],
        tuple(sorted((sister.organisation_id, twin.organisation_id))): ["same_credit_code"],
    }


# Many orders, few trades


def flood(day: Day, count: int) -> None:
    for _time in range(count):
        day.cancel(day.enter(day.who.buyer, "buy", 3_900, 1), day.who.buyer)


def test_many_orders_for_each_trade_are_an_alert(day: Day, who: People) -> None:
    day.set("order_to_trade", ratio=5, least_orders=6)
    with at("10:10"):
        flood(day, 6)
        day.trade(who.cooperative, who.buyer, 1)
    [alert] = day.judge("order_to_trade", "00:02", day=2)
    assert alert.organisations == [who.buyer.organisation_id]
    assert alert.window_starts_at == dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
    assert figures(alert) == {"messages": 13, "orders": 7, "trades": 1, "ratio": 13}
    assert len(alert.evidence["orders"]) == 7


@pytest.mark.parametrize(("ratio", "least_orders"), [(14, 6), (5, 8)])
def test_fewer_for_each_trade_or_in_all_are_none(ratio: int, least_orders: int, day: Day, who: People) -> None:
    day.set("order_to_trade", ratio=ratio, least_orders=least_orders)
    with at("10:10"):
        flood(day, 6)
        day.trade(who.cooperative, who.buyer, 1)
    assert day.judge("order_to_trade", "00:02", day=2) == []


def test_a_day_is_not_judged_before_it_is_over(day: Day) -> None:
    day.set("order_to_trade", ratio=2, least_orders=1)
    with at("10:10"):
        flood(day, 2)
    assert day.judge("order_to_trade", "23:59") == []
    assert day.judge("order_to_trade", "00:00", day=2) == []
    assert len(day.judge("order_to_trade", "00:02", day=2)) == 1


# Orders canceled at once


def layer(day: Day, count: int, *, seconds: int) -> list[Order]:
    """Enter orders to sell, and cancel them after some seconds."""
    with at("10:10:00"):
        orders = [day.enter(day.who.cooperative, "sell", 4_100 + n, 10) for n in range(count)]
    with at(f"10:10:{seconds:02}"):
        for order in orders:
            day.cancel(order, day.who.cooperative)
    return orders


def test_orders_canceled_within_seconds_are_an_alert(day: Day, who: People) -> None:
    day.set("quick_cancel", orders=4)
    orders = layer(day, 4, seconds=10)
    [alert] = day.judge("quick_cancel")
    assert (alert.organisations, alert.severity) == ([who.cooperative.organisation_id], "low")
    assert figures(alert) == {
        "canceled": 4,
        "canceled_t": 40,
        "side": "sell",
        "other_side_trades": 0,
        "other_side_t": 0,
    }
    assert alert.evidence["orders"] == [str(order.pk) for order in orders]


def test_whoever_traded_on_the_other_side_meanwhile_is_a_graver_case(day: Day, who: People) -> None:
    day.set("quick_cancel", orders=99, tonnes=40)
    layer(day, 4, seconds=5)
    with at("10:11"):
        day.trade(who.cooperative, who.buyer, 3)
        day.trade(who.buyer, who.cooperative, 3)
    [alert] = day.judge("quick_cancel")
    assert (alert.severity, figures(alert)["other_side_t"], len(alert.evidence["trades"])) == ("high", 3, 1)


@pytest.mark.parametrize(("count", "seconds"), [(3, 5), (4, 11)])
def test_fewer_or_later_are_none(count: int, seconds: int, day: Day) -> None:
    day.set("quick_cancel", orders=4)
    layer(day, count, seconds=seconds)
    assert day.judge("quick_cancel") == []


def test_what_had_traded_before_it_was_canceled_is_none(day: Day, who: People) -> None:
    day.set("quick_cancel", orders=1)
    with at("10:10"):
        order = day.enter(who.cooperative, "sell", 4_000, 10)
        day.enter(who.buyer, "buy", 4_000, 1)
        day.cancel(order, who.cooperative)
    assert day.judge("quick_cancel") == []


# Hits of the price band


def test_orders_that_trade_at_the_edge_of_the_band_are_an_alert(day: Day, who: People) -> None:
    day.set("band_hit", hits=3)
    with at("10:10"):
        for _time in range(3):
            day.trade(who.cooperative, who.buyer, 2, 4_400)
    [alert] = day.judge("band_hit")
    # The buyer has driven it up; the seller got what was offered.
    assert alert.organisations == [who.buyer.organisation_id]
    assert figures(alert) == {
        "hits": 3,
        "edge_trades": 3,
        "edge_t": 6,
        "beyond": 0,
        "lowest_price_fen": 3_600,
        "highest_price_fen": 4_400,
    }


def test_the_lowest_price_is_the_sellers_doing_and_an_order_counts_once(day: Day, who: People) -> None:
    day.set("band_hit", hits=2)
    with at("10:10"):
        for _time in range(2):
            day.enter(who.buyer, "buy", 3_600, 1)
        day.enter(who.cooperative, "sell", 3_600, 2)
    assert day.judge("band_hit", "11:02") == []
    with at("11:10"):
        for _time in range(2):
            day.trade(who.cooperative, who.buyer, 1, 3_600)
    [alert] = day.judge("band_hit")
    assert alert.organisations == [who.cooperative.organisation_id]


def test_orders_rejected_beyond_the_band_count_as_well(day: Day, who: People) -> None:
    day.set("band_hit", hits=2)
    with at("10:10"):
        orders = [day.enter(who.buyer, "buy", 4_400, 1) for _time in range(2)]
        # The band became narrower before the book took them.
        Order.objects.filter(pk__in=[order.pk for order in orders]).update(status="rejected", reason="outside_band")
        try:
            [alert] = day.judge("band_hit")
            assert figures(alert)["beyond"] == figures(alert)["hits"] == 2
        finally:
            Order.objects.filter(pk__in=[order.pk for order in orders]).update(status="new", reason="")


def test_trades_a_tick_within_the_band_are_none(day: Day, who: People) -> None:
    day.set("band_hit", hits=1)
    with at("10:10"):
        day.trade(who.cooperative, who.buyer, 1, 4_399)
        day.trade(who.cooperative, who.buyer, 1, 3_601)
    assert day.judge("band_hit") == []


# Concentration


def test_whoever_holds_most_of_what_circulates_is_an_alert_once_a_month(day: Day, who: People) -> None:
    with at("10:10"):
        day.trade(who.cooperative, who.buyer, 700)
        day.trade(who.cooperative, who.other_buyer, 300)
    [alert] = day.judge("holding", "00:02", day=2)
    assert (alert.organisations, alert.severity) == ([who.buyer.organisation_id], "low")
    assert figures(alert) == {"held_t": 700, "circulating_t": 1_000, "held_percent": 70, "holders": 2}
    assert alert.window_starts_at == dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
    assert alert.window_ends_at == dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC)
    assert day.judge("holding", "00:02", day=3) == []


@pytest.mark.parametrize("quantities", [(500, 500), (700, 299)])
def test_half_of_it_or_of_little_is_none(quantities: tuple[int, int], day: Day, who: People) -> None:
    with at("10:10"):
        for buyer, quantity_t in zip((who.buyer, who.other_buyer), quantities, strict=True):
            day.trade(who.cooperative, buyer, quantity_t)
    assert day.judge("holding", "00:02", day=2) == []


def test_whoever_it_was_issued_to_may_have_all_of_it(day: Day) -> None:
    assert day.judge("holding", "00:02", day=2) == []


def bid(day: Day, *quantities: int) -> None:
    bidders = (day.who.buyer, day.who.other_buyer, day.who.cooperative)
    with at("10:10"):
        for actor, quantity_t in zip(bidders, quantities, strict=False):
            day.enter(actor, "buy", 3_900, quantity_t)


def test_whoever_has_most_of_one_side_of_the_book_is_an_alert_once_a_day(day: Day, who: People) -> None:
    bid(day, 900, 60, 40)
    [alert] = day.judge("open_interest", "11:02")
    assert alert.organisations == [who.buyer.organisation_id]
    assert figures(alert) == {"open_t": 900, "side_t": 1_000, "open_percent": 90, "side": "buy", "organisations": 3}
    assert day.judge("open_interest", "12:02") == []
    assert len(day.judge("open_interest", "10:02", day=2)) == 1


@pytest.mark.parametrize("quantities", [(900, 100), (800, 100, 100), (890, 60, 40)])
def test_fewer_bidders_a_smaller_share_or_a_small_side_is_none(quantities: tuple[int, ...], day: Day) -> None:
    bid(day, *quantities)
    assert day.judge("open_interest") == []


# Marking the close


def close(day: Day, clock: str, quantities: list[int]) -> None:
    """Let the buyer take from the book at a time, and somebody else before that."""
    with at("15:20:30"):
        day.trade(day.who.cooperative, day.who.other_buyer, 40)
    with at(clock):
        for quantity_t in quantities:
            day.trade(day.who.cooperative, day.who.buyer, quantity_t, 4_050)


@pytest.fixture
def session(day: Day) -> Iterator[Day]:
    """Return the market with sessions of a day."""
    hours = [{"pre_open": "09:15", "open": "09:30", "close": "11:30"}, {"open": "13:00", "close": "15:30"}]
    Market.objects.update(sessions=hours)
    yield day
    Market.objects.update(sessions=[])


def test_whoever_takes_most_before_the_close_is_an_alert(session: Day, who: People) -> None:
    close(session, "15:29", [20, 20, 20])
    [alert] = session.judge("marking_close", "00:02", day=2)
    assert (alert.organisations, alert.severity) == ([who.buyer.organisation_id], "medium")
    assert alert.window_ends_at == dt.datetime(2026, 12, 1, 7, 30, tzinfo=dt.UTC)
    assert figures(alert) == {
        "taken_t": 60,
        "closing_t": 100,
        "taken_percent": 60,
        "closing_trades": 3,
        "first_price_fen": 4_000,
        "last_price_fen": 4_050,
    }


@pytest.mark.parametrize(
    ("clock", "quantities"),
    [("15:15", [20, 20, 20]), ("15:29", [20, 20, 19]), ("15:29", [30, 30]), ("15:29", [10, 10, 10])],
)
def test_earlier_less_or_in_fewer_trades_is_none(clock: str, quantities: list[int], session: Day) -> None:
    close(session, clock, quantities)
    assert session.judge("marking_close", "00:02", day=2) == []


def test_a_market_without_sessions_has_no_close(day: Day) -> None:
    close(day, "15:29", [20, 20, 20])
    assert day.judge("marking_close", "00:02", day=2) == []
