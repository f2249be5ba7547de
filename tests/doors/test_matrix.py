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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin, messages
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern

from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.services import retire_credits
from ledger.models import Account, Batch, Distribution, MonitoringReport, Parcel, Record, RiskAssessment
from ledger.parties.services import issue_token
from tests.callers import Caller, undone
from tests.factories import MembershipFactory, UserFactory
from tests.ledger.api.test_fuzz import CASES, _names, fill
from tests.scenes import people as people_of_all_kinds

pytestmark = pytest.mark.django_db

HERE = Path(__file__).parent
PEOPLE = (
    *("visitor", "newcomer", "owner", "trader", "viewer", "neighbour", "buyer", "verifier", "rival"),
    *("registrar", "treasurer", "auditor"),
)
"""A neighbour is another cooperative, a rival another verifier; owner, trader and viewer are of the cooperative whose
things the addresses are about, buyer and verifier those whom they concern."""


@pytest.fixture(scope="module")
def cast(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the people by the names of the columns, and the things of the scene by theirs."""
    with django_db_blocker.unblock(), transaction.atomic():
        who = people_of_all_kinds()
        names = _names(who)
        ours = {"organisation": who.cooperative.organisation}
        names = {**names, **_more(who, names)}
        yield (
            {
                "visitor": None,
                "newcomer": UserFactory(),
                "owner": who.cooperative,
                "trader": MembershipFactory(role="trader", **ours),
                "viewer": MembershipFactory(role="viewer", **ours),
                "neighbour": MembershipFactory(organisation__kind="cooperative"),
                "buyer": who.buyer,
                "verifier": who.verifier,
                "rival": MembershipFactory(organisation__kind="verifier"),
                "registrar": who.registrar,
                "treasurer": who.treasurer,
                "auditor": who.auditor,
            },
            names,
        )
        transaction.set_rollback(True)


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


# Addresses and what they are about

# What stands for a part of an address, by how the address begins; the first that fits.
ABOUT = (
    ("projects/<code:code>/draft", "<code:code>", "draft"),
    ("projects/<code:code>/fields", "<code:code>", "draft"),
    ("projects/<code:code>/submit", "<code:code>", "draft"),
    ("projects/<code:code>/validate", "<code:code>", "in_validation"),
    ("projects/<code:code>/reject", "<code:code>", "in_validation"),
    ("projects/<code:code>/risk/", "<code:code>", "stated"),
    ("projects/<code:code>/risk", "<code:code>", "soil"),
    ("projects/<code:code>/reports/<int:report_id>", "<code:code>", "examined_project"),
    ("projects/", "<code:code>", "registered"),
    ("projects/<code:code>/reports/<int:report_id>/edit", "<int:report_id>", "report_draft"),
    ("projects/<code:code>/reports/<int:report_id>/discard", "<int:report_id>", "report_draft"),
    ("projects/<code:code>/reports/<int:report_id>/fields", "<int:report_id>", "report_draft"),
    ("projects/<code:code>/reports/<int:report_id>/accept", "<int:report_id>", "handed_in"),
    ("projects/<code:code>/reports/<int:report_id>/decline", "<int:report_id>", "handed_in"),
    ("projects/<code:code>/reports/<int:report_id>/assign", "<int:report_id>", "handed_in"),
    ("projects/", "<int:report_id>", "examined"),
    ("projects/<code:code>/reports", "<int:parcel_id>", "examined_parcel"),
    ("projects/", "<id:parcel_id>", "draft_parcel"),
    ("projects/", "<int:assessment_id>", "risk"),
    ("projects/", "<id:entry_id>", "diary_entry"),
    ("credits/", "<code:code>", "batch"),
    ("batches/", "<code:code>", "batch"),
    ("markets/", "<code:symbol>", "batch"),
    ("markets/", "<symbol>", "batch"),
    ("documents/", "<uuid:public_id>", "document"),
    ("transfers/", "<uuid:public_id>", "transfer"),
    ("credit-transfers/", "<uuid:public_id>", "transfer"),
    ("cancellations/", "<uuid:public_id>", "cancellation"),
    ("reversals/", "<uuid:public_id>", "reversal"),
    ("retirements/", "<uuid:public_id>", "retirement"),
    ("households/", "<uuid:public_id>", "household"),
    ("organisations/", "<uuid:public_id>", "approved"),
    ("", "<int:account_id>", "account"),
    ("", "<id:account_id>", "account"),
    ("", "<id:payout_id>", "payout"),
    ("", "<id:distribution_id>", "distribution"),
    ("", "<int:order_id>", "order"),
    ("", "<id:order_id>", "order"),
    ("", "<id:offer_id>", "offer"),
    ("", "<id:auction_id>", "auction"),
    ("", "<id:bid_id>", "bid"),
    ("", "<id:record_id>", "record"),
    ("", "<int:token_id>", "token"),
    ("", "<id:token_id>", "token"),
    ("", "<id:alert_id>", "alert"),
    ("", "<id:report_id>", "examined"),
    ("", "<str:serial>", "serial"),
    ("", "<id:finding_id>", "finding"),
    ("", "<id:answered_id>", "answered"),
)
# What is in an address as it is.
WORDS = {
    "<slug:methodology_id>": "rice-water-1",
    "<slug:part>": "baseline",
    "<slug:step>": "withdraw",
    "<slug:kind>": "projects",
    "<int:part>": "1",
    "<path:project_id>": "VCS1",
    "<str:level>": "0",
    "<path:number>": "000",
    "<str:name>": "20260101.zip",
    "<str:token>": "nothing",
}


def _more(who: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Return what only pages and GETs are about."""
    examined = MonitoringReport.objects.get(pk=names["examined"])
    batch = Batch.objects.select_related("asset").get(asset__code=names["batch"])
    retirement = retire_credits(
        actor=who.cooperative, batch_id=batch.pk, quantity_t=1, beneficiary_name="乙", purpose="event"
    )
    cancellation = cancel_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=1, reason="mistake", note="n")
    token, _secret = issue_token(user=who.cooperative.user, name="desk")
    return {
        "examined_project": examined.project.code,
        "examined_parcel": examined.project.parcels.get().pk,
        "draft_parcel": Parcel.objects.get(project__number=int(names["draft"][-6:])).pk,
        "stated": RiskAssessment.objects.get(pk=names["risk"]).project.code,
        "retirement": retirement.public_id,
        "cancellation": cancellation.public_id,
        "account": Account.objects.get(asset=batch.asset, organisation=who.cooperative.organisation).pk,
        "distribution": Distribution.objects.latest("id").pk,
        "record": Record.objects.filter(kind="credits_retired").latest("id").pk,
        "token": token.pk,
        "alert": 1,
        "serial": batch.serials.lower,
    }


def addresses_below(prefix: str, modules: tuple[str, ...]) -> list[tuple[str, URLPattern]]:
    """Return the addresses that some modules list, each with what answers there, in the order of the modules."""
    found = []
    for resolver in get_resolver().url_patterns:
        if getattr(resolver, "urlconf_name", None) and getattr(resolver.urlconf_name, "__name__", "") in modules:
            assert str(resolver.pattern) == prefix
            found += [(str(pattern.pattern), pattern) for pattern in resolver.url_patterns]
    assert found
    return found


def filled(address: str, names: dict[str, Any]) -> str:
    """Return an address with things of the scene in it.

    Raises: AssertionError where nothing of them stands for a part of it.
    """
    result = address
    for start, part, name in ABOUT:
        if address.startswith(start) and part in result:
            result = result.replace(part, str(names[name]))
    for part, word in WORDS.items():
        result = result.replace(part, word)
    assert not set("<>()^$") & set(result), f"what is {result} about? Add it to ABOUT."
    return "/" + result


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


# Written as regular expressions, because a path converter cannot say what is in them.
WRITTEN_OUT = {
    r"^projects/(?P<code>[A-Za-z0-9-]{1,40})/reports/(?P<report_id>[0-9]{1,18})/findings/(?P<finding_id>[0-9]{1,18})/"
    r"(?P<step>answer|close|reopen)$": [
        "projects/<code:code>/reports/<int:report_id>/findings/<id:finding_id>/answer",
        "projects/<code:code>/reports/<int:report_id>/findings/<id:finding_id>/close",
        "projects/<code:code>/reports/<int:report_id>/findings/<id:answered_id>/reopen",
    ],
    r"^downloads/(?P<schema>[a-z-]+)/(?P<table>[a-z]+)\.(?P<form>csv|json)$": ["downloads/cad-trust/projects.csv"],
    r"^trace/?$": ["trace"],
    r"^trace/(?P<serial>[^/]+)/?$": ["trace/<str:serial>"],
}


def test_pages(cast, tmp_path):
    """Each page is asked for, and sent an empty form."""
    people, names = cast
    clients = {name: _client(person) for name, person in people.items()}
    lines = []
    pages = [pattern for pattern, _view in addresses_below("", ("ledger.web.urls", "trading.web.urls"))]
    pages += [f"log/{pattern}" for pattern, _view in addresses_below("log/", ("ledger.web.log_urls",))]
    for pattern in pages:
        for address in WRITTEN_OUT.get(pattern, [pattern]):
            path = filled(address, names)
            lines.append(line("GET", address, outcomes(clients, lambda client, path=path: client.get(path))))
            lines.append(line("POST", address, outcomes(clients, lambda client, path=path: client.post(path))))
    compare("pages.txt", lines, tmp_path)


def _client(person: Any) -> Client:
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(getattr(person, "user", person))
    return client


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
    clients = {name: _client(person) for name, person in people.items()}
    lines = []
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label_lower):
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        lines.append(line("GET", path, outcomes(clients, lambda client, path=path: client.get(path))))
    compare("desk.txt", lines, tmp_path)
