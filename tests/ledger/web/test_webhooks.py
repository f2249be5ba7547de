"""Webhooks on pages and by the API: owners set them up, members read them, and nobody else does."""

import re

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from ledger.models import Notice, WebhookDelivery, WebhookEndpoint, WebhookEvent
from ledger.notices.rules import Telling, Told
from ledger.notices.telling import tell
from ledger.webhooks import services
from ledger.webhooks.delivering import deliver_due
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory
from tests.http_server import http_server
from tests.scenes import pay_in

ENGLISH = {"accept-language": "en"}
GIVEN = {"url": "https://example.cn/hooks", "events": ["credits.issued"], "description": "ERP"}


@pytest.fixture
def endpoint(who):
    return services.add_endpoint(actor=who.buyer, **GIVEN)[0]


@pytest.fixture
def delivery(endpoint):
    services.send_test(
        actor=MembershipFactory._meta.model.objects.get(user=endpoint.created_by), public_id=endpoint.public_id
    )
    return WebhookDelivery.objects.get()


def test_an_owner_adds_one_and_sees_the_secret_once(client, who):
    client.force_login(who.buyer.user)
    assert "No webhook yet" in client.get("/webhooks", headers=ENGLISH).content.decode()
    assert client.get("/webhooks/new").status_code == 200
    response = client.post("/webhooks/new", GIVEN, headers=ENGLISH)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]{40,}", response.content.decode())[0]
    Webhook(secret)
    assert "no-store" in response["Cache-Control"]
    endpoint = WebhookEndpoint.objects.get()
    page = client.get(f"/webhooks/{endpoint.public_id}", headers=ENGLISH).content.decode()
    assert "whsec_" not in page
    assert "https://example.cn/hooks" in client.get("/webhooks").content.decode()
    response = client.post(f"/webhooks/{endpoint.public_id}/rotate", headers=ENGLISH)
    assert secret not in response.content.decode()
    assert "whsec_" in response.content.decode()


@pytest.mark.parametrize("url", ["http://example.cn/", "https://127.0.0.1/", "x", "https://a b/", "\x00"])
def test_a_bad_address_is_refused_beside_the_field_and_what_was_typed_is_kept(client, who, url):
    client.force_login(who.buyer.user)
    response = client.post("/webhooks/new", GIVEN | {"url": url}, headers=ENGLISH)
    assert response.status_code == 422
    assert response.context["form"].errors["url"]
    assert 'value="credits.issued" checked' in response.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_it_is_changed_paused_tested_and_removed(client, who, endpoint):
    client.force_login(who.buyer.user)
    address = f"/webhooks/{endpoint.public_id}"
    assert client.get(f"{address}/edit").status_code == 200
    changed = client.post(f"{address}/edit", GIVEN | {"events": ["trade.settled", "order.filled"]})
    assert changed.status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.events == ["order.filled", "trade.settled"]
    for step, state in (("pause", "paused"), ("resume", "active")):
        assert client.post(f"{address}/{step}").status_code == 302
        endpoint.refresh_from_db()
        assert endpoint.state == state
    assert client.get(f"{address}/pause").status_code == 405
    client.post(f"{address}/test")
    assert WebhookDelivery.objects.count() == 1
    assert client.post(f"{address}/nonsense").status_code == 404
    assert client.post(f"{address}/remove")["Location"] == "/webhooks"
    assert client.get(address).status_code == 404


def test_deliveries_are_shown_with_each_answer_and_sent_again(client, who, settings, django_assert_num_queries):
    settings.WEBHOOKS_TO_LOOPBACK = True
    with http_server() as inbox:
        inbox.answer = lambda asked: (200, {}, b"<script>alert(1)</script>")
        endpoint, _secret = services.add_endpoint(
            actor=who.buyer, url=inbox.url(), events=["payment.confirmed"], description="<b>ERP</b>"
        )
        for _each in range(5):
            services.send_test(actor=who.buyer, public_id=endpoint.public_id)
        deliver_due()
        client.force_login(who.buyer.user)
        address = f"/webhooks/{endpoint.public_id}"
        with django_assert_num_queries(7):
            page = client.get(address, headers=ENGLISH).content.decode()
        assert page.count("webhook.test") == 5
        assert "<b>ERP" not in page
        delivery = WebhookDelivery.objects.first()
        page = client.get(f"/webhooks/deliveries/{delivery.pk}", headers=ENGLISH).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        assert client.post(f"/webhooks/deliveries/{delivery.pk}/redeliver").status_code == 302
        deliver_due()
        assert len(inbox.asked) == 6
        assert client.get(f"{address}?state=nonsense&page=x").status_code == 200


def test_the_catalogue_names_every_event(client, who):
    client.force_login(who.buyer.user)
    page = client.get("/webhooks/events", headers=ENGLISH).content.decode()
    for name in ("project.registered", "report.issued", "trade.settled", "order.filled", "block.offered"):
        assert f'id="{name}"' in page


@pytest.mark.parametrize("name", ["other_buyer", "cooperative", "registrar", "auditor", "verifier"])
def test_strangers_find_nothing(client, who, endpoint, delivery, name):
    client.force_login(getattr(who, name).user)
    assert client.get("/webhooks").context["endpoints"] == []
    for address in (
        f"/webhooks/{endpoint.public_id}",
        f"/webhooks/{endpoint.public_id}/edit",
        f"/webhooks/deliveries/{delivery.pk}",
    ):
        assert client.get(address).status_code == 404
    for address in (
        f"/webhooks/{endpoint.public_id}/pause",
        f"/webhooks/{endpoint.public_id}/remove",
        f"/webhooks/{endpoint.public_id}/rotate",
        f"/webhooks/{endpoint.public_id}/edit",
        f"/webhooks/deliveries/{delivery.pk}/redeliver",
    ):
        assert client.post(address, GIVEN).status_code == 404
    endpoint.refresh_from_db()
    assert endpoint.state == "active"


@pytest.mark.parametrize("role", ["trader", "viewer"])
def test_other_members_read_and_do_not_change(client, who, endpoint, delivery, role):
    member = MembershipFactory(organisation=who.buyer.organisation, role=role)
    client.force_login(member.user)
    page = client.get(f"/webhooks/{endpoint.public_id}").content.decode()
    assert f"/webhooks/{endpoint.public_id}/remove" not in page
    assert client.get(f"/webhooks/deliveries/{delivery.pk}").status_code == 200
    client.post(f"/webhooks/{endpoint.public_id}/remove")
    assert client.post(f"/webhooks/{endpoint.public_id}/rotate").status_code == 403
    assert client.post("/webhooks/new", GIVEN).status_code == 422
    endpoint.refresh_from_db()
    assert endpoint.state == "active"


def test_visitors_log_in_first(client, endpoint):
    for address in ("/webhooks", "/webhooks/new", "/webhooks/events", f"/webhooks/{endpoint.public_id}"):
        assert client.get(address)["Location"].startswith("/login")


# The API


def test_the_api_does_all_that_the_pages_do(who):
    caller = Caller(who.buyer)
    made = caller.send("/webhooks", GIVEN)
    assert made.status_code == 201, made.content
    assert made["Cache-Control"] == "no-store"
    body = made.json()
    Webhook(body["secret"])
    address = f"/webhooks/{body['id']}"
    assert "secret" not in caller.ask(address).json()
    assert caller.send(f"{address}/change", {"events": ["trade.settled"]}).json()["events"] == ["trade.settled"]
    assert caller.send(f"{address}/rotate").json()["secret"] != body["secret"]
    assert caller.send(f"{address}/pause").json()["state"] == "paused"
    assert is_problem(caller.send(f"{address}/test"), 409, "wrong_state")
    assert caller.send(f"{address}/resume").json()["state"] == "active"
    sent = caller.send(f"{address}/test")
    assert sent.status_code == 202
    (listed,) = caller.ask(f"{address}/deliveries").json()["results"]
    assert listed["id"] == sent.json()["id"]
    whole = caller.ask(f"/webhooks/deliveries/{listed['id']}").json()
    assert whole["type"] == "webhook.test"
    assert '"webhook.test"' in whole["payload"]
    assert is_problem(caller.send(f"/webhooks/deliveries/{listed['id']}/redeliver"), 409, "wrong_state")
    assert [each["id"] for each in caller.ask("/webhooks").json()["results"]] == [body["id"]]
    assert caller.delete(f"/api/v1{address}").status_code == 204
    assert caller.ask(address).status_code == 404


def test_the_api_names_the_field_at_fault(who):
    caller = Caller(who.buyer)
    assert is_problem(caller.send("/webhooks", GIVEN | {"url": "https://10.0.0.1/"}), 422, "invalid_value", "/url")
    assert is_problem(caller.send("/webhooks", GIVEN | {"events": ["no"]}), 422, "invalid_value", "/events")
    assert caller.send("/webhooks", GIVEN | {"events": "trade.settled"}).status_code == 400
    assert caller.send("/webhooks", GIVEN | {"more": 1}).status_code == 400


def test_who_may_do_what_by_the_api(who, endpoint, delivery):
    address = f"/webhooks/{endpoint.public_id}"
    everybody = {"cooperative": 404, "buyer": 200, "verifier": 404, "registrar": 403, "treasurer": 403, "auditor": 404}
    assert statuses(who, "POST", f"{address}/pause") == everybody | {"stranger": 401}
    read = dict.fromkeys(everybody, 404) | {"buyer": 200, "stranger": 401}
    assert statuses(who, "GET", address) == read
    assert statuses(who, "GET", f"/webhooks/deliveries/{delivery.pk}") == read


def test_notices_by_the_api(who):
    tell([Telling("organisation_approved", Told(who.buyer.organisation_id), {"name": "A", "id": 1}, timezone.now())])
    caller = Caller(who.buyer)
    (notice,) = caller.ask("/notices", state="unread").json()["results"]
    assert (notice["title"], notice["address"], notice["read_at"]) == ("A is approved", "/work", None)
    assert Caller(who.other_buyer).send(f"/notices/{notice['id']}/read").status_code == 404
    assert caller.send(f"/notices/{notice['id']}/read").json()["read_at"] is not None
    assert caller.send("/notices/read", {"up_to": notice["id"]}).json() == {"count": 0}
    assert caller.ask("/notices", about="nonsense").status_code == 400
    assert Caller().ask("/notices").status_code == 401
    assert Notice.objects.count() == 1


def test_an_event_holds_what_the_organisation_may_know(who, endpoint):
    pay_in(who, who.other_buyer, 100)
    assert not WebhookEvent.objects.exists()
