import csv
import io

import pytest
from django.test import Client

from ledger.admin import export
from ledger.admin.display import link
from ledger.admin.export import cell_text
from ledger.models import Organisation
from tests.desk import client_of
from tests.factories import OrganisationFactory
from tests.scenes import People, issue_to_cooperative, pay_in


@pytest.fixture
def auditor(who: People) -> Client:
    return client_of(who.auditor)


def rows_of(client: Client, address: str, **query: object) -> list[list[str]]:
    answer = client.get(address, query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(answer.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content.removeprefix("\ufeff"))))


def test_a_list_is_exported_as_it_is_shown(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 123_456)
    head, row = rows_of(auditor, "/admin/ledger/payment/export.csv")
    assert head[:5] == ["number", "organisation", "direction", "amount in yuan", "status"]
    assert row[1:5] == [who.buyer.organisation.name, "deposit", "1,234.56", "posted"]


def test_an_export_is_filtered_and_searched_as_the_list_is(who: People, auditor: Client) -> None:
    pay_in(who, who.buyer, 100)
    pay_in(who, who.other_buyer, 200)
    name = who.other_buyer.organisation.name
    amounts = [row[5] for row in rows_of(auditor, "/admin/ledger/transfer/export.csv", organisation=name)[1:]]
    assert amounts == ["¥2.00"]
    shown = auditor.get("/admin/ledger/transfer/", {"organisation": name}).content.decode()
    assert "/admin/ledger/transfer/export.csv?organisation=" in shown


def test_columns_that_are_read_for_a_page_at_once_are_in_the_export(who: People, auditor: Client) -> None:
    issue_to_cooperative(who, 2_300, buffer_t=230)
    _head, row = rows_of(auditor, "/admin/ledger/batch/export.csv")
    assert row[2:7] == ["2,300", "2,070", "230", "0", "0"]


def test_an_export_ends_at_its_limit_and_says_so(who: People, auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", 3)
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 2)
    OrganisationFactory.create_batch(5)
    rows = rows_of(auditor, "/admin/ledger/organisation/export.csv")
    assert len(rows) == 1 + 3 + 1
    assert rows[-1] == ["The export ends after 3 rows: there are more. Narrow the list."]
    some = rows_of(auditor, "/admin/ledger/organisation/export.csv", kind__exact="operator")
    assert len(some) == 2


def test_no_cell_is_taken_for_a_formula(who: People, auditor: Client) -> None:
    OrganisationFactory(name='=HYPERLINK("http://evil.example")', status=Organisation.Status.APPLIED)
    rows = rows_of(auditor, "/admin/ledger/organisation/export.csv", status__exact="applied")
    assert rows[1][0] == '\'=HYPERLINK("http://evil.example")'
    assert [cell_text(text) for text in ("+1", "-1", "@a", "\tx", "1")] == ["'+1", "'-1", "'@a", "'\tx", "1"]


def test_cells_are_text_without_markup(who: People) -> None:
    assert cell_text(link(who.buyer.organisation)) == who.buyer.organisation.name


def test_an_export_speaks_the_reader_s_language(who: People) -> None:
    client = client_of(who.auditor)
    answer = client.get("/admin/ledger/payment/export.csv", headers={"accept-language": "zh-hans"})
    assert "机构" in b"".join(answer.streaming_content).decode()


def test_a_filter_that_there_is_not_is_refused(auditor: Client) -> None:
    answer = auditor.get("/admin/ledger/payment/export.csv", {"nothing": "1"})
    assert (answer.status_code, answer.content.decode()) == (400, "The list has no such filter.")
