"""Whatever is thrown at an operation: never a 500, always a problem, and a refusal has changed nothing."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.callers import PROBLEM, Caller, undone
from tests.factories import (
    PASSWORD,
    PRACTICES,
    SETTINGS,
    UserFactory,
    square,
)
from tests.ledger.projects.test_risk import ANSWERS
from tests.scenes import (
    People,
    people,
)
from tests.things import BID, LOT, OFFER, ORDER, SOON, things

# Numbers, texts and shapes that have broken programs before.
NASTY = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        0.5,
        5.0,
        1e30,
        2**31,
        2**53,
        2**63,
        10**40,
        "",
        " ",
        "5",
        "\x00",
        "\ud800",
        "\u202e",
        "x" * 20_001,
        "𠮷" * 200,
        "%s%(name)s{0}",
        [],
        {},
        [[]],
        {"": None},
        {"__proto__": {}},
    ]
)
Scene = tuple[People, dict[str, Any]]
JSON = st.recursive(
    NASTY | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SHORT = {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}
PLAN = {
    "retained_bps": 1_000,
    "retained_for": "渠道维修",
    "area_bps": 0,
    "equal_bps": 5_000,
    "contribution_bps": 5_000,
    "contributions": [{"code": "1-001", "weight": 5}],
}
CASES = {
    "tokens": ("nobody", {"username": "lin", "password": PASSWORD, "name": "desk"}),
    "users": ("nobody", {"username": "wu", "password": PASSWORD, "display_name": "吴"}),
    "tokens/revoke": ("buyer", {}),
    "members/leave": ("second_treasurer", {}),
    "members/{member}/role": ("buyer", {"role": "trader"}),
    "members/{member}/remove": ("buyer", {}),
    "invitations": ("buyer", {"role": "trader", "note": "小林"}),
    "invitations/accept": ("newcomer", {"secret": "{secret}"}),
    "invitations/{invitation}/withdraw": ("buyer", {}),
    "invitations/{offered}/confirm": ("registrar", {}),
    "role-changes/{role_change}/confirm": ("registrar", {}),
    "role-changes/{role_change}/refuse": ("registrar", {}),
    "organisations": (
        "newcomer",
        {"kind": "buyer", "name": "新", "name_en": "New", "credit_code": "91350100M0001XH5XQ"},
    ),
    "organisations/{applied}/approve": ("registrar", {}),
    "organisations/{approved}/suspend": ("registrar", {}),
    "households": ("cooperative", {"code": "3-017", "name": "陈家"}),
    "households/links": ("cooperative", {}),
    "households/import": ("cooperative", {"csv": "code,name\n9-001,林家\n"}),
    "households/{household}/rename": ("cooperative", {"code": "3-018", "name": "陈家"}),
    "households/{household}/leave": ("cooperative", {}),
    "households/{household}/link": ("cooperative", {}),
    "households/{household}/revoke-link": ("cooperative", {}),
    "notices/read": ("buyer", {"up_to": 5}),
    "notices/{notice}/read": ("buyer", {}),
    "webhooks": (
        "buyer",
        {"url": "https://example.cn/hooks", "events": ["trade.settled", "credits.issued"], "description": "ERP"},
    ),
    "webhooks/{webhook}/change": (
        "buyer",
        {"url": "https://example.cn/hooks", "events": ["order.filled"], "description": "ERP"},
    ),
    "webhooks/{webhook}/rotate": ("buyer", {}),
    "webhooks/{webhook}/pause": ("buyer", {}),
    "webhooks/{paused_webhook}/resume": ("buyer", {}),
    "webhooks/{webhook}/test": ("buyer", {}),
    "webhooks/deliveries/{delivery}/redeliver": ("buyer", {}),
    "projects": (
        "cooperative",
        {
            "name": "稻",
            "place": "福建",
            "province_code": "35",
            "methodology": "rice-water-1",
            "settings": SETTINGS,
            "crediting_starts_on": "2020-01-01",
            "crediting_ends_on": "2029-12-31",
            "description": "",
        },
    ),
    "projects/{draft}/parcels": (
        "cooperative",
        {"code": "N", "name": "新", "geometry": square(900), "practices": PRACTICES},
    ),
    "projects/{draft}/describe": (
        "cooperative",
        {
            "name": "稻",
            "county_code": "350627",
            "starts_on": "2020-03-01",
            "settings": SETTINGS,
            "project_link": "https://example.org/",
            "covered_by_ndc": "inside",
            "co_benefits": ["sdg_2"],
            "labels": [{"name": "CCB", "label_type": "certification", "valid_from": "2021-01-01"}],
            "related_projects": [{"project": "VCS 1", "relationship": "next to it"}],
            "estimations": [{"starts_on": "2020-01-01", "ends_on": "2020-12-31", "quantity_t": 5}],
            "is_listed_elsewhere": True,
            "other_listings": [{"registry": "Verra", "number": "1", "status": "listed"}],
        },
    ),
    "projects/{draft}/baseline": ("cooperative", {"evidence": "records", "parcels": ["P"]}),
    "projects/{draft}/parcels/many": (
        "cooperative",
        {"parcels": [{"code": "M", "geometry": square(901), "practices": PRACTICES, "declared_area_ha": "112"}]},
    ),
    "projects/{draft}/parcels/file": (
        "cooperative",
        {
            "name": "fields.geojson",
            "content": base64.b64encode(json.dumps(square(902)).encode()).decode(),
            "datum": "GCJ-02",
            "converts": True,
            "swaps": False,
            "practices": PRACTICES,
        },
    ),
    "projects/{draft}/parcels/change": (
        "cooperative",
        {"parcel": "P", "code": "Q", "name": "新", "geometry": square(903), "practices": PRACTICES},
    ),
    "projects/{draft}/parcels/remove": ("cooperative", {"parcels": ["P"]}),
    "projects/{draft}/parcels/practices": ("cooperative", {"parcels": ["P"], "practices": PRACTICES}),
    "projects/{draft}/parcels/household": ("cooperative", {"parcels": ["P"], "household_code": "1-001"}),
    "projects/{draft}/submit": ("cooperative", {}),
    "projects/{submitted}/accept": ("verifier", {}),
    "projects/{in_validation}/decline": ("verifier", {"reason": "no people"}),
    "projects/{in_validation}/return": ("verifier", {"reason": "no map"}),
    "projects/{in_validation}/validate": ("verifier", {"statement": "seen"}),
    "projects/{submitted}/reject": ("registrar", {"reason": "no map"}),
    "projects/{validated}/register": ("registrar", {}),
    "projects/{registered}/suspend": ("registrar", {"reason": "drained wrongly"}),
    "projects/{suspended}/resume": ("registrar", {"reason": "set right"}),
    "projects/{submitted}/withdraw": ("cooperative", {"reason": "no longer"}),
    "projects/{registered}/withdrawal": ("cooperative", {"reason": "no longer"}),
    "projects/{asked}/withdrawal/grant": ("registrar", {}),
    "projects/{asked}/withdrawal/refuse": ("registrar", {"reason": "credits are owed"}),
    "projects/{in_validation}/debundling": ("registrar", {"is_one_with_them": False, "reason": "other villages"}),
    "projects/{ending}/renewals": ("cooperative", {"ends_on": "{next_year}", "note": "as before"}),
    "renewals/{renewal}/assess": ("verifier", {"statement": "still so"}),
    "renewals/{assessed}/grant": ("registrar", {}),
    "renewals/{renewal}/refuse": ("registrar", {"reason": "no"}),
    "projects/{submitted}/conflicts": ("verifier", {"nature": "advised", "note": "in 2021"}),
    "conflicts/{conflict}/lift": ("registrar", {"reason": "mistaken"}),
    "projects/{soil}/risks": ("cooperative", {"answers": ANSWERS}),
    "risks/{risk}/confirm": ("verifier", {}),
    "risks/{risk}/refuse": ("verifier", {"reason": "the dyke is broken"}),
    "projects/{registered}/reports": ("cooperative", {"vintage": 2024, "practices": {"P": PRACTICES}}),
    "projects/{registered}/diary": (
        "cooperative",
        {
            "client_uuid": "0a3c1f0e-58a5-4d0b-9d3e-7a0a5a9a6c10",
            "kind": "drainage",
            "parcels": ["P"],
            "happened_on": "2024-05-20",
            "happened_time": "09:30:00",
            "season": "early",
            "content": {"water_level_cm": "-5"},
            "note": "",
            "place": {"latitude": "24.5", "longitude": "117.1", "accuracy_m": 12},
        },
    ),
    "projects/{kept_diary}/diary/report": ("cooperative", {"vintage": 2024}),
    "projects/{registered}/diary/{diary_entry}/withdraw": ("cooperative", {"reason": "wrong field"}),
    "documents/{document}/publish": ("cooperative", {}),
    "documents/{document}/withdraw": ("cooperative", {"reason": "wrong file"}),
    "reports/{report_draft}/practices": ("cooperative", {"practices": {"P": PRACTICES}}),
    "reports/{report_draft}/submit": ("cooperative", {"verifier": "{verifier}"}),
    "reports/{report_draft}/discard": ("cooperative", {}),
    "reports/{handed_in}/assign": ("registrar", {"verifier": "{other_verifier}", "reason": "too slow"}),
    "reports/{handed_in}/accept": ("verifier", {}),
    "reports/{handed_in}/decline": ("verifier", {"reason": "no time"}),
    "reports/{unverified}/findings": ("verifier", {"kind": "clarification", "text": "why?"}),
    "findings/{finding}/answer": ("cooperative", {"answer": "so"}),
    "findings/{finding}/close": ("verifier", {"note": "good"}),
    "findings/{answered}/reopen": ("verifier", {"reason": "not so"}),
    "reports/{examined}/correct": ("cooperative", {"practices": {"P": SHORT}}),
    "reports/{unverified}/verify": ("verifier", {"statement": "seen"}),
    "reports/{unverified}/reject": ("verifier", {"reason": "no diary"}),
    "reports/{verified}/approve": ("registrar", {}),
    "reports/{report}/issue": ("registrar", {"quantity_t": 5}),
    "retirements": (
        "cooperative",
        {
            "batch": "{batch}",
            "quantity_t": 1,
            "beneficiary_name": "乙",
            "purpose": "event",
            "is_beneficiary_public": False,
            "note": "n",
            "beneficiary_place": "p",
            "period_starts_on": "2023-01-01",
            "period_ends_on": "2023-12-31",
            "first_serial": "30",
        },
    ),
    "credit-transfers": (
        "cooperative",
        {
            "batch": "{batch}",
            "recipient": "{approved}",
            "quantity_t": 1,
            "ground": "contract",
            "price_fen": 4_000,
            "note": "n",
        },
    ),
    "credit-transfers/{transfer}/accept": ("buyer", {}),
    "credit-transfers/{transfer}/decline": ("buyer", {}),
    "credit-transfers/{transfer}/withdraw": ("cooperative", {}),
    "cancellations": ("cooperative", {"batch": "{batch}", "quantity_t": 1, "reason": "no_claim", "first_serial": "40"}),
    "cancellation-orders": (
        "registrar",
        {
            "batch": "{batch}",
            "organisation": "{seller}",
            "quantity_t": 1,
            "reason": "mistake",
            "note": "n",
            "first_serial": "50",
        },
    ),
    "cancellation-orders/{cancellation_order}/confirm": ("registrar", {}),
    "cancellation-orders/{cancellation_order}/refuse": ("registrar", {}),
    "reversals": (
        "cooperative",
        {
            "project": "{lossy}",
            "happened_on": "2025-06-01",
            "discovered_on": "2025-07-01",
            "cause": "over_issuance",
            "is_intentional": False,
            "description": "d",
            "loss_t": 1,
        },
    ),
    "reversals/{reversal}/confirm": ("registrar", {"due_on": SOON[:10]}),
    "reversals/{reversal}/refuse": ("registrar", {"reason": "none"}),
    "reversals/{owed}/replenish": ("cooperative", {"batch": "{batch}", "quantity_t": 1, "first_serial": "60"}),
    "payments/deposits": ("treasurer", {"organisation": "{approved}", "amount_fen": 5, "bank_reference": "B-9"}),
    "payments/withdrawals": ("buyer", {"amount_fen": 5}),
    "payments/{payment}/confirm": ("second_treasurer", {"bank_reference": "B-8"}),
    "payments/{payment}/refuse": ("second_treasurer", {}),
    "bank-accounts": (
        "treasurer",
        {"organisation": "{approved}", "bank": "福建农村信用社", "number": "9000 0000 0000 0066"},
    ),
    "bank-accounts/{bank_account}/confirm": ("second_treasurer", {}),
    "bank-accounts/{bank_account}/refuse": ("second_treasurer", {}),
    "sharing-plans": ("cooperative", {**PLAN, "effective_from": "2099-01-01T00:00:00Z", "is_public": True}),
    "sharing-plans/preview": ("cooperative", {**PLAN, "project": None, "statement": "s"}),
    "payouts": ("cooperative", {}),
    "payouts/{payout}/confirm": ("treasurer", {"bank_reference": "B-7"}),
    "payouts/{payout}/refuse": ("treasurer", {}),
    "corrections": ("treasurer", {"transaction": "{wrong}", "reason": "twice"}),
    "corrections/{correction}/confirm": ("second_treasurer", {}),
    "corrections/{correction}/refuse": ("second_treasurer", {}),
    "markets": (
        "registrar",
        {
            "asset": "{other_batch}",
            "symbol": "NEW",
            "reference_price_fen": 4_000,
            "tick_size_fen": 1,
            "lot_size_t": 1,
            "band_percent": 10,
            "maker_fee_bps": 0,
            "taker_fee_bps": 5,
            "sessions": [{"pre_open": "09:15", "open": "09:30", "closing": "14:57", "close": "15:00"}],
            "volatility_percent": 5,
            "volatility_minutes": 3,
            "largest_order_t": 1_000,
            "block_band_percent": 30,
            "block_minimum_t": 10,
        },
    ),
    "markets/{batch}/rules": ("registrar", {"band_percent": 5, "reason": "calmer"}),
    "market-changes/{market_change}/confirm": ("registrar", {}),
    "market-changes/{market_change}/refuse": ("registrar", {}),
    "markets/{batch}/halt": ("registrar", {"reason": "maintenance"}),
    "markets/{batch}/resume": ("registrar", {"auction_minutes": 5}),
    "orders": ("buyer", {"market": "{batch}", **ORDER}),
    "orders/preview": ("buyer", {"market": "{batch}", **ORDER}),
    "orders/batch": ("buyer", {"market": "{batch}", "orders": [ORDER, ORDER | {"client_order_id": "a-2"}]}),
    "streams/ticket": ("buyer", {}),
    "orders/cancel": ("buyer", {"market": "{batch}", "side": "buy"}),
    "orders/{order}/replace": ("buyer", {"quantity_t": 2, "price_fen": 3_900}),
    "orders/{order}/cancel": ("buyer", {}),
    "blocks": ("buyer", {"market": "{batch}", "counterparty": "{seller}", "side": "buy", **OFFER}),
    "blocks/{offer}/accept": ("cooperative", {}),
    "blocks/{offer}/counter": ("cooperative", OFFER),
    "blocks/{offer}/decline": ("cooperative", {}),
    "blocks/{offer}/withdraw": ("buyer", {}),
    "auctions": ("cooperative", {"market": "{batch}", **LOT}),
    "auctions/{auction}/bids": ("buyer", BID),
    "auctions/{auction}/cancel": ("registrar", {"reason": "disputed"}),
    "bids/{bid}/withdraw": ("buyer", {}),
}


# What takes a form with a file, not JSON: tests/ledger/api/test_documents.py throws at it.
FORMS = ["projects/<code:code>/documents"]


@pytest.fixture(scope="module")
def _scene_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """Bring everything about once, in a transaction that all tests share and none changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        who = people()
        yield who, things(who)
        transaction.set_rollback(True)


@pytest.fixture
def scene(_scene_once: Scene, db: None) -> Scene:
    """Return one person for each door, and the things of CASES by their names; what a test does to them is undone."""
    return _scene_once


def fill(value: Any, names: dict[str, Any]) -> Any:
    """Return a body with the names in it replaced by what they name."""
    if isinstance(value, str) and value.startswith("{"):
        named = names[value.strip("{}")]
        return named if isinstance(named, int) else str(named)
    if isinstance(value, dict):
        return {key: fill(item, names) for key, item in value.items()}
    return value


def changed(body: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return bodies that are the good one with a thing or two wrong, or nothing like it."""
    fields = st.sampled_from([*body, "extra"])
    wrong = st.dictionaries(fields, JSON, min_size=1, max_size=2).map(lambda changes: body | changes)
    short = fields.map(lambda left_out: {key: value for key, value in body.items() if key != left_out})
    return wrong | wrong | short | JSON


def fingerprint() -> Any:
    """Return what tells whether any row of the database is another."""
    tables = sorted(connection.introspection.table_names())
    parts = [
        f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(row::text, 0)::numeric), 0) FROM {table} AS row"
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        # The parts are counted side by side, and come as they are done.
        return sorted(cursor.fetchall())


def touched() -> int:
    """Return how many rows this transaction has written or deleted until now, also what it took back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0] or 0)


@pytest.mark.parametrize("path", CASES)
def test_nothing_that_is_sent_breaks_anything(scene: Scene, path: str) -> None:
    who, names = scene
    person, template = CASES[path]
    body = fill(template, names)
    address = "/" + path.format(**names)
    caller = Caller({"nobody": None, "newcomer": UserFactory()}.get(person) or getattr(who, person, None))

    @EXAMPLES
    @given(sent=changed(body))
    def throw(sent: Any) -> None:
        with undone():
            touched_before = touched()
            answer = caller.send(address, sent) if sent is not None else caller.send(address, [None])
            assert answer.status_code < 500, answer.content
            if answer.status_code >= 400:
                assert answer["content-type"] == PROBLEM
                assert {"type", "title", "status", "code", "detail"} <= answer.json().keys()
                # Only where a row was touched may one be another: all are read only then.
                assert touched() == touched_before or fingerprint() == before

    before = fingerprint()
    with undone():
        good = caller.send(address, body)
        assert good.status_code < 300, good.content
    throw()


def test_every_operation_that_takes_a_body_is_thrown_at() -> None:
    resolvers = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/v1/"]
    posts = [
        str(pattern.pattern)
        for resolver in resolvers
        for pattern in resolver.url_patterns
        if "post" in pattern.callback.actions
    ]
    assert len(posts) == len(CASES) + len(FORMS)
