import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from ledger.models import Membership
from ledger.parties.models import Organisation
from tests.factories import MembershipFactory, UserFactory
from trading.execution.services import execute_market
from trading.markets.limits import set_limit
from trading.models import Market, Order
from trading.orders.models import Instruction
from trading.orders.phases import halt_market, instruct
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


def send(client, market, **changes):
    ticket = {"side": "buy", "price": "40.25", "quantity": "10", "client_order_id": "web-1"} | changes
    return client.post(f"/markets/{market.symbol}/orders", ticket)


def enter(market, actor, side="buy", price_fen=4_000, quantity_t=10, name="o1"):
    return place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price_fen, quantity_t))


def errors_of(answer, field):
    return [str(error) for error in answer.context["ticket"].errors.get(field, [])]


def test_an_order_is_entered_in_exact_fen_and_the_page_says_what_is_held(browse, market, who):
    client = browse(who.buyer)
    answer = send(client, market)
    assert answer.status_code == 302
    assert answer["Location"] == f"/markets/{market.symbol}"
    order = Order.objects.get()
    assert (order.side, order.price_fen, order.quantity_t, order.status) == ("buy", 4_025, 10, "pending_new")
    text = client.get(answer["Location"]).content.decode()
    assert "Received: buy 10 t at 40.25 yuan. 402.90 yuan are held, 0.40 of it for the fee." in text


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("limit", ("limit", "gtc", False)),
        ("day", ("limit", "day", False)),
        ("gtd", ("limit", "gtd", False)),
        ("market", ("market", "ioc", False)),
        ("ioc", ("limit", "ioc", False)),
        ("fok", ("limit", "fok", False)),
        ("post_only", ("limit", "gtc", True)),
    ],
)
def test_each_kind_of_order_is_entered_with_its_terms(browse, market, who, kind, terms):
    # A time is taken note of where the order is good until one.
    assert send(browse(who.buyer), market, kind=kind, expires_at=f"{in_days(2):%Y-%m-%dT%H:%M}").status_code == 302
    order = Order.objects.get()
    assert (order.order_type, order.time_in_force, order.post_only) == terms
    assert (order.expires_at is not None) == (kind == "gtd")


def test_an_order_is_good_until_a_time_of_china_and_says_so(browse, market, who):
    client = browse(who.buyer)
    with time_machine.travel(dt.datetime(2026, 11, 25, 4, tzinfo=dt.UTC), tick=False):
        send(client, market, kind="gtd", expires_at="2026-11-30T15:00")
        assert Order.objects.get().expires_at == dt.datetime(2026, 11, 30, 7, tzinfo=dt.UTC)
        assert "until November 30, 15:00" in client.get(f"/markets/{market.symbol}").content.decode()
        send(client, market, kind="gtd", expires_at="2026-11-25T15:00", client_order_id="today")
        send(client, market, kind="gtd", expires_at="2027-01-05T09:00", client_order_id="next year")
        send(client, market, kind="day", client_order_id="day")
        text = client.get("/orders").content.decode()
    for words in ("until 15:00", "until Jan. 5, 2027, 09:00", "until the end of the day"):
        assert f"data-terms>{words}</span>" in text


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "required"),
        ("tomorrow", "Write a date and a time"),
        ("2026-13-01T00:00", "Write a date and a time"),
        ("2020-01-01T00:00", "within a year from now"),
        ("2099-01-01T00:00", "within a year from now"),
        ("9" * 500, "Write a date and a time"),
    ],
)
def test_an_end_that_is_none_is_refused_beside_its_field(browse, market, who, written, words):
    answer = send(browse(who.buyer), market, kind="gtd", expires_at=written)
    assert answer.status_code == 422
    assert words in " ".join(errors_of(answer, "expires_at"))
    assert '<details class="ticket__options" open>' in answer.content.decode()
    assert not Order.objects.exists()


def in_days(days):
    return timezone.localtime() + dt.timedelta(days=days)


def into_auction(market):
    instruct(market, [Instruction.Kind.AUCTION_OPEN], actor="system")
    execute_market(market.pk)
    market.refresh_from_db()
    assert market.in_auction


@pytest.mark.parametrize("kind", ["ioc", "fok", "post_only"])
def test_a_call_auction_takes_nothing_that_trades_at_once_or_only_makes(browse, market, who, kind):
    into_auction(market)
    answer = send(browse(who.buyer), market, kind=kind)
    assert answer.status_code == 422
    assert "A call auction takes no orders" in errors_of(answer, "kind")[0]
    assert not Order.objects.exists()


def test_a_market_order_for_a_call_auction_has_no_price(browse, market, who):
    into_auction(market)
    client = browse(who.buyer)
    answer = send(client, market, kind="market")
    assert "no protection price" in errors_of(answer, "price")[0]
    assert "A call auction takes no orders" in errors_of(send(client, market, display="4"), "display")[0]
    assert send(client, market, kind="market", price="").status_code == 302
    assert Order.objects.get().time_in_force == "day"


def test_limits_are_said_in_yuan_and_tonnes(browse, market, who):
    limits = {"actor": who.registrar, "organisation_id": who.buyer.organisation_id, "market_id": None, "reason": "New."}
    set_limit(**limits, largest_order_t=1_500)
    client = browse(who.buyer)
    assert "1,500 t at most" in errors_of(send(client, market, quantity="1501"), "quantity")[0]
    set_limit(**limits, largest_order_fen=123_456)
    refused = errors_of(send(client, market, quantity="1000"), "quantity")[0]
    assert "limit is 1,234.56 yuan; the order would come to 40,290.25" in refused
    Market.objects.update(largest_order_t=50)
    assert "50 t at most" in errors_of(send(client, market, quantity="51"), "quantity")[0]


def test_a_market_order_needs_no_price_and_the_page_says_what_it_holds(browse, market, who):
    client = browse(who.buyer)
    answer = send(client, market, kind="market", price="")
    text = client.get(answer["Location"]).content.decode()
    assert "Received: buy 10 t at 44.00 yuan" in text
    assert '<span class="small soft" data-terms>market</span>' in text


def test_an_iceberg_says_how_much_it_shows(browse, market, who):
    client = browse(who.buyer)
    answer = send(client, market, display="4")
    assert "shows 4 t at a time" in client.get(answer["Location"]).content.decode()
    live = client.get(f"/markets/{market.symbol}/live").json()
    assert live["mine"]["orders"][0]["terms_words"] == "shows 4 t at a time"


def test_options_that_were_refused_stay_open(browse, market, who):
    page = send(browse(who.buyer), market, display="10").content.decode()
    assert '<details class="ticket__options" open>' in page
    assert '<details class="ticket__options">' in browse(who.buyer).get(f"/markets/{market.symbol}").content.decode()


def test_a_sell_order_holds_tonnes(browse, market, who):
    send(browse(who.cooperative), market, side="sell")
    assert Order.objects.get().hold.remaining == 10


@pytest.mark.parametrize(
    ("written", "fen"), [("40", 4_000), ("40.5", 4_050), (" 40.05 ", 4_005), ("４０。２５", 4_025)]
)
def test_prices_are_read_as_people_write_them(browse, market, who, written, fen):
    assert send(browse(who.buyer), market, price=written).status_code == 302
    assert Order.objects.get().price_fen == fen


@pytest.mark.parametrize(
    "written",
    [
        "",
        "40.255",
        "0,040.25",
        "-40",
        "+40",
        "4e1",
        "0",
        "0.00",
        "NaN",
        "Infinity",
        "forty",
        "40.",
        ".5",
        "1" * 13,
        "9" * 5_000,
        "4\x000",
    ],
)
def test_a_price_that_is_none_is_refused_beside_its_field(browse, market, who, written):
    answer = send(browse(who.buyer), market, price=written)
    assert answer.status_code == 422
    assert errors_of(answer, "price")
    assert not Order.objects.exists()


@pytest.mark.parametrize("written", ["", "0", "-1", "1.5", "1e3", "ten", "1" * 13, "١٠", "1\x00"])
def test_a_quantity_that_is_none_is_refused_beside_its_field(browse, market, who, written):
    answer = send(browse(who.buyer), market, quantity=written)
    assert answer.status_code == 422
    assert errors_of(answer, "quantity")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"price": "44.01"}, "price", "between 36.00 and 44.00 yuan"),
        ({"price": "35.99"}, "price", "between 36.00 and 44.00 yuan"),
        ({"quantity": "100000001"}, "quantity", "100,000,000"),
        ({"quantity": "99999999"}, "quantity", "1,000,000.00 are available"),
        ({"side": "sell"}, "quantity", "You have 0 t to sell here"),
        ({"side": "short"}, "side", "valid choice"),
        ({"side": ""}, "side", "required"),
        ({"kind": "stop"}, "kind", "valid choice"),
        ({"display": "10"}, "display", "less than the quantity"),
        ({"display": "x"}, "display", "whole tonnes"),
        ({"kind": "ioc", "display": "5"}, "display", "must be able to rest"),
        ({"client_order_id": ""}, "client_order_id", "required"),
        ({"client_order_id": "x" * 65}, "client_order_id", "64"),
    ],
)
def test_what_the_market_refuses_is_said_in_yuan_beside_the_field(browse, market, who, changes, field, words):
    answer = send(browse(who.buyer), market, **changes)
    assert answer.status_code == 422
    assert words in " ".join(errors_of(answer, field))
    assert not Order.objects.exists()


def test_tick_and_lot_are_refused_beside_their_fields(browse, market, who):
    market.tick_size_fen, market.lot_size_t = 5, 10
    market.save()
    client = browse(who.buyer)
    assert "multiple of 0.05 yuan" in errors_of(send(client, market, price="40.01"), "price")[0]
    assert "multiple of 10 t" in errors_of(send(client, market, quantity="15"), "quantity")[0]


def test_a_halted_market_takes_no_order(browse, market, who):
    halt_market(actor=who.registrar, market_id=market.pk, reason="Check of data")
    execute_market(market.pk)
    answer = send(browse(who.buyer), market)
    assert answer.status_code == 422
    assert "Check of data" in errors_of(answer, "__all__")[0]


def test_a_refused_form_keeps_what_was_written_and_marks_the_field(browse, market, who):
    text = send(browse(who.buyer), market, price="99", quantity="7").content.decode()
    assert 'value="99"' in text
    assert 'value="7"' in text
    assert 'aria-invalid="true"' in text


def test_a_form_sent_twice_is_one_order(browse, market, who):
    client = browse(who.buyer)
    send(client, market)
    answer = send(client, market)
    assert answer.status_code == 302
    assert Order.objects.count() == 1
    assert "had been sent already" in client.get(answer["Location"]).content.decode()


def test_a_form_that_was_changed_and_sent_again_is_refused_with_a_new_id(browse, market, who):
    client = browse(who.buyer)
    send(client, market)
    answer = send(client, market, quantity="11")
    assert answer.status_code == 422
    assert "which stands" in errors_of(answer, "__all__")[0]
    assert answer.context["ticket"]["client_order_id"].value() != "web-1"
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_the_same_moment_is_one_order(market, who):
    def send_once(_):
        client = Client()
        client.force_login(who.buyer.user)
        try:
            return send(client, market).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(send_once, range(4))) == {302}
    assert Order.objects.count() == 1


@pytest.mark.parametrize("kind", ["verifier", "registrar", "auditor"])
def test_who_does_not_trade_may_not_place_orders(browse, market, who, kind):
    assert send(browse(getattr(who, kind)), market).status_code == 403
    assert not Order.objects.exists()


def test_a_viewer_may_not_place_orders(browse, market, who):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    assert send(browse(viewer), market).status_code == 403


def test_an_organisation_that_is_not_approved_may_not_place_orders(browse, market):
    member = MembershipFactory(organisation__status=Organisation.Status.APPLIED)
    assert send(browse(member), market).status_code == 403
    assert not Order.objects.exists()


@pytest.mark.parametrize("path", ["/orders", "/holdings", "/orders?show=trades"])
def test_a_stranger_logs_in_first(browse, db, path):
    answer = browse().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login?next=")


def test_a_stranger_places_and_cancels_nothing(browse, market, who):
    order = enter(market, who.buyer)
    client = browse()
    assert send(client, market)["Location"].startswith("/login")
    assert client.post(f"/orders/{order.pk}/cancel")["Location"].startswith("/login")
    assert Order.objects.count() == 1
    assert not Instruction.objects.filter(kind="cancel").exists()


def test_who_acts_for_nobody_is_sent_to_apply(browse, market):
    assert send(browse(UserFactory()), market)["Location"] == "/apply"


def test_the_address_of_a_refused_form_leads_back_to_the_market(browse, market, who):
    answer = browse(who.buyer).get(f"/markets/{market.symbol}/orders")
    assert answer["Location"] == f"/markets/{market.symbol}"


def test_an_order_for_an_unknown_market_is_not_found(browse, who):
    ticket = {"side": "buy", "price": "40", "quantity": "1", "client_order_id": "x"}
    assert browse(who.buyer).post("/markets/nothing/orders", ticket).status_code == 404


def test_a_form_without_its_token_is_refused(market, who):
    client = Client(enforce_csrf_checks=True)
    client.force_login(who.buyer.user)
    assert send(client, market).status_code == 403
    assert not Order.objects.exists()


def test_one_cancels_ones_own_order_and_goes_back_to_where_one_was(browse, market, who):
    order = enter(market, who.buyer)
    client = browse(who.buyer)
    answer = client.post(f"/orders/{order.pk}/cancel", {"next": f"/markets/{market.symbol}"})
    assert answer["Location"] == f"/markets/{market.symbol}"
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.status, order.reason) == ("canceled", "by_request")
    assert "at your request" in client.get("/orders?show=all").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_way_back_stays_on_this_site(browse, market, who, elsewhere):
    order = enter(market, who.buyer)
    answer = browse(who.buyer).post(f"/orders/{order.pk}/cancel", {"next": elsewhere})
    assert answer["Location"] == "/orders"


def test_an_order_that_is_done_is_not_cancelled_and_the_page_says_so(browse, market, who):
    enter(market, who.cooperative, "sell", name="s")
    order = enter(market, who.buyer)
    execute_market(market.pk)
    client = browse(who.buyer)
    answer = client.post(f"/orders/{order.pk}/cancel")
    assert answer.status_code == 302
    assert "there is nothing to cancel" in client.get("/orders").content.decode()


@pytest.mark.parametrize("order_id", [0, 10**30])
def test_an_order_that_is_not_there_is_not_found(browse, who, order_id):
    assert browse(who.buyer).post(f"/orders/{order_id}/cancel").status_code == 404


def test_anothers_order_is_not_found_and_a_viewer_cancels_nothing(browse, market, who):
    order = enter(market, who.buyer)
    assert browse(who.other_buyer).post(f"/orders/{order.pk}/cancel").status_code == 404
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    assert browse(viewer).post(f"/orders/{order.pk}/cancel").status_code == 403
    assert not Instruction.objects.filter(kind="cancel").exists()


def test_a_viewer_sees_the_orders_but_no_way_to_cancel_them(browse, market, who):
    enter(market, who.buyer)
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    text = browse(viewer).get("/orders").content.decode()
    assert market.symbol in text
    assert "/cancel" not in text
    assert "/cancel" in browse(who.buyer).get("/orders").content.decode()


def test_orders_are_cancelled_by_post_alone(browse, market, who):
    order = enter(market, who.buyer)
    assert browse(who.buyer).get(f"/orders/{order.pk}/cancel").status_code == 405


def test_the_list_shows_open_orders_at_first_then_all_and_nobody_elses(browse, market, who):
    enter(market, who.cooperative, "sell", name="s")
    enter(market, who.buyer, name="filled")
    enter(market, who.buyer, name="open", price_fen=3_900)
    enter(market, who.other_buyer, name="foreign", price_fen=3_900)
    execute_market(market.pk)
    client = browse(who.buyer)
    assert [order.client_order_id for order in client.get("/orders").context["page"]] == ["open"]
    listed = client.get("/orders?show=all").context["page"]
    assert [order.client_order_id for order in listed] == ["open", "filled"]


def test_ones_trades_are_shown_with_the_side_and_fee_that_are_ones_own(browse, market, who):
    enter(market, who.cooperative, "sell", name="s")
    enter(market, who.buyer)
    execute_market(market.pk)
    bought = browse(who.buyer).get("/orders?show=trades").context["page"].object_list
    assert [(own.side, own.fee_fen) for own in bought] == [("buy", 40)]
    sold = browse(who.cooperative).get("/orders?show=trades").context["page"].object_list
    assert [(own.side, own.fee_fen) for own in sold] == [("sell", 0)]
    assert not browse(who.other_buyer).get("/orders?show=trades").context["page"].object_list


def test_ones_trades_are_kept_as_a_file(browse, market, who):
    enter(market, who.cooperative, "sell", name="s")
    enter(market, who.buyer)
    execute_market(market.pk)
    answer = browse(who.buyer).get("/orders/trades.csv")
    head, row = b"".join(answer).decode().removeprefix("\ufeff").splitlines()
    assert head == "trade,executed_at,market,side,price_yuan,quantity_t,value_yuan,fee_yuan"
    assert row.endswith(f"+08:00,{market.symbol},buy,40.00,10,400.00,0.40")
    assert browse().get("/orders/trades.csv").status_code == 302


@pytest.mark.parametrize("query", ["?page=nonsense", "?page=-1", "?page=999999999999999999999", "?show=nonsense"])
def test_a_nonsense_page_is_a_page_all_the_same(browse, who, query):
    assert browse(who.buyer).get(f"/orders{query}").status_code == 200


def test_more_orders_cost_no_more_queries(browse, market, who, django_assert_num_queries):
    for number in range(60):
        enter(market, who.buyer, name=f"o{number}", price_fen=3_900, quantity_t=1)
    client = browse(who.buyer)
    for query in ("", "?show=all", "?page=2"):
        with django_assert_num_queries(5):
            client.get(f"/orders{query}")
    enter(market, who.cooperative, "sell", 3_900, 50, "s")
    execute_market(market.pk)
    with django_assert_num_queries(5):
        client.get("/orders?show=trades")


@pytest.mark.parametrize("kind", ["cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor"])
@pytest.mark.parametrize("path", ["/", "/markets", "/orders", "/orders?show=trades", "/holdings"])
def test_every_kind_of_person_can_open_every_page(browse, market, who, kind, path):
    assert browse(getattr(who, kind)).get(path).status_code == 200
