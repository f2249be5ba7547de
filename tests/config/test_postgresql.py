"""A connection that is kept from request to request: good while the server has not ended it."""

import psycopg
import pytest
from django.db import connection


@pytest.fixture
def kept(transactional_db):
    connection.ensure_connection()
    yield connection
    connection.close()


def end(pid):
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SET ROLE NONE")
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_connection_that_is_left_alone_is_good_and_the_server_is_not_asked(kept):
    with connection.execute_wrapper(lambda *_call: pytest.fail("the server is asked")):
        assert connection.is_usable()


def test_a_connection_that_the_server_has_ended_is_not_good(kept):
    end(kept.connection.info.backend_pid)
    assert not connection.is_usable()


def test_the_next_request_has_a_new_connection_instead(kept):
    ended = kept.connection.info.backend_pid
    end(ended)
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != ended


def test_no_connection_is_not_good():
    connection.close()
    assert not connection.is_usable()
