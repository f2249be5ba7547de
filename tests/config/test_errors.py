"""Pages for what goes wrong before a page is reached."""

import contextlib

import pytest
from django.db import OperationalError, connection


@pytest.mark.django_db
def test_a_strange_host_name_is_refused_with_a_page(client):
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert b"<h1>" in response.content


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_gone_the_reader_is_told_to_come_back(client):
    client.raise_request_exception = False
    # Its end of the connection goes, as when PostgreSQL is started anew; ours does not know.
    with connection.cursor() as cursor, contextlib.suppress(OperationalError):
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    answer = client.get("/projects")
    assert answer.status_code == 503
    assert answer["retry-after"] == "1"
    assert "暂时无法访问" in answer.content.decode()
    connection.close()
    assert client.get("/projects").status_code == 200


@pytest.mark.django_db
def test_an_unexpected_failure_of_a_page_says_that_it_is_ours(client, monkeypatch):
    def fail(*_arguments, **_named):
        raise RuntimeError("the secret is 42")

    client.raise_request_exception = False
    monkeypatch.setattr("ledger.web.registry.matching_projects", fail)
    answer = client.get("/projects")
    assert answer.status_code == 500
    assert "出了差错" in answer.content.decode()
    assert "42" not in answer.content.decode()
