"""What every operation refuses, and how: problem details, with the place of the fault, and nothing changed."""

import contextlib
import logging
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from ledger.journal import payments
from ledger.models import Organisation, Payment
from tests.callers import PROBLEM, Caller, is_problem
from tests.factories import MembershipFactory
from tests.scenes import People


def raw(caller: Caller, content: bytes, path: str = "/payments/withdrawals", kind: str = "application/json") -> Any:
    return caller.generic("POST", f"/api/v1{path}", content, content_type=kind)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"null",
        b"\xff\xfe",
        b'{"amount_fen": NaN}',
        b'{"amount_fen": Infinity}',
        b'{"amount_fen": 1e999}',
        b'{"amount_fen": 1, "amount_fen": 2}',
        b'{"a\\u0000": 1}',
        b'{"\\ud800": 1}',
        b'{"amount_fen": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b'{"amount_fen": "' + b"9" * 5_000_000 + b'"}',
    ],
)
def test_what_is_no_json_object_is_refused(who: People, content: bytes) -> None:
    answer = raw(Caller(who.buyer), content)
    assert answer.status_code == 400
    assert answer["content-type"] == PROBLEM
    assert answer.json()["code"] == ("invalid_input" if content == b"" else "parse_error")
    assert not Payment.objects.exists()


@pytest.mark.parametrize("amount", [True, "5", 5.0, 0.5, 1e30, 0, -1, 2**53, 10**30, None, [], {}, "", [[]] * 3])
def test_an_amount_is_a_whole_number_within_bounds(who: People, amount: Any) -> None:
    answer = Caller(who.buyer).send("/payments/withdrawals", {"amount_fen": amount})
    assert is_problem(answer, 400, "invalid_input", "/amount_fen")
    assert not Payment.objects.exists()


@pytest.mark.parametrize("text", [5, True, 0.5, [], {}, "", "   ", "\x00", "\ud800", "a" * 121])
def test_a_text_is_a_text_that_can_be_stored(who: People, text: Any) -> None:
    answer = Caller(MembershipFactory().user).send("/organisations", {"kind": "buyer", "name": text})
    assert is_problem(answer, 400, "invalid_input", "/name")


def test_a_nesting_that_would_exhaust_the_stack_is_refused_as_a_text_and_as_an_object(who: People) -> None:
    # As deep as the parser takes it, beneath all that has called it here.
    deep = b"[" * 850 + b"]" * 850
    answer = raw(Caller(who.buyer), b'{"name": ' + deep + b', "kind": ' + deep + b"}", "/organisations")
    assert is_problem(answer, 400, "invalid_input", "/kind")
    settings = b'{"a":' * 850 + b"1" + b"}" * 850
    answer = raw(Caller(who.cooperative), b'{"settings": ' + settings + b"}", "/projects")
    assert is_problem(answer, 400, "invalid_input", "/settings")


def test_unknown_fields_are_named(who: People) -> None:
    answer = Caller(who.buyer).send("/payments/withdrawals", {"amount_fen": 5, "am~ount/fen": 6, "extra": None})
    assert is_problem(answer, 400, "invalid_input", "/extra")
    assert answer.json()["errors"][0] == {
        "pointer": "/am~0ount~1fen",
        "code": "unknown",
        "detail": "There is no such field.",
    }


def test_operations_without_a_body_take_none(who: People) -> None:
    path = f"/organisations/{who.buyer.organisation.public_id}/approve"
    assert is_problem(Caller(who.registrar).send(path, {"force": True}), 400, "invalid_input", "/force")
    assert is_problem(raw(Caller(who.registrar), b"", path), 409, "wrong_state")


def test_every_query_parameter_is_known_and_checked(who: People) -> None:
    caller = Caller(who.buyer)
    assert is_problem(caller.ask("/orders", staus="open"), 400, "invalid_input", "/staus")
    assert is_problem(caller.ask("/orders", status="opened"), 400, "invalid_input", "/status")
    for size in ("0", "501", "-1", "five", "1e3", "٣", "9" * 5_000, ""):
        assert is_problem(caller.ask("/batches", page_size=size), 400, "invalid_input", "/page_size")
    for cursor in ("x", "cD1hYmM=", "cD0tMQ==", "é", "bz0tMQ==", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk="):
        assert is_problem(caller.ask("/batches", cursor=cursor), 400, "invalid_input", "/cursor")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/nothing",
        "/orders/",
        "/orders/0",
        "/orders/-1",
        "/orders/1.5",
        "/orders/abc",
        "/orders/9223372036854775807",
        "/orders/9223372036854775808",
        "/orders/" + "9" * 400,
        "/reports/1",
        "/projects/TH-35-000001",
        "/projects/TH-35-%00",
        "/projects/../me",
        "/batches/CNY",
        "/retirements/not-a-uuid",
        "/markets/%E7%A8%BB",
    ],
)
def test_an_address_that_leads_nowhere_is_a_problem(who: People, path: str) -> None:
    assert is_problem(Caller(who.buyer).get(f"/api/v1{path}"), 404, "not_found")


def test_the_wrong_method_or_content_type_is_a_problem(who: People) -> None:
    caller = Caller(who.buyer)
    assert is_problem(caller.put("/api/v1/orders"), 405, "method_not_allowed")
    assert is_problem(caller.options("/api/v1/orders"), 405, "method_not_allowed")
    form = raw(caller, b"amount_fen=5", kind="application/x-www-form-urlencoded")
    assert is_problem(form, 415, "unsupported_media_type")


def test_json_is_the_answer_whatever_is_asked_for(db: None) -> None:
    for accept in ("text/html", "application/xml", "nonsense"):
        answer = Client().get("/api/v1/batches", headers={"accept": accept})
        assert answer["content-type"] == "application/json"
        assert answer.json() == {"results": [], "next": None, "previous": None}


def test_who_shows_nothing_is_asked_for_a_token(db: None) -> None:
    answer = Caller().ask("/me")
    assert is_problem(answer, 401, "not_authenticated")
    assert answer["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("shown", ["Bearer", "Bearer th_wrong", "Bearer x", "Bearer th_" + "a" * 5_000, "bearer th_é"])
def test_a_token_that_is_none_is_refused_also_where_none_is_needed(db: None, shown: str) -> None:
    assert is_problem(Client().get("/api/v1/batches", headers={"authorization": shown}), 401, "authentication_failed")


def test_a_session_needs_its_csrf_token_to_write(who: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(who.buyer.user)
    assert client.get("/api/v1/me").json()["organisation"]["kind"] == "buyer"
    body = {"amount_fen": 5}
    answer = client.post("/api/v1/payments/withdrawals", body, content_type="application/json")
    assert is_problem(answer, 403, "permission_denied")
    client.cookies["csrftoken"] = token = "a" * 32
    answer = client.post(
        "/api/v1/payments/withdrawals", body, content_type="application/json", headers={"x-csrftoken": token}
    )
    assert is_problem(answer, 409, "insufficient_balance")


def test_a_form_that_cannot_be_read_is_a_problem_too(who: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(who.buyer.user)
    answer = client.generic("POST", "/api/v1/orders", b"--x", content_type="multipart/form-data; boundary=\xe9")
    assert answer.status_code in (400, 403)
    assert answer["content-type"] == PROBLEM


def test_an_unexpected_error_tells_the_caller_nothing_and_the_log_everything(
    who: People, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**arguments: Any) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(payments, "request_withdrawal", fail)
    with caplog.at_level(logging.ERROR):
        answer = Caller(who.buyer).send("/payments/withdrawals", {"amount_fen": 5})
    assert is_problem(answer, 500, "internal_error")
    assert "the secret" not in answer.content.decode()
    assert "the secret is 42" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_gone_the_caller_is_told_to_try_again(
    who: People, caplog: pytest.LogCaptureFixture
) -> None:
    caller = Caller(who.buyer)
    # Its end of the connection goes, as when PostgreSQL is started anew; ours does not know.
    with connection.cursor() as cursor, contextlib.suppress(OperationalError):
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    answer = caller.send("/payments/withdrawals", {"amount_fen": 5})
    assert is_problem(answer, 503, "database_out_of_reach")
    assert answer["retry-after"] == "1"
    assert "Traceback" not in caplog.text
    connection.close()
    assert caller.ask("/me").status_code == 200


def test_an_organisation_that_is_not_approved_can_enter_nothing(who: People) -> None:
    Organisation.objects.filter(pk__in=[who.buyer.organisation_id, who.cooperative.organisation_id]).update(
        status=Organisation.Status.SUSPENDED
    )
    answer = Caller(who.buyer).send("/payments/withdrawals", {"amount_fen": 5})
    assert is_problem(answer, 403, "organisation_suspended")


def test_the_language_of_details_follows_the_caller(who: People) -> None:
    caller = Caller(who.buyer)
    english = caller.get("/api/v1/orders/1", headers={"accept-language": "en"}).json()
    chinese = caller.get("/api/v1/orders/1", headers={"accept-language": "zh-hans"}).json()
    assert english["code"] == chinese["code"] == "not_found"
    assert english["detail"].isascii()
