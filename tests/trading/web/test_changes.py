import pytest

from ledger.models import Membership, Organisation
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for
from trading.execution.services import execute_market
from trading.models import Instruction, Market, Order
from trading.orders.phases import halt_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


def enter(market, actor, side="buy", price_fen=4_000, quantity_t=10, name="o1", **terms):
    order = place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price_fen, quantity_t, **terms))
    execute_market(market.pk)
    return order


def change(client, order, **written):
    return client.post(f"/orders/{order.pk}/change", {"price": "40.00", "quantity": "10"} | written)


def errors_of(answer, field):
    return [str(error) for error in answer.context["form"].errors.get(field, [])]


def reread(order):
    order.refresh_from_db()
    return order.price_fen, order.quantity_t, order.status


def waiting(kind):
    return Instruction.objects.filter(kind=kind).count()


def test_the_form_has_the_terms_as_they_are_and_says_what_a_change_means(browse, market, who):
    order = enter(market, who.buyer)
    page = browse(who.buyer).get(f"/orders/{order.pk}/change?next=/markets/{market.symbol}")
    text = page.content.decode()
    assert 'value="40.00"' in text
    assert 'value="10"' in text
    assert "keeps its place in the queue" in text
    assert f'name="next" value="/markets/{market.symbol}"' in text


def test_an_order_gets_new_terms_and_one_goes_back_to_where_one_was(browse, market, who):
    order = enter(market, who.buyer)
    client = browse(who.buyer)
    answer = change(client, order, price="39.50", quantity="12", next=f"/markets/{market.symbol}")
    assert answer["Location"] == f"/markets/{market.symbol}"
    assert "asked to give the order its new terms" in client.get(answer["Location"]).content.decode()
    execute_market(market.pk)
    assert reread(order) == (3_950, 12, "new")


def test_terms_that_are_as_they_were_ask_the_market_for_nothing(browse, market, who):
    order = enter(market, who.buyer)
    assert change(browse(who.buyer), order).status_code == 302
    assert waiting("replace") == 0


@pytest.mark.parametrize(
    ("written", "field", "words"),
    [
        ({"price": "44.01"}, "price", "between 36.00 and 44.00 yuan"),
        ({"price": ""}, "price", "required"),
        ({"price": "forty"}, "price", "two decimals"),
        ({"quantity": "0"}, "quantity", "One tonne at least"),
        ({"quantity": "1.5"}, "quantity", "whole tonnes"),
        ({"quantity": "100000001"}, "quantity", "100,000,000"),
        ({"quantity": "999999"}, "quantity", "are available"),
    ],
)
def test_new_terms_that_are_refused_are_refused_beside_the_field(browse, market, who, written, field, words):
    order = enter(market, who.buyer)
    answer = change(browse(who.buyer), order, **written)
    assert answer.status_code == 422
    assert words in " ".join(errors_of(answer, field))
    assert waiting("replace") == 0


def test_other_terms_while_the_last_ones_wait_are_refused(browse, market, who):
    order = enter(market, who.buyer)
    client = browse(who.buyer)
    assert change(client, order, price="39.00").status_code == 302
    assert change(client, order, price="39.00").status_code == 302
    assert "Try again in a moment" in errors_of(change(client, order, price="38.00"), "__all__")[0]
    assert waiting("replace") == 1


def test_a_halted_or_closed_market_takes_no_new_terms_and_says_so(browse, market, who):
    order = enter(market, who.buyer)
    halt_market(actor=who.registrar, market_id=market.pk, reason="Check of data")
    execute_market(market.pk)
    client = browse(who.buyer)
    assert "Check of data" in errors_of(change(client, order, price="39.00"), "__all__")[0]
    Market.objects.update(state="closed", phase="closed")
    assert "takes no new terms now" in client.get(f"/orders/{order.pk}/change").content.decode()
    assert "is closed now" in errors_of(change(client, order, price="39.00"), "__all__")[0]


def test_a_market_order_of_a_call_auction_has_no_price_to_change(browse, market, who):
    Market.objects.update(state="auction", phase="auction", in_auction=True)
    order = place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("m", "buy", None, 10, order_type="market"))
    client = browse(who.buyer)
    assert "price" not in client.get(f"/orders/{order.pk}/change").context["form"].fields
    assert change(client, order, quantity="8").status_code == 302
    assert Instruction.objects.get(kind="replace").content["quantity_t"] == 8
    text = client.get("/orders").content.decode()
    assert "/change" not in text
    assert "/cancel" in text


def test_an_order_that_is_done_is_not_changed_and_the_page_says_so(browse, market, who):
    enter(market, who.cooperative, "sell", name="s")
    order = enter(market, who.buyer)
    client = browse(who.buyer)
    for send in (client.get, client.post):
        answer = send(f"/orders/{order.pk}/change", {"price": "39.00", "quantity": "10"})
        assert answer["Location"] == "/orders"
        assert "cannot be replaced any more" in client.get("/orders").content.decode()


def test_nobody_else_changes_an_order(browse, market, who):
    order = enter(market, who.buyer)
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    for person, status in (
        (who.other_buyer, 404),
        (who.cooperative, 404),
        (viewer, 403),
        (who.registrar, 403),
        (who.auditor, 403),
    ):
        assert browse(person).get(f"/orders/{order.pk}/change").status_code == status
        assert change(browse(person), order, price="39.00").status_code == status
    assert change(browse(), order, price="39.00")["Location"].startswith("/login")
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(status="suspended")
    assert change(browse(who.buyer), order, price="39.00").status_code == 403
    assert waiting("replace") == 0


@pytest.mark.parametrize("order_id", [0, 10**30])
def test_an_order_that_is_not_there_is_not_found(browse, who, order_id):
    assert browse(who.buyer).get(f"/orders/{order_id}/change").status_code == 404


def test_rows_lead_to_the_change_and_the_live_module_is_told_where(browse, market, who):
    order = enter(market, who.buyer)
    client = browse(who.buyer)
    address = f"/orders/{order.pk}/change?next=/markets/{market.symbol}"
    assert address in client.get(f"/markets/{market.symbol}").content.decode()
    (told,) = client.get(f"/markets/{market.symbol}/live").json()["mine"]["orders"]
    assert told["change_url"] == f"/orders/{order.pk}/change?next=%2Fmarkets%2F{market.symbol}"
    assert client.get(told["change_url"]).context["back"] == f"/markets/{market.symbol}"


@pytest.fixture
def second(who):
    """Return another market."""
    return market_for(who, issue_to_cooperative(who, 100))


def test_all_orders_of_a_market_are_cancelled_after_a_question(browse, market, second, who):
    for number in range(3):
        enter(market, who.buyer, price_fen=3_900, name=f"here {number}")
    enter(second, who.buyer, name="there")
    enter(market, who.other_buyer, price_fen=3_900, name="foreign")
    client = browse(who.buyer)
    here = f"/markets/{market.symbol}"
    asked = client.get(f"/orders/cancel?market={market.symbol}&next={here}")
    assert "3 orders are open" in asked.content.decode()
    assert waiting("cancel") == 0
    answer = client.post("/orders/cancel", {"market": market.symbol, "next": here})
    assert answer["Location"] == here
    assert "cancel what remains of 3 orders" in client.get(here).content.decode()
    execute_market(market.pk)
    left = Order.objects.filter(status__in=Order.OPEN_STATUSES).values_list("client_order_id", flat=True)
    assert set(left) == {"there", "foreign"}


def test_all_orders_of_all_markets_are_cancelled_once(browse, market, second, who):
    enter(market, who.buyer, name="here")
    enter(second, who.buyer, name="there")
    client = browse(who.buyer)
    assert "/orders/cancel" in client.get("/orders").content.decode()
    assert "2 orders are open" in client.get("/orders/cancel").content.decode()
    for words in ("cancel what remains of 2 orders", "nothing to cancel"):
        assert client.post("/orders/cancel")["Location"] == "/orders"
        assert words in client.get("/orders").content.decode()
    assert waiting("cancel") == 2


def test_without_open_orders_there_is_no_button(browse, market, who):
    client = browse(who.buyer)
    assert "/orders/cancel" not in client.get("/orders").content.decode()
    assert "<button" not in client.get("/orders/cancel").content.decode().split("<main")[1].split("</main>")[0]
    assert client.get("/orders/cancel?market=nothing").status_code == 404
    assert client.post("/orders/cancel", {"market": "a\0b"}).status_code == 404


def test_nobody_else_cancels_them(browse, market, who):
    enter(market, who.buyer)
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    for person in (viewer, who.registrar, who.auditor):
        assert browse(person).get("/orders/cancel").status_code == 403
        assert browse(person).post("/orders/cancel").status_code == 403
    assert browse(who.other_buyer).post("/orders/cancel").status_code == 302
    assert browse().post("/orders/cancel")["Location"].startswith("/login")
    assert "/orders/cancel" not in browse(viewer).get("/orders").content.decode()
    assert waiting("cancel") == 0


def test_an_organisation_that_is_suspended_cancels_all_the_same(browse, market, who):
    enter(market, who.buyer)
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(status="suspended")
    assert browse(who.buyer).post("/orders/cancel").status_code == 302
    assert waiting("cancel") == 1


@pytest.mark.parametrize("path", ["/orders/1/change", "/orders/cancel"])
def test_other_methods_are_refused(browse, who, path):
    assert browse(who.buyer).delete(path).status_code == 405
