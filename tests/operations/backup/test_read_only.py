"""What people are told by a copy, which refuses whatever writes."""

import contextlib

import pytest
from django.db import connection

from tests.callers import Caller, is_problem

pytestmark = pytest.mark.django_db(transaction=True)


@contextlib.contextmanager
def read_only():
    """Make this connection what every connection to a restored copy is."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")


def test_programs_are_told_that_nothing_is_changed_here(who):
    caller = Caller(who.buyer)
    with read_only():
        assert caller.ask("/projects").status_code == 200
        answer = caller.send("/payments/withdrawals", {"amount_fen": 5})
    assert is_problem(answer, 503, "read_only")
    assert "this is a copy" in answer.json()["detail"]


def test_people_read_the_public_pages_and_are_told_that_they_cannot_log_in(client, who):
    client.raise_request_exception = False
    user = who.buyer.user
    user.set_password("a long enough password")
    user.save()
    with read_only():
        assert client.get("/projects").status_code == 200
        words = {"username": user.username, "password": "a long enough password"}
        answer = client.post("/login", words, headers={"accept-language": "en"})
    # Whether the view or the session is the first that would write.
    assert answer.status_code == 503
