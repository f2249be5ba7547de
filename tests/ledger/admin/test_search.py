"""Transactions, transfers and records, found by account, serial number, organisation, actor and time."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from ledger.admin import base, limits
from ledger.admin.filters import FieldFilter
from ledger.admin.timeline import TRANSACTIONS, first_ids
from ledger.credits.services import retire_credits
from ledger.journal.selectors import cash_account
from ledger.models import Batch, Transaction
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, pay_in

TRANSACTION, TRANSFER, RECORD = (f"/admin/ledger/{name}/" for name in ("transaction", "transfer", "record"))


@pytest.fixture
def auditor(who: People) -> Client:
    return client_of(who.auditor)


@pytest.fixture
def batch(who: People) -> Batch:
    """Issue 10 t, of which the cooperative retires the first three, one by one."""
    batch = issue_to_cooperative(who, 10)
    for _time in range(3):
        retire_credits(
            actor=who.cooperative, batch_id=batch.pk, quantity_t=1, beneficiary_name="我", purpose="own_footprint"
        )
    return batch


def found(client: Client, address: str, **query: object) -> list[Any]:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def errors(client: Client, address: str, **query: object) -> dict[str, str]:
    answer = client.get(address, query)
    assert answer.status_code == 200
    assert answer.context["cl"].result_count == 0
    specs = answer.context["cl"].filter_specs
    said = {each.parameter_name: str(each.error) for each in specs if isinstance(each, FieldFilter) and each.error}
    assert all(error in answer.content.decode() for error in said.values())
    return said


def test_by_account(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 100)
    pay_in(who, who.other_buyer, 200)
    account = cash_account(who.buyer.organisation)
    assert account is not None
    assert [each.amount for each in found(auditor, TRANSFER, account=account.pk)] == [100]
    [transaction] = found(auditor, TRANSACTION, account=account.pk)
    assert transaction == Transaction.objects.earliest("id")


def test_by_serial_number(batch: Batch, auditor: Client) -> None:
    first = batch.serials.lower
    retired = Transaction.objects.filter(kind="retirement").order_by("id")
    issued = Transaction.objects.get(kind="issuance")
    assert found(auditor, TRANSACTION, serial=first + 1) == [retired[1], issued]
    assert found(auditor, TRANSACTION, serial=first + 5) == [issued]
    moved = found(auditor, TRANSFER, serial=first)
    assert [each.amount for each in moved] == [1, 10]


def test_by_organisation_and_by_its_public_id(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 100)
    pay_in(who, who.other_buyer, 200)
    organisation = who.other_buyer.organisation
    for text in (organisation.name, organisation.name_en.lower(), str(organisation.public_id)):
        assert [each.amount for each in found(auditor, TRANSFER, organisation=text)] == [200]


def test_by_actor(who: People, batch: Batch, auditor: Client) -> None:
    sequence_log()
    user = who.cooperative.user
    for text in (user.username, user.display_name, str(user.public_id), f"user:{user.public_id}"):
        assert len(found(auditor, TRANSACTION, actor=text)) == 3
        assert {each.kind for each in found(auditor, RECORD, actor=text)} == {"transaction_posted", "credits_retired"}
    assert [each.amount for each in found(auditor, TRANSFER, actor=user.username)] == [1, 1, 1]
    assert found(auditor, TRANSACTION, actor="system") == []
    assert "account_opened" in {each.kind for each in found(auditor, RECORD, actor="system")}
    assert "credits_retired" not in {each.kind for each in found(auditor, RECORD, actor="system")}


def test_by_time(who: People, auditor: Client) -> None:
    for hour in (1, 5, 9):
        with time_machine.travel(dt.datetime(2026, 3, 1, hour, 30, tzinfo=dt.UTC), tick=False):
            pay_in(who, who.buyer, hour)
    # In Shanghai these are 9:30, 13:30 and 17:30.
    with time_machine.travel(dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)):
        client = client_of(who.auditor)
        of = lambda **query: [each.amount for each in found(client, TRANSFER, **query)]  # noqa: E731
        assert of(since="2026-03-01T13:30") == [9, 5]
        assert of(until="2026-03-01T13:30") == [5, 1]
        assert of(since="2026-03-01T09:31", until="2026-03-01T17:29:59") == [5]
        assert of(since="2026-03-01", until="2026-03-01") == [9, 5, 1]
        assert of(until="2026-02-28") == of(since="2026-03-02") == []
        assert of(since="2026-03-01T05:30:00Z") == [9, 5]
        assert len(found(client, RECORD, since="2026-03-01T13:30", kind="payment_confirmed")) == 2


def test_by_kind_and_key_together_with_others(who: People, batch: Batch, auditor: Client) -> None:
    name = who.cooperative.organisation.name
    assert len(found(auditor, TRANSACTION, kind__exact="retirement", organisation=name)) == 3
    assert len(found(auditor, TRANSACTION, kind__exact="settlement", organisation=name)) == 0
    [issued] = found(auditor, TRANSACTION, q=f"issuance:{batch.report_id}")
    assert issued.kind == "issuance"


def test_by_index_in_the_log(batch: Batch, auditor: Client) -> None:
    sequence_log()
    [record] = found(auditor, RECORD, index=2)
    assert record.leaf.index == 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"account": "x"}, "Write a whole number."),
        ({"account": "9" * 5000}, "Write a whole number."),
        ({"account": "-1"}, "Write a whole number."),
        ({"serial": "77"}, "No tonne has this serial number."),
        ({"trade": "1.5"}, "Write a whole number."),
        ({"organisation": "nobody"}, "No organisation has such a name."),
        ({"organisation": "a\x00"}, "This holds a character that cannot be stored."),
        ({"actor": "nobody at all"}, "Nobody has such a name."),
        ({"since": "yesterday"}, "Write a time such as 2026-11-25T14:30, or a day."),
        ({"since": "2026-02-30"}, "Write a time such as 2026-11-25T14:30, or a day."),
        ({"since": "0001-01-01T00:00"}, "Write a time such as 2026-11-25T14:30, or a day."),
        ({"until": "9999-12-31T23:59:59"}, "Write a time such as 2026-11-25T14:30, or a day."),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    query: dict[str, str], message: str, who: People, auditor: Client
) -> None:
    pay_in(who, who.buyer, 100)
    [name] = query
    assert errors(auditor, TRANSACTION, **query) == {name: message}


def test_a_search_keeps_what_was_chosen_and_starts_from_the_newest(who: People, auditor: Client) -> None:
    page = auditor.get(TRANSACTION, {"kind__exact": "deposit", "account": "1", "id__lt": "5"}).content.decode()
    form = page[page.index('<form method="get" role="search"') : page.index("</form>", page.index('role="search"'))]
    assert '<input type="hidden" name="kind__exact" value="deposit">' in form
    assert "id__lt" not in form
    assert form.count('name="account"') == 1


def test_times_are_found_by_halving_also_over_gaps(db: None) -> None:
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    ids = [3, 4, 10, 11, 500, 501, 502, 9_000]
    Transaction.objects.bulk_create(
        Transaction(id=pk, kind="deposit", occurred_at=begin + dt.timedelta(minutes=at), actor="system", record_id=pk)
        for at, pk in enumerate(ids)
    )
    moments = [begin + dt.timedelta(minutes=minutes) for minutes in range(-1, 9)]
    bounds = first_ids(TRANSACTIONS, moments)
    for moment in moments:
        later = [pk for at, pk in enumerate(ids) if begin + dt.timedelta(minutes=at) >= moment]
        assert (
            list(Transaction.objects.filter(pk__gte=bounds[moment]).order_by("id").values_list("id", flat=True))
            == later
        )
    assert first_ids(TRANSACTIONS, []) == {}


def test_an_empty_table_has_no_times(db: None) -> None:
    assert first_ids(TRANSACTIONS, [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]) == {}


def test_a_search_that_takes_too_long_is_given_up(
    who: People, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(queryset: Any, term: str) -> Any:
        return queryset.extra(where=["pg_sleep(5) IS NULL"])

    pay_in(who, who.buyer, 100)
    monkeypatch.setattr(base, "limited_time", lambda: limits.limited_time(0.05))
    monkeypatch.setattr(base, "with_number", slowly)
    answer = auditor.get(TRANSFER, {"q": "1"})
    assert answer.status_code == 422
    assert "given up" in answer.content.decode()
    assert auditor.get("/admin/").status_code == 200


def plan_of(client: Client, address: str, **query: object) -> str:
    """Return how the rows of a list are found, where nothing but an index on the condition is allowed."""
    queryset = client.get(address, query).context["cl"].queryset.order_by().values("pk")
    with connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    plan: str = queryset.explain()
    return plan


@pytest.mark.parametrize(
    ("address", "query", "index"),
    [
        (TRANSACTION, {"kind__exact": "retirement"}, "transaction_by_kind"),
        (TRANSACTION, {"actor": "{actor}"}, "transaction_by_actor"),
        (TRANSFER, {"actor": "{actor}"}, "transaction_by_actor"),
        (RECORD, {"actor": "{actor}"}, "record_by_actor"),
        (RECORD, {"kind": "account_opened"}, "record_by_kind"),
    ],
)
def test_searches_can_use_the_indexes_made_for_them(
    address: str, query: dict[str, str], index: str, who: People, batch: Batch, auditor: Client
) -> None:
    actor = who.cooperative.user.username
    filled = {name: value.format(actor=actor) for name, value in query.items()}
    assert index in plan_of(auditor, address, **filled)
