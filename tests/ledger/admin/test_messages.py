"""What was sent is seen at the desk: how it went, and never what opens something."""

import pytest
from django.urls import reverse

from ledger.admin.messages import masked
from ledger.models import Message, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from ledger.webhooks.calling import Answer
from ledger.webhooks.delivering import claim_endpoints, next_call, write_answer
from tests.desk import client_of, tell_people_and_programs
from tests.scenes import People

HIDDEN = ("123456", "hidden-key", "13800138000", "lin@example.cn", "whsec_", "said-by-a-receiver")


def addresses() -> list[str]:
    models = (Message, WebhookEndpoint, WebhookDelivery)
    lists = [reverse(f"admin:ledger_{model._meta.model_name}_changelist") for model in models]
    exports = [f"{address}export.csv" for address in lists]
    return [
        *lists,
        *exports,
        *(
            f"{address}{row.pk}/change/"
            for address, model in zip(lists, models, strict=True)
            for row in model.objects.all()
        ),
    ]


@pytest.fixture
def told(who: People) -> People:
    tell_people_and_programs(who.buyer)
    for endpoint_id in claim_endpoints(9):
        made = next_call(endpoint_id)
        assert made is not None
        write_answer(made, Answer(503, "said-by-a-receiver", "", 7, 60))
    return who


@pytest.mark.parametrize("name", ["registrar", "treasurer", "auditor"])
def test_the_desk_reads_how_it_went_and_nothing_that_opens_something(told: People, name: str) -> None:
    client = client_of(getattr(told, name))
    pages = ""
    for address in addresses():
        answer = client.get(address)
        assert answer.status_code == 200, address
        page = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
        assert not [word for word in HIDDEN if word in page], address
        assert client.post(address).status_code == 403, address
        pages += page
    for word in ("l…@example.cn", "…8000", "example.com", "503", "webhook.test", "Sent in the same e-mail"):
        assert word in pages, word
    assert WebhookAttempt.objects.count() == 2


@pytest.mark.parametrize("name", ["cooperative", "buyer", "verifier"])
def test_nobody_else_reads_it(told: People, name: str) -> None:
    client = client_of(getattr(told, name))
    assert {client.get(address).status_code for address in addresses()} == {403}


def test_lists_are_filtered_and_searched(told: People) -> None:
    client = client_of(told.auditor)
    mails = reverse("admin:ledger_message_changelist")
    first = Message.objects.earliest("pk")

    def found(query: str) -> int:
        return len(client.get(f"{mails}?{query}").context["cl"].result_list)

    assert found("state=waiting") == 3
    assert found("state=sent") == found("state=failed") == 0
    assert found("channel=sms") == 1
    assert found(f"q={told.buyer.user.username}") == 3
    assert found(f"q={first.public_id}") == 1
    assert found("q=nobody") == 0
    deliveries = reverse("admin:ledger_webhookdelivery_changelist")
    event = WebhookDelivery.objects.earliest("pk").event
    for query, count in (
        (f"q={event.message_id}", 1),
        ("q=webhook.test", 2),
        (f"endpoint={WebhookEndpoint.objects.earliest('pk').pk}", 1),
    ):
        assert len(client.get(f"{deliveries}?{query}").context["cl"].result_list) == count, query


def test_addresses_are_masked() -> None:
    assert [masked(each) for each in ("lin@example.cn", "@x", "13800138000", "")] == [
        "l…@example.cn",
        "…@x",
        "…8000",
        "–",
    ]
