"""`Idempotency-Key` at the door of the API."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Document, Household, IdempotentRequest, Payment
from tests.callers import Caller, is_problem
from tests.factories import PASSWORD, ProjectFactory, UserFactory
from tests.files import pdf
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.models import Order

KEY = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
HOUSEHOLD = {"code": "3-017", "name": "陈家"}


def test_a_request_that_is_sent_again_is_answered_the_same_to_the_byte(who: People) -> None:
    caller = Caller(who.cooperative)
    first = caller.send("/households", HOUSEHOLD, **KEY)
    again = caller.send("/households", HOUSEHOLD, **KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first
    assert again["idempotency-replayed"] == "true"
    assert again["content-type"] == "application/json"
    assert again["cache-control"] == "no-store"
    assert Household.objects.count() == 1


def test_the_same_request_may_be_written_otherwise(who: People) -> None:
    caller = Caller(who.cooperative)
    caller.send("/households", HOUSEHOLD, **KEY)
    spaced = json.dumps(dict(reversed(HOUSEHOLD.items())), indent=4)
    again = caller.generic("POST", "/api/v1/households", spaced, content_type="application/json", headers=KEY)
    assert again["idempotency-replayed"] == "true"


def test_a_key_of_another_request_is_refused(who: People) -> None:
    caller = Caller(who.cooperative)
    caller.send("/households", HOUSEHOLD, **KEY)
    other = HOUSEHOLD | {"code": "3-018"}
    assert is_problem(caller.send("/households", other, **KEY), 422, "idempotency_key_reused")
    assert is_problem(caller.send("/payments/withdrawals", HOUSEHOLD, **KEY), 422, "idempotency_key_reused")
    assert Household.objects.count() == 1


def test_a_refusal_is_not_kept_so_that_the_same_key_may_try_again(who: People) -> None:
    caller = Caller(who.buyer)
    assert is_problem(caller.send("/payments/withdrawals", {"amount_fen": 5}, **KEY), 409, "insufficient_balance")
    assert not IdempotentRequest.objects.exists()
    pay_in(who, who.buyer, 5)
    assert caller.send("/payments/withdrawals", {"amount_fen": 5}, **KEY).status_code == 201
    assert caller.send("/payments/withdrawals", {"amount_fen": 5}, **KEY)["idempotency-replayed"] == "true"
    assert Payment.objects.filter(direction="withdrawal").count() == 1


@pytest.mark.parametrize("key", ["", '""', "a" * 65, "a b", "é", "a\tb", '"'])
def test_a_key_that_is_none_is_refused(who: People, key: str) -> None:
    answer = Caller(who.cooperative).send("/households", HOUSEHOLD, **{"idempotency-key": key})
    assert is_problem(answer, 400, "invalid_idempotency_key") if key != '"' else answer.status_code == 201


def test_a_key_in_quotation_marks_is_the_same_as_without(who: People) -> None:
    caller = Caller(who.cooperative)
    caller.send("/households", HOUSEHOLD, **{"idempotency-key": '"k-1"'})
    again = caller.send("/households", HOUSEHOLD, **{"idempotency-key": "k-1"})
    assert again["idempotency-replayed"] == "true"


def test_a_form_with_a_file_is_known_by_what_it_holds(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation)
    caller = Caller(who.cooperative)

    def hand_in(title: str) -> Any:
        form = {"file": SimpleUploadedFile("a.pdf", pdf()), "kind": "contract", "title": title}
        return caller.post(f"/api/v1/projects/{project.code}/documents", form, headers=KEY)

    assert hand_in("lease").status_code == 201
    assert hand_in("lease")["idempotency-replayed"] == "true"
    assert is_problem(hand_in("map"), 422, "idempotency_key_reused")
    assert Document.objects.count() == 1


def test_orders_take_keys_too_and_without_one_pay_nothing_for_it(who: People) -> None:
    pay_in(who, who.buyer, 1_000_000)
    market = market_for(who, issue_to_cooperative(who, 10))
    order = {"market": market.symbol, "side": "buy", "price_fen": 4_000, "quantity_t": 1}
    caller = Caller(who.buyer)
    caller.send("/orders", order | {"client_order_id": "0"})
    with CaptureQueriesContext(
        connection,
    ) as plain:
        assert caller.send("/orders", order | {"client_order_id": "1"}).status_code == 201
    assert len(plain) == 3, [query["sql"][:60] for query in plain]
    keyed = caller.send("/orders", order | {"client_order_id": "2"}, **KEY)
    assert keyed.content == caller.send("/orders", order | {"client_order_id": "2"}, **KEY).content
    assert Order.objects.count() == 3


def test_secrets_are_never_kept(who: People) -> None:
    UserFactory(username="lin", password=PASSWORD)
    wanted = {"username": "lin", "password": PASSWORD, "name": "desk"}
    tokens = [Caller(who.buyer).send("/tokens", wanted, **KEY).json()["token"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert not IdempotentRequest.objects.exists()


def test_who_is_nobody_has_no_keys(db: None) -> None:
    person = {"username": "wu", "password": PASSWORD, "display_name": "吴"}
    assert Caller().send("/users", person, **KEY).status_code == 201
    assert not IdempotentRequest.objects.exists()


def takes_key(operation: dict[str, Any]) -> bool:
    return {"$ref": "#/components/parameters/IdempotencyKey"} in operation.get("parameters", [])


def posts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [methods["post"] for methods in schema["paths"].values() if "post" in methods]


def test_no_operation_whose_answer_holds_a_secret_keeps_it(api_schema: dict[str, Any]) -> None:
    """Whatever an answer calls so is shown once: its operation must say `@keeps_no_answer`."""
    secrets = {"token", "secret", "link", "ticket", "signing_secret", "recovery_codes"}
    parts = api_schema["components"]["schemas"]
    for operation in filter(takes_key, posts(api_schema)):
        for status in ("200", "201", "202"):
            content = operation["responses"].get(status, {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            assert not secrets & parts.get(name, {}).get("properties", {}).keys(), operation["operationId"]


def test_every_operation_that_writes_takes_a_key(api_schema: dict[str, Any]) -> None:
    without = {one["operationId"] for one in posts(api_schema) if not takes_key(one)}
    secrets, nothing_written, nobody = (
        {"create_token", "make_link", "make_missing_links", "invite_member", "issue_stream_ticket"}
        | {"add_webhook", "rotate_webhook"},
        {"preview_plan", "preview_order"},
        {"create_user"},
    )
    assert without == secrets | nothing_written | nobody
