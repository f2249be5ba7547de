"""What is said of events is said in full: each has a schema, an example that fits it, and its place in the OpenAPI document.

Whatever happens is compared with it where everything happens, in tests/faults/test_tampering.py; here what does not happen there.
"""

import datetime as dt
from typing import Any

import jsonschema
import orjson
import pytest
from django.utils import timezone
from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator

from ledger.api.event_schemas import all_events, name_of, payload_example, payload_schema
from ledger.models import WebhookEvent
from ledger.projects.lifecycle import resume_project, suspend_project
from ledger.webhooks.events import EventType
from ledger.webhooks.services import add_endpoint, send_test
from tests.factories import MembershipFactory, ProjectFactory
from tests.ledger.webhooks.listening import check, told_so_far
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Expiry
from trading.orders.expiries import expire_due_orders
from trading.orders.services import place_order
from trading.orders.terms import NewOrder

EVENTS = all_events()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with override("en"):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


@pytest.mark.parametrize("each", EVENTS, ids=lambda each: each.name)
def test_its_schema_is_one_and_its_example_fits(each: EventType) -> None:
    schema = payload_schema(each)
    jsonschema.Draft202012Validator.check_schema(schema)
    example = payload_example(each)
    check(each.name, example)
    for name in each.fields:
        less = {key: value for key, value in example["data"].items() if key != name}
        with pytest.raises(jsonschema.ValidationError):
            check(each.name, example | {"data": less})
        with pytest.raises(jsonschema.ValidationError):
            check(each.name, example | {"data": example["data"] | {name: {}}})
    with pytest.raises(jsonschema.ValidationError):
        check(each.name, example | {"type": "another"})
    check(each.name, example | {"data": example["data"] | {"added_one_day": 1}})


def test_the_document_has_every_event_with_its_schema_and_an_example(document: dict[str, Any]) -> None:
    assert document["webhooks"].keys() == {each.name for each in EVENTS}
    names = [name_of(each.name) for each in EVENTS]
    assert len(set(names)) == len(names)
    for each in EVENTS:
        said = document["webhooks"][each.name]["post"]
        content = said["requestBody"]["content"]["application/json"]
        assert content["schema"] == {"$ref": f"#/components/schemas/{name_of(each.name)}"}
        assert document["components"]["schemas"][name_of(each.name)] == payload_schema(each)
        assert content["examples"]["example"]["value"]["type"] == each.name
        assert {one["name"] for one in said["parameters"]} == {
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
        }
    operations = [one["operationId"] for methods in document["webhooks"].values() for one in methods.values()]
    assert len(set(operations)) == len(operations)


def test_a_test_is_sent_as_it_is_said(who: People) -> None:
    endpoint, _secret = add_endpoint(actor=who.buyer, url="https://example.cn/hooks", events=["trade.settled"])
    send_test(actor=who.buyer, public_id=endpoint.public_id)
    check("webhook.test", orjson.loads(bytes(WebhookEvent.objects.get().payload)))


def test_an_order_that_ends_and_a_project_that_goes_on_are_told_as_is_said(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation)
    market = market_for(who, issue_to_cooperative(who, 10, project=project))
    pay_in(who, who.buyer, 10_000)
    ends_at = timezone.now() + dt.timedelta(seconds=30)
    order = NewOrder("1", "buy", 4_000, 1, time_in_force="gtd", expires_at=ends_at)
    place_order(actor=who.buyer, market_id=market.pk, order=order)
    execute_market(market.pk)
    Expiry.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    assert expire_due_orders() == 1
    execute_market(market.pk)
    suspend_project(actor=who.registrar, project_id=project.pk, reason="Drained wrongly.")
    another = MembershipFactory(organisation=who.registrar.organisation, role=who.registrar.role)
    resume_project(actor=another, project_id=project.pk, reason="Mended.")
    assert {"order.expired", "project.suspended", "project.resumed"} <= told_so_far()
