"""What an attacker tries at every page: markup in every text, forms from elsewhere, frames, and ways out of the site."""

import re

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from config.database_roles import tables
from tests.callers import undone
from tests.database import as_owner
from tests.doors.addresses import addresses_below, filled, page_addresses
from tests.doors.conftest import client_of

pytestmark = pytest.mark.django_db

MARK = '"><img src=x onerror=alert(1)>'
"""What breaks out of an attribute, and out of text. No page may have it as it stands."""
ELSEWHERE = "https://evil.example/"
# Texts that programs compare and look up: what they may be is checked where they are written.
NOT_PROSE = re.compile(
    r"(^|_)(status|kind|state|code|symbol|methodology|secret|sha256|hash|key|vkey|prefix|password|language|signature|line|"
    r"note|role|shard|side|type|currency|scheme|token|uuid|username|origin|rule|phase|interval|purpose|ground|cause|nature|"
    r"reason|mode|scope|channel|event|decision|severity|form|method|pricing|direction|schedule|cover|ndc|registry|country)s?($|_)"
)
# Tables whose texts nobody writes.
OF_PROGRAMS = (
    "django_",
    "auth_",
    "account_",
    "mfa_",
    "usersessions_",
    "ledger_log",
    "ledger_checkpoint",
    "ledger_record",
)


def prose() -> list[tuple[str, str, int | None]]:
    """Return the columns that hold what people write: table, column and how many characters it has room for."""
    names = [table.name for table in tables() if not table.name.startswith(OF_PROGRAMS)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, column_name, character_maximum_length FROM information_schema.columns
             WHERE table_name = ANY(%s::text[]) AND data_type IN ('text', 'character varying') ORDER BY 1, 2
            """,
            [names],
        )
        found = cursor.fetchall()
    return [each for each in found if not NOT_PROSE.search(each[1]) and (each[2] is None or each[2] >= len(MARK) + 12)]


@pytest.fixture
def marked(cast):
    """Put markup into every text of the scene, as somebody would who got round every form."""
    columns = prose()
    assert len(columns) > 40
    # Unique texts stay so by the row's own place.
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, column, _room in columns:
            with transaction.atomic():
                cursor.execute(f"""UPDATE {table} SET "{column}" = %s || substr(ctid::text, 2, 9)""", [MARK])
        cursor.execute("SET LOCAL session_replication_role = origin")
    return cast


def test_no_text_becomes_markup_on_any_page(marked):
    people, names = marked
    raw, shown = [], 0
    for person in ("visitor", "owner", "buyer", "verifier", "registrar", "auditor"):
        client = client_of(people[person])
        for address in (*page_addresses(), *desk_addresses()):
            with undone():
                answer = client.get(address if address.startswith("/") else filled(address, names))
                content = answer.getvalue().decode(errors="replace")
            assert answer.status_code < 500, (person, address)
            if answer.headers.get("content-type", "").startswith("text/html"):
                raw += [(person, address)] if MARK in content else []
                shown += "&lt;img src=x onerror" in content
            else:
                assert answer.headers.get("x-content-type-options") == "nosniff", address
    assert not raw
    assert shown > 50, "the texts are not on the pages"


def desk_addresses() -> list[str]:
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in sorted(admin.site._registry, key=lambda model: model._meta.label_lower)
    ]


@pytest.mark.parametrize("person", ["owner", "registrar"])
def test_no_form_from_elsewhere_is_taken(cast, person):
    """A form that another site has a browser send comes with the session, and without the token."""
    people, names = cast
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(people[person].user)
    taken = []
    for address in page_addresses():
        with undone():
            answer = client.post(filled(address, names), {"code": "x"}, headers={"origin": ELSEWHERE.rstrip("/")})
        if answer.status_code not in (403, 404, 405) and address not in FOR_PROGRAMS:
            taken.append((address, answer.status_code))
    assert not taken


# What programs call, by a signature of their own and never by a session.
FOR_PROGRAMS = ("log/add-cosignature",)


def test_no_page_stands_in_a_frame_or_runs_what_is_not_ours(cast):
    people, names = cast
    client = client_of(people["owner"])
    for address in page_addresses():
        with undone():
            answer = client.get(filled(address, names))
            answer.getvalue()
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, address
        assert "unsafe" not in policy, address
        assert answer.headers["x-frame-options"] == "DENY", address


# What leads away from the site, if a page leads to it.
WAYS_OUT = (ELSEWHERE, "//evil.example/", "https:evil.example", "\\\\evil.example", "javascript:alert(1)")
OURS = "/guide/visitor"
"""A page to which none leads of itself."""


@pytest.mark.parametrize("person", ["visitor", "owner"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_leads_out_of_the_site(cast, method, person):
    """Each page is asked to lead out in one way, and those that lead where they are asked to in every way."""
    people, names = cast
    client = client_of(people[person])

    def led_to(path, target):
        with undone():
            given = {"next": target, "back": target, "return": target}
            answer = getattr(client, method)(path, given)
            answer.getvalue()
        return answer.headers.get("location", "")

    obey = []
    for address in page_addresses():
        path = filled(address, names)
        obeys = led_to(path, OURS).startswith(OURS)
        obey += [address] * obeys
        for target in WAYS_OUT if obeys else [ELSEWHERE]:
            location = led_to(path, target)
            assert not location.startswith((target, "//", "\\")), (address, location)
            assert not re.match(r"[a-z]+:", location) or location.startswith("http://testserver/"), (address, location)
    assert method == "get" or {"language", "theme"} <= set(obey)


def test_what_the_api_says_is_never_taken_for_a_page(cast):
    people, names = cast
    client = client_of(people["owner"])
    for address, pattern in addresses_below("api/v1/", ("trading.api.urls", "ledger.api.urls")):
        if "get" not in pattern.callback.actions:
            continue
        with undone():
            answer = client.get("/api/v1" + filled(address, names))
            answer.getvalue()
        assert not answer.headers["content-type"].startswith("text/html"), address
        assert answer.headers["x-content-type-options"] == "nosniff", address
