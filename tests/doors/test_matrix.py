"""Every address, for everybody: who may read it and who may write there, exactly as the tables beside this file say.

A table has a line for each address and method, and a column for each kind of person. What stands there:

    yes     shown, or done
    form    refused for what was sent, such as an empty form, or for the state of things
    led     led on to another page; told: to one that says why not; apply: to the application for an organisation
    no      refused (403)
    none    as if it was not there (404)
    login   led to the log-in (401 of the API)
    -       there is no such method (405)

A new address fails until its line is written; what a line should be, people decide, not the program.
"""

import difflib
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin, messages
from django.contrib.messages import get_messages
from django.urls import reverse

from tests.callers import Caller, undone
from tests.doors.addresses import addresses_below, filled, page_addresses
from tests.doors.conftest import client_of
from tests.ledger.api.test_fuzz import CASES, fill

pytestmark = pytest.mark.django_db

HERE = Path(__file__).parent
PEOPLE = (
    *("visitor", "newcomer", "owner", "trader", "viewer", "neighbour", "buyer", "verifier", "rival"),
    *("registrar", "treasurer", "auditor"),
)
"""A neighbour is another cooperative, a rival another verifier; owner, trader and viewer are of the cooperative whose
things the addresses are about, buyer and verifier those whom they concern."""


def outcome(answer: Any) -> str:
    """Return what a line of a table says of an answer."""
    status = answer.status_code
    if status in (301, 302, 303):
        return _where_to(answer)
    if status < 300:
        return "yes"
    return OUTCOMES.get(status, str(status))


OUTCOMES = {400: "form", 401: "login", 403: "no", 404: "none", 405: "-", 409: "form", 422: "form"}


def _where_to(answer: Any) -> str:
    address = answer["location"].partition("?")[0]
    if address in (reverse("login"), reverse("admin:login")):
        return "login"
    if address == reverse("apply"):
        return "apply"
    said = get_messages(answer.wsgi_request)
    return "told" if any(message.level >= messages.WARNING for message in said) else "led"


def line(method: str, address: str, outcomes: list[str]) -> str:
    return f"{method:4} {address:64} " + " ".join(f"{each:9}" for each in outcomes).rstrip()


HEAD = line("", "", list(PEOPLE))


def compare(name: str, lines: list[str], written: Path) -> None:
    """Hold what is against the table.

    Raises: AssertionError with the difference, and where the table as it is now was written for whoever decides.
    """
    found = "\n".join([HEAD, *lines]) + "\n"
    table = HERE / name
    expected = table.read_text() if table.exists() else ""
    if found != expected:
        (written / name).write_text(found)
        difference = difflib.unified_diff(expected.splitlines(), found.splitlines(), "table", "found", lineterm="", n=0)
        pytest.fail("\n".join([f"as it is now: {written / name}", *difference]), pytrace=False)


def outcomes(callers: dict[str, Any], ask: Any) -> list[str]:
    """Return what each person gets, each as if nobody had come before."""
    found: list[str] = []
    for name in PEOPLE:
        if found == ["-"]:
            # The method is looked at before the person.
            return found * len(PEOPLE)
        caller = callers[name]
        cookies = caller.cookies.output(header="", sep=";")
        with undone():
            answer = ask(caller)
            found.append(outcome(answer))
            # Read to its end, or the file that it is read from stays open.
            answer.getvalue()
        # Who has logged out, or was shown a message, has not either.
        caller.cookies.clear()
        caller.cookies.load(cookies)
    return found


def test_pages(cast, tmp_path):
    """Each page is asked for, and sent an empty form."""
    people, names = cast
    clients = {name: client_of(person) for name, person in people.items()}
    lines = []
    for address in page_addresses():
        path = filled(address, names)
        lines.append(line("GET", address, outcomes(clients, lambda client, path=path: client.get(path))))
        lines.append(line("POST", address, outcomes(clients, lambda client, path=path: client.post(path))))
    compare("pages.txt", lines, tmp_path)


def test_api(cast, tmp_path):
    """Each address of the API is asked for, and sent what somebody who may would send."""
    people, names = cast
    callers = {name: Caller(person) for name, person in people.items()}
    lines = []
    for address, pattern in addresses_below("api/v1/", ("trading.api.urls", "ledger.api.urls")):
        if "get" in pattern.callback.actions:
            path = filled(address, names)
            lines.append(line("GET", address, outcomes(callers, lambda caller, path=path: caller.ask(path))))
    for path, (_person, body) in CASES.items():
        address, content = "/" + path.format(**names), fill(body, names)
        sent = outcomes(callers, lambda caller, address=address, content=content: caller.send(address, content))
        lines.append(line("POST", path, sent))
    compare("api.txt", lines, tmp_path)


def test_desk(cast, tmp_path):
    """Each list of the admin is asked for."""
    people, _names = cast
    clients = {name: client_of(person) for name, person in people.items()}
    lines = []
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label_lower):
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        lines.append(line("GET", path, outcomes(clients, lambda client, path=path: client.get(path))))
    compare("desk.txt", lines, tmp_path)
