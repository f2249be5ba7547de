"""Call the API as somebody: with a token, in English."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.test import Client

from ledger.models import Membership, User
from ledger.parties.scopes import Scope
from ledger.parties.services import issue_token
from tests.scenes import People

PROBLEM = "application/problem+json"


class Caller(Client):
    """A client of the API; paths are those below /api/v1."""

    def __init__(self, who: Membership | User | None = None) -> None:
        headers = {"accept-language": "en"}
        if who is not None:
            user = who.user if isinstance(who, Membership) else who
            headers["authorization"] = f"Bearer {issue_token(user=user, name='test', scopes=Scope.values)[1]}"
        # What goes wrong is answered for, as it is in earnest.
        super().__init__(headers=headers, raise_request_exception=False)

    def ask(self, path: str, **query: Any) -> Any:
        """Return the answer to a GET."""
        return self.get(f"/api/v1{path}", query)

    def send(self, path: str, body: Any = None, **headers: str) -> Any:
        """Return the answer to a POST of JSON."""
        content = json.dumps({} if body is None else body, default=str)
        return self.post(f"/api/v1{path}", content, content_type="application/json", headers=headers)


class Undone(Exception):
    """What was done is not to stay."""


@contextmanager
def undone() -> Iterator[None]:
    """Undo in the database whatever is done in the context."""
    try:
        with transaction.atomic():
            yield
            raise Undone
    except Undone:
        pass


def statuses(who: People, method: str, path: str, body: Any = None) -> dict[str, int]:
    """Return the status that each kind of person is answered with, each as if nobody had come before."""
    people = {
        "cooperative": who.cooperative,
        "buyer": who.buyer,
        "verifier": who.verifier,
        "registrar": who.registrar,
        "treasurer": who.treasurer,
        "auditor": who.auditor,
        "stranger": None,
    }
    found = {}
    for name, person in people.items():
        with undone():
            caller = Caller(person)
            answer = caller.ask(path) if method == "GET" else caller.send(path, body)
            found[name] = answer.status_code
    return found


def is_problem(answer: Any, status: int, code: str, pointer: str | None = None) -> bool:
    """Return whether an answer is this problem, in the shape of RFC 9457; at this place of the body, where one is given.

    Raises: AssertionError that shows the answer, where it is not.
    """
    assert answer["content-type"] == PROBLEM, answer.content
    problem = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= problem.keys(), problem
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    if pointer is not None:
        assert pointer in {error["pointer"] for error in problem["errors"]}, problem
    return True
