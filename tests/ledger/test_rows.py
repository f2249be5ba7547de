"""Rows written many at once or a few, ids of several tables, and models read without Django's compiler."""

import pytest
from django.db import connection
from django.utils import timezone

from ledger.models import Record, Transaction
from ledger.rows import FEW_ROWS, columns_of, draw_ids, draw_ids_of, insert_rows, read_models
from trading.models import Market

pytestmark = pytest.mark.django_db
COLUMNS = ("id", "kind", "entry", "created_at")
TYPES = ("int8", "varchar", "bytea", "timestamptz")


def test_ids_of_several_tables_come_in_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        transactions, none, records = draw_ids_of((Transaction, 2), (Market, 0), (Record, 3))
    assert (len(transactions), none, len(records)) == (2, [], 3)
    assert draw_ids(Transaction, 1)[0] > max(transactions)
    assert draw_ids(Record, 1)[0] > max(records)


def test_no_ids_are_asked_of_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert draw_ids_of((Transaction, 0), (Record, 0)) == [[], []]


@pytest.mark.parametrize("count", [0, 1, FEW_ROWS, FEW_ROWS + 1])
def test_few_rows_and_many_are_written_alike(count):
    now = timezone.now()
    rows = [(at, "weather_seen", bytes([at, 0]), now) for at in range(1, count + 1)]
    insert_rows(Record, COLUMNS, TYPES, rows)
    found = Record.objects.filter(kind="weather_seen").order_by("id").values_list(*COLUMNS)
    assert [(*row[:2], bytes(row[2]), row[3]) for row in found] == rows


def test_a_model_is_read_with_its_json():
    name = columns_of(Market, "market").split(", ")
    place = name.index("market.sessions")
    for text, value in (('[["09:30", "11:30"]]', [["09:30", "11:30"]]), ("[]", [])):
        row = [None] * len(name)
        row[0], row[place] = 1, text
        assert read_models(row, Market)[0].sessions == value
    assert read_models([None] * len(name), Market) == [None]
    with connection.cursor() as cursor:
        cursor.execute("SELECT '[1]'::jsonb")
        assert cursor.fetchone() == ("[1]",), "what is decoded above is what the driver gives"
