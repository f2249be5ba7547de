import pytest

from ledger.models import Membership, Organisation
from tests.factories import MembershipFactory
from tests.scenes import pay_in
from trading.execution.services import execute_market
from trading.models import Instruction, Market, Order
from trading.orders.services import NewOrder, place_order
from trading.web import skipping

pytestmark = pytest.mark.django_db


def enter(market, actor, side="sell", price_fen=4_000, quantity_t=10, name="o1", **terms):
    order = place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price_fen, quantity_t, **terms))
    execute_market(market.pk)
    return order


TICKET = {"side": "buy", "price": "40.20", "quantity": "12", "kind": "limit", "client_order_id": "web-1"}


def review(client, market, *, sheet=False, **written):
    headers = {"X-Sheet": "1"} if sheet else {}
    return client.post(f"/markets/{market.symbol}/review", TICKET | written, headers=headers)


def sent(client, market, **written):
    return client.post(f"/markets/{market.symbol}/orders", TICKET | written, headers={"X-Sheet": "1"})


def test_a_review_says_what_the_order_would_do_and_sends_nothing(browse, market, who):
    enter(market, who.cooperative, price_fen=4_010, quantity_t=5)
    enter(market, who.cooperative, price_fen=4_020, quantity_t=3, name="o2")
    page = review(browse(who.buyer), market)
    text = page.content.decode()
    assert page.status_code == 200
    for shown in ("40.10", "40.20", "40.14", "Rests on the book", "482.88", "99,999,517.12"[3:]):
        assert shown in text
    assert 'name="client_order_id" value="web-1"' in text
    assert f'action="/markets/{market.symbol}/orders"' in text
    assert Order.objects.filter(organisation=who.buyer.organisation).count() == 0


def test_what_was_reviewed_is_sent_by_its_form_once(browse, market, who):
    client = browse(who.buyer)
    written = dict(review(client, market).context["written"])
    for _ in range(2):
        assert client.post(f"/markets/{market.symbol}/orders", written)["Location"] == f"/markets/{market.symbol}"
    assert Order.objects.get(organisation=who.buyer.organisation).quantity_t == 12


def test_the_way_back_keeps_what_was_written(browse, market, who):
    page = review(browse(who.buyer), market, back="1", quantity="abc")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'value="abc"' in text
    assert 'value="40.20"' in text
    assert "errorlist" not in text


@pytest.mark.parametrize(
    ("written", "field", "words"),
    [
        ({"price": "44.01"}, "price", "between 36.00 and 44.00 yuan"),
        ({"price": ""}, "price", "required"),
        ({"price": "<script>"}, "price", "two decimals"),
        ({"quantity": "0"}, "quantity", "One tonne at least"),
        ({"quantity": "9999999"}, "quantity", "are available"),
        ({"side": "sell", "quantity": "5"}, "quantity", "You have 0 t to sell here"),
        ({"side": "steal"}, "side", "steal"),
        ({"kind": "wish"}, "kind", "wish"),
        ({"kind": "post_only", "display": "12"}, "display", "less than the quantity"),
    ],
)
@pytest.mark.parametrize("sheet", [False, True])
def test_what_entry_would_refuse_is_refused_beside_the_field_and_kept(
    browse, market, who, written, field, words, sheet
):
    page = review(browse(who.buyer), market, sheet=sheet, **written)
    assert page.status_code == 422
    assert words in " ".join(str(error) for error in page.context["ticket"].errors[field])
    text = page.content.decode()
    assert "<script>" not in text
    assert ("<html" in text) is not sheet
    assert f'value="{(TICKET | written)["quantity"]}"' in text


def test_a_market_that_is_halted_refuses_the_review_too(browse, market, who):
    Market.objects.update(state="halted", halt_reason="Check of data")
    page = review(browse(who.buyer), market)
    assert page.status_code == 422
    assert "Check of data" in page.content.decode()


def test_an_own_order_in_the_way_is_pointed_out(browse, market, who):
    enter(market, who.buyer, "buy", 4_000, 5, name="seed")
    enter(market, who.cooperative, "sell", 4_000, 5, name="seed")
    enter(market, who.buyer, "sell", 4_010, 5, name="mine")
    assert "An order of your own is in the way" in review(browse(who.buyer), market).content.decode()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"kind": "fok"}, "12 t would be cancelled: it could not trade at once and whole"),
        ({"kind": "ioc"}, "7 t would be cancelled: nothing more could trade at once"),
        ({"kind": "post_only"}, "the market would reject it: it would have traded at once"),
        ({"price": "40.00"}, "Nothing trades at once."),
        ({"price": "43.00"}, "You offer 7.5% more than the last price."),
    ],
)
def test_what_would_surprise_is_said(browse, market, who, written, words):
    enter(market, who.other_buyer, "buy", 4_000, 5, name="seed")
    enter(market, who.cooperative, "sell", 4_000, 5, name="seed")
    enter(market, who.cooperative, price_fen=4_010, quantity_t=5)
    assert words in review(browse(who.buyer), market, **written).content.decode()


def test_a_call_auction_says_what_the_order_would_get(browse, market, who):
    Market.objects.update(state="auction", phase="auction", in_auction=True)
    enter(market, who.cooperative, price_fen=4_000, quantity_t=5)
    text = review(browse(who.buyer), market).content.decode()
    assert "5 t of this order would trade at" in text


def test_a_sheet_is_the_review_alone_and_sending_tells_the_page_that_is_there(browse, market, who):
    client = browse(who.buyer)
    text = review(client, market, sheet=True).content.decode()
    assert "<html" not in text
    assert "data-sheet-form" in text
    told = sent(client, market).content.decode()
    assert "Received: buy 12 t at 40.20 yuan" in told
    assert 'data-client-order-id="web-' in told
    assert 'data-client-order-id="web-1"' not in told
    assert "had been sent already" in sent(client, market).content.decode()
    assert Order.objects.count() == 1


def test_what_is_refused_between_review_and_sending_comes_back_as_a_ticket(browse, market, who):
    Market.objects.update(state="closed", phase="closed")
    answer = sent(browse(who.buyer), market)
    assert answer.status_code == 422
    assert "data-ticket" in answer.content.decode()
    assert not Order.objects.exists()


def test_small_orders_are_sent_at_once_where_their_owner_wants_that(browse, market, who):
    client = browse(who.buyer)
    assert "up to 1,000.00 yuan at once" in review(client, market).content.decode()
    assert sent(client, market, skip_review="yes").cookies[skipping.COOKIE].value == str(who.buyer.user.pk)
    assert "Received" in review(client, market, sheet=True, client_order_id="web-2").content.decode()
    assert Order.objects.count() == 2
    # A large one, and one that would do something else than it says, are reviewed all the same.
    assert "data-sheet-form" in review(client, market, quantity="30", client_order_id="web-3").content.decode()
    enter(market, who.cooperative, price_fen=4_000, quantity_t=50)
    assert "data-sheet-form" in review(client, market, kind="post_only", client_order_id="web-4").content.decode()
    assert "Small orders are sent at once" in client.get(f"/markets/{market.symbol}").content.decode()
    client.post("/orders/review")
    assert "Small orders are sent at once" not in client.get(f"/markets/{market.symbol}").content.decode()
    assert "data-sheet-form" in review(client, market, client_order_id="web-5").content.decode()


def test_who_logs_in_to_the_same_browser_is_asked_all_the_same(browse, market, who):
    client = browse(who.buyer)
    client.cookies[skipping.COOKIE] = str(who.other_buyer.user.pk)
    assert "data-sheet-form" in review(client, market).content.decode()
    assert not Order.objects.exists()


def test_nobody_reviews_who_may_not_trade(browse, market, who):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    for person in (viewer, who.verifier, who.registrar, who.auditor):
        assert review(browse(person), market).status_code == 403
    assert review(browse(), market)["Location"].startswith("/login")
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(status="suspended")
    assert review(browse(who.buyer), market).status_code == 403


def test_the_address_of_a_review_leads_to_the_market_and_an_unknown_one_nowhere(browse, market, who):
    assert browse(who.buyer).get(f"/markets/{market.symbol}/review")["Location"] == f"/markets/{market.symbol}"
    assert browse(who.buyer).post("/markets/nothing/review", TICKET).status_code == 404
    assert browse(who.buyer).get("/orders/review").status_code == 405


def test_a_review_costs_so_many_queries_however_deep_the_book_is(browse, market, who, django_assert_num_queries):
    for number in range(15):
        enter(market, who.cooperative, price_fen=4_000 + number, quantity_t=1, name=f"s{number}")
    client = browse(who.buyer)
    with django_assert_num_queries(9):
        review(client, market, sheet=True)


def test_a_change_and_a_cancel_are_sheets_too(browse, market, who):
    order = enter(market, who.buyer, "buy", 3_900)
    client = browse(who.buyer)
    headers = {"X-Sheet": "1"}
    form = client.get(f"/orders/{order.pk}/change", headers=headers)
    assert "<html" not in form.content.decode()
    assert form["Vary"].startswith("X-Sheet") or "X-Sheet" in form["Vary"]
    wrong = client.post(f"/orders/{order.pk}/change", {"price": "99", "quantity": "10"}, headers=headers)
    assert wrong.status_code == 422
    assert 'value="99"' in wrong.content.decode()
    done = client.post(f"/orders/{order.pk}/change", {"price": "39.50", "quantity": "10"}, headers=headers)
    assert "data-done" in done.content.decode()
    execute_market(market.pk)
    assert "data-done" in client.post(f"/orders/{order.pk}/cancel", headers=headers).content.decode()
    asked = client.get(f"/orders/cancel?market={market.symbol}", headers=headers).content.decode()
    assert "<html" not in asked
    assert f'value="{market.symbol}"' in asked
    assert "data-done" in client.post("/orders/cancel", {"market": market.symbol}, headers=headers).content.decode()
    assert Instruction.objects.filter(kind="cancel").count() == 1
    # Nothing is left for the next page to say: it was said.
    assert "notice--info" not in client.get("/orders").content.decode()


@pytest.mark.parametrize(
    ("mode", "words", "own", "new"),
    [
        ("", "what is left of this order, 12 t, is cancelled there", ("new", 4, 0), ("canceled", 12, 0)),
        ("cancel_newest", "what is left of this order, 12 t, is cancelled there", ("new", 4, 0), ("canceled", 12, 0)),
        (
            "cancel_oldest",
            "4 t of yours on the book are cancelled, and this order goes on",
            ("canceled", 4, 0),
            ("new", 12, 0),
        ),
        ("cancel_both", "and so is what is left of this order, 12 t", ("canceled", 4, 0), ("canceled", 12, 0)),
        ("decrement", "are each reduced by 4 t, without a trade", ("canceled", 4, 4), ("new", 12, 4)),
    ],
)
def test_what_becomes_of_an_own_order_is_chosen_said_and_done(browse, market, who, mode, words, own, new):
    pay_in(who, who.cooperative, 100_000)
    resting = enter(market, who.cooperative, price_fen=4_000, quantity_t=4)
    client = browse(who.cooperative)
    page = review(client, market, self_trade_mode=mode)
    assert words in " ".join(page.content.decode().split())
    written = dict(page.context["written"])
    assert written["self_trade_mode"] == mode
    client.post(f"/markets/{market.symbol}/orders", written)
    execute_market(market.pk)
    orders = [Order.objects.get(pk=resting.pk), Order.objects.get(client_order_id="web-1")]
    assert [(order.status, order.quantity_t, order.decremented_t) for order in orders] == [own, new]


def test_a_way_to_meet_oneself_that_is_none_is_refused_beside_its_field(browse, market, who):
    page = review(browse(who.buyer), market, self_trade_mode="nonsense")
    assert page.status_code == 422
    assert page.context["ticket"].errors.keys() == {"self_trade_mode"}
    assert page.context["ticket"].has_options
