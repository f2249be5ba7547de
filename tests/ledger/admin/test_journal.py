import pytest
from django.test import Client
from django.urls import reverse

from ledger.admin import paging
from ledger.admin.journal import TransactionAdmin
from ledger.credits.services import retire_credits
from ledger.journal.selectors import cash_account
from ledger.models import Membership, Record, SerialBlock, Transaction
from ledger.templatetags.desk import older_url
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, pay_in


@pytest.fixture
def auditor(who: People) -> Client:
    return client_of(who.auditor)


def of(name: str, pk: int) -> str:
    return reverse(f"admin:ledger_{name}_change", args=[pk])


def account_of(member: Membership) -> int:
    account = cash_account(member.organisation)
    assert account is not None
    return account.pk


def test_an_account_shows_its_statement_with_signs(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 123_456)
    page = auditor.get(of("account", account_of(who.buyer)))
    [transfer] = page.context["tables"][0].rows
    assert transfer[3] == "¥1,234.56"
    bank = auditor.get(of("account", account_of(who.buyer) + 1)).context["tables"][0].rows
    assert bank[0][3] == "−¥1,234.56"


def test_a_statement_has_both_sides_of_one_account_only(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 100)
    pay_in(who, who.other_buyer, 200)
    statement = auditor.get("/admin/ledger/transfer/", {"account": account_of(who.buyer)})
    assert [transfer.amount for transfer in statement.context["cl"].result_list] == [100]
    assert auditor.get("/admin/ledger/transfer/", {"account": "x"}).context["cl"].result_count == 0


def test_a_transaction_shows_its_transfers_serial_numbers_and_cause(who: People, auditor: Client) -> None:
    batch = issue_to_cooperative(who, 10, buffer_t=1)
    page = auditor.get(of("transaction", batch.transaction_id))
    first = batch.serials.lower
    assert [row[3] for row in page.context["tables"][0].rows] == [
        f'<a href="/trace/{first}">{first} – {first + 8}</a>',
        f'<a href="/trace/{first + 9}">{first + 9} – {first + 9}</a>',
    ]
    assert auditor.get(f"/trace/{first}").status_code == 200
    assert of("batch", batch.pk) in page.content.decode()


def test_who_owns_a_serial_number_is_found(who: People, auditor: Client) -> None:
    first, second = issue_to_cooperative(who, 10), issue_to_cooperative(who, 10)
    found = auditor.get("/admin/ledger/serialblock/", {"q": str(second.serials.lower + 3)})
    assert [block.asset for block in found.context["cl"].result_list] == [second.asset]
    assert auditor.get("/admin/ledger/serialblock/", {"q": "no number"}).context["cl"].result_count == 0
    assert SerialBlock.objects.filter(asset=first.asset).exists()


def test_a_batch_shows_where_its_tonnes_are(who: People, auditor: Client) -> None:
    batch = issue_to_cooperative(who, 2_300, buffer_t=230)
    retire_credits(
        actor=who.cooperative, batch_id=batch.pk, quantity_t=70, beneficiary_name="我", purpose="own_footprint"
    )
    supply, holders, retirements = auditor.get(of("batch", batch.pk)).context["tables"]
    assert supply.rows == [("2,300", "2,000", "230", "70", "0")]
    assert len(holders.rows) == len(retirements.rows) == 1


def test_a_record_shows_its_very_bytes_and_its_place(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 100)
    record = Record.objects.latest("id")
    assert "waits for its place" in auditor.get(of("record", record.pk)).content.decode()
    sequence_log()
    page = auditor.get(of("record", record.pk)).content.decode()
    assert "waits for its place" not in page
    assert bytes(record.entry).decode().replace('"', "&quot;") in page


def test_a_large_table_is_counted_so_far_and_read_on_from_there(
    who: People, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", 3)
    monkeypatch.setattr(TransactionAdmin, "list_per_page", 2)
    for _payment in range(5):
        pay_in(who, who.buyer, 100)
    numbers = list(Transaction.objects.order_by("-id").values_list("id", flat=True))
    first = auditor.get("/admin/ledger/transaction/").context["cl"]
    assert (first.result_count, older_url(first)) == (3, "")
    last = auditor.get("/admin/ledger/transaction/", {"p": "2"}).context["cl"]
    assert [each.pk for each in last.result_list] == numbers[2:3]
    rest = auditor.get("/admin/ledger/transaction/" + older_url(last)).context["cl"]
    assert [each.pk for each in rest.result_list] == numbers[3:]


def test_a_transaction_is_found_by_its_number(who: People, auditor: Client) -> None:
    for _payment in range(2):
        pay_in(who, who.buyer, 100)
    wanted = Transaction.objects.earliest("id")
    found = auditor.get("/admin/ledger/transaction/", {"q": str(wanted.pk)})
    assert list(found.context["cl"].result_list) == [wanted]
