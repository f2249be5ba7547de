"""Writes that PostgreSQL works on while Python goes on: the same rows, the same order, the same failures."""

import threading
from contextlib import suppress

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from ledger import ahead
from ledger.ahead import WORTH_A_THREAD, working_ahead
from ledger.models import Asset, UnsequencedRecord
from ledger.rows import array_of, copy_rows, update_rows

pytestmark = pytest.mark.django_db


def put(*record_ids):
    copy_rows(UnsequencedRecord, ("record_id",), ("int8",), [(record_id,) for record_id in record_ids])


def waiting():
    return sorted(UnsequencedRecord.objects.values_list("record_id", flat=True))


def test_a_read_sees_all_that_was_handed_over_before_it():
    with working_ahead(WORTH_A_THREAD):
        put(1, 2)
        put(3)
        assert waiting() == [1, 2, 3]


def test_writes_are_done_in_the_order_of_the_calls():
    with working_ahead(WORTH_A_THREAD):
        put(1)
        move = "UPDATE ledger_unsequencedrecord SET record_id = record_id + 1 WHERE record_id = ANY(%s::bigint[])"
        for record_id in range(1, 50):
            update_rows(move, [array_of([record_id])], count=1, otherwise=AssertionError())
    assert waiting() == [50]


def test_the_caller_goes_on_while_a_write_is_under_way():
    may_go_on, has_begun = threading.Event(), threading.Event()

    def slow_write(cursor):
        has_begun.set()
        assert may_go_on.wait(60)
        cursor.execute("INSERT INTO ledger_unsequencedrecord VALUES (7)")

    with working_ahead(WORTH_A_THREAD):
        ahead.write(slow_write)
        assert has_begun.wait(60)
        may_go_on.set()
        assert waiting() == [7]


def test_a_few_rows_are_written_at_once_and_by_the_caller():
    threads = []
    with working_ahead(WORTH_A_THREAD - 1):
        ahead.write(lambda _cursor: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()]


def test_all_is_done_where_an_inner_context_ends():
    done = []
    with working_ahead(WORTH_A_THREAD):
        with working_ahead(WORTH_A_THREAD):
            ahead.write(lambda _cursor: done.append("inner"))
        assert done == ["inner"]


@transaction.atomic
def put_twice_after(name):
    Asset.objects.create(code=name, kind="cash")
    with working_ahead(WORTH_A_THREAD):
        put(1)
        put(1)
        put(2)


@pytest.mark.django_db(transaction=True)
def test_a_write_that_fails_is_raised_at_the_end_and_takes_back_all_of_the_transaction():
    with pytest.raises(IntegrityError, match="ledger_unsequencedrecord_pkey"):
        put_twice_after("CNY")
    assert waiting() == []
    assert not Asset.objects.exists()


@transaction.atomic
def read_after_a_write_that_fails(answers):
    with working_ahead(WORTH_A_THREAD):
        update_rows("SELECT %s::bigint", [str(2**63)], count=1, otherwise=AssertionError())
        answers.append(waiting())


@pytest.mark.django_db(transaction=True)
def test_a_write_that_fails_is_raised_by_the_read_after_it():
    answers = []
    with pytest.raises(DataError, match="out of range"):
        read_after_a_write_that_fails(answers)
    assert answers == []


@pytest.mark.django_db(transaction=True)
def test_a_caller_that_fails_leaves_no_write_behind():
    done = []
    with suppress(ZeroDivisionError), transaction.atomic(), working_ahead(WORTH_A_THREAD):
        put(1)
        ahead.write(lambda _cursor: done.append(threading.current_thread()))
        raise ZeroDivisionError
    assert waiting() == []
    assert not any(thread.is_alive() for thread in done)


def test_another_number_of_rows_than_expected_is_refused():
    put(1)
    with pytest.raises(LookupError, match="two rows"):
        update_rows("UPDATE ledger_unsequencedrecord SET record_id = 5", [], count=2, otherwise=LookupError("two rows"))


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nobody_works_ahead():
    with pytest.raises(AssertionError, match="take back"), working_ahead(WORTH_A_THREAD):
        pass


def test_numbers_and_gaps_are_read_as_they_were_given():
    numbers = [1, -5, None, 2**62]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::bigint[]", [array_of(numbers)])
        assert cursor.fetchone() == (numbers,)
        cursor.execute("SELECT %s::bigint[]", [array_of([])])
        assert cursor.fetchone() == ([],)
