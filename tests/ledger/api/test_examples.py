"""The examples in the schema are requests that were really sent, and what they were really answered.

`EXAMPLES=write .venv/bin/python -m pytest -q tests/ledger/api/test_examples.py` records them anew, to ledger/api/examples/.
They need not be fresh to the byte: that they are what the schema says is tested each time.
"""

import datetime as dt
import hashlib
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver
from django.utils import timezone, translation

from config.run import BASE_DIR
from ledger.api.schema import EXAMPLES
from ledger.models import (
    Account,
    Distribution,
    Record,
    ReferenceCredit,
    ReferenceImport,
    ReferenceProject,
    RegistryDump,
    Renewal,
    RiskAssessment,
)
from ledger.registry.totals import refresh_totals
from ledger.transparency.sequencer import sequence_log
from tests.callers import Caller, undone
from tests.factories import HouseholdFactory, UserFactory
from tests.files import pdf
from tests.ledger.api import test_fuzz
from tests.ledger.api.test_fuzz import CASES, Scene, fill
from tests.watched import day_of, round_trip
from trading.execution.services import execute_market
from trading.models import Market, Trade
from trading.surveillance.services import declare_relation

# The fixtures of the other module.
_scene_once, scene = test_fuzz._scene_once, test_fuzz.scene
WRITES = os.environ.get("EXAMPLES") == "write"
METHODS = ("get", "post", "delete", "put", "patch")
MOST_SHOWN = 1
MOST_CHARACTERS = 400
# Who asks, where it is not the auditor, who reads everything; {…} are names of tests/ledger/api/test_fuzz.py, or of `more`.
READERS = {
    "list_orders": "buyer",
    "get_order": "buyer",
    "list_trades": "buyer",
    "list_offers": "buyer",
    "get_offer": "buyer",
    "list_bids": "buyer",
    "get_bid": "buyer",
    "preview_report": "cooperative",
    "get_report_practices": "cooperative",
    "list_tokens": "buyer",
    "revoke_token": "buyer",
    "get_me": "buyer",
    "get_portfolio": "buyer",
    "list_positions": "buyer",
    "list_holds": "buyer",
    "list_members": "buyer",
    "list_invitations": "buyer",
    "list_role_changes": "registrar",
    "list_notices": "buyer",
    "list_tasks": "cooperative",
    "list_webhooks": "buyer",
    "get_webhook": "buyer",
    "list_webhook_deliveries": "buyer",
    "get_webhook_delivery": "buyer",
    "remove_webhook": "buyer",
}
PLACES: dict[str, str] = {
    "account_id": "account",
    "auction_id": "auction",
    "bank_account_id": "bank_account",
    "bid_id": "bid",
    "code": "registered",
    "distribution_id": "distribution",
    "methodology_id": "methodology",
    "offer_id": "offer",
    "order_id": "order",
    "payout_id": "payout",
    "record_id": "record",
    "report_id": "examined",
    "serial": "serial",
    "delivery_id": "delivery",
    "symbol": "batch",
    "token_id": "token",
    "alert_id": "alert",
}
OF_OPERATION = {
    "get_candles": {"symbol": "traded"},
    "list_market_trades": {"symbol": "traded"},
    "get_batch": {"code": "batch"},
    "list_risks": {"code": "stated"},
    "list_reports": {"code": "reporting"},
    "get_debundling": {"code": "in_validation"},
    "list_renewals": {"code": "renewed"},
    "list_conflicts": {"code": "asked"},
    "get_document": {"public_id": "document"},
    "get_document_content": {"public_id": "document"},
    "get_retirement": {"public_id": "retirement"},
    "get_certificate": {"public_id": "retirement"},
    "get_retirement_evidence": {"public_id": "retirement"},
    "get_cancellation": {"public_id": "cancellation"},
    "get_cancellation_statement": {"public_id": "cancellation"},
    "get_credit_transfer": {"public_id": "transfer"},
    "get_reversal": {"public_id": "reversal"},
    "get_webhook": {"public_id": "webhook"},
    "list_webhook_deliveries": {"public_id": "webhook"},
    "remove_webhook": {"public_id": "webhook"},
    "get_household": {"public_id": "household"},
    "preview_report": {"report_id": "report_draft"},
    "get_report_practices": {"report_id": "report_draft"},
}
QUERIES = {"get_consistency": "first=1&second=2", "get_inclusion": "index=0"}
# What takes a form with a file: `_add_document` records it.
NOT_RECORDED = {"add_document"}


def operations() -> list[tuple[str, str, str]]:
    """Return each operation: its id, its method, and its address as a template."""
    found = []
    for resolver in get_resolver().url_patterns:
        if str(resolver.pattern) != "api/v1/":
            continue
        for pattern in resolver.url_patterns:
            for method, action in pattern.callback.actions.items():
                if method != "head":
                    found.append((action, method, str(pattern.pattern)))
    return sorted(set(found))


def short(value: Any) -> Any:
    """Return an answer as an example shows it: of long lists the first, of long texts the beginning."""
    if isinstance(value, dict):
        return {name: short(item) for name, item in value.items()}
    if isinstance(value, list):
        is_numbers = all(isinstance(item, int | float) for item in value)
        return [short(item) for item in value[: 4 if is_numbers else MOST_SHOWN]]
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return value[:MOST_CHARACTERS] + "…"
    return value


def more(scene: Scene) -> dict[str, Any]:
    """Return further things by name, brought about for the reads."""
    who, names = scene
    code = names["batch"]
    execute_market(Market.objects.get(symbol=code).pk)
    caller = Caller(who.cooperative)
    use = {"batch": code, "quantity_t": 3, "beneficiary_name": "闽江纸业", "purpose": "own_footprint"}
    retired = caller.send("/retirements", use).json()["id"]
    cancelled = caller.send("/cancellations", {"batch": code, "quantity_t": 1, "reason": "no_claim"}).json()["id"]
    now = timezone.now()
    HouseholdFactory(cooperative=who.cooperative.organisation, code="2-002")
    RegistryDump.objects.create(
        name="tianhui-20240701.zip",
        dated_on=dt.date(2024, 7, 1),
        sha256=hashlib.sha256(b"").hexdigest(),
        size_bytes=48_213,
        row_counts={"projects": 12, "units": 340},
        made_at=now,
    )
    source = ReferenceImport.objects.create(
        kind="projects", file_name="projects.csv", sha256=hashlib.sha256(b"").hexdigest(), size_bytes=9, created_at=now
    )
    other = ReferenceProject.objects.create(
        project_id="VCS1", name="Rice in Anhui", registry="verra", country="China", source=source
    )
    ReferenceCredit.objects.create(
        project=other, quantity_t=100, vintage=2020, transaction_type="issuance", occurrence=1, source=source
    )
    declare_relation(
        actor=who.registrar,
        one=who.buyer.organisation,
        other=who.other_buyer.organisation,
        kind="shareholder",
        reason="Filing of 2024.",
    )
    day = day_of(who)
    round_trip(day)
    (alert, *_others) = day.judge("round_trip")
    sequence_log()
    refresh_totals(always=True)
    return {
        "alert": alert.pk,
        "traded": Trade.objects.latest("id").market.symbol,
        "retirement": retired,
        "cancellation": cancelled,
        "account": Account.objects.filter(asset__code=code, organisation=who.cooperative.organisation).get().pk,
        "distribution": Distribution.objects.latest("id").pk,
        "record": Record.objects.earliest("id").pk,
        "serial": "12",
        "methodology": "rice-water-1",
        "stated": RiskAssessment.objects.latest("id").project.code,
        "reporting": names["registered"],
        "renewed": Renewal.objects.latest("id").project.code,
        "token": Caller(who.buyer).ask("/tokens").json()["results"][0]["id"],
    }


def _person(scene: Scene, name: str) -> Any:
    who, _names = scene
    return {"nobody": None, "newcomer": UserFactory()}.get(name) or getattr(who, name, None)


def _record_write(scene: Scene, path: str) -> tuple[Any, Any]:
    _who, names = scene
    person, template = CASES[path]
    body = fill(template, names)
    with undone():
        answer = Caller(_person(scene, person)).send("/" + path.format(**names), body)
    return body, answer


def _record_read(scene: Scene, named: dict[str, Any], operation: str, method: str, pattern: str) -> Any:
    path = pattern
    for part in [part for part in pattern.split("/") if "<" in part]:
        inside = part[part.index("<") + 1 : part.index(">")]
        name = inside.split(":")[-1]
        place = OF_OPERATION.get(operation, {}).get(name, PLACES.get(name, name))
        path = path.replace(f"<{inside}>", str(named[place]))
    query = QUERIES.get(operation, "")
    caller = Caller(_person(scene, READERS.get(operation, "auditor")))
    with undone():
        return getattr(caller, method)(f"/api/v1/{path}{'?' if query else ''}{query}")


def _cases_by_operation() -> dict[str, str]:
    """Return the address of CASES that belongs to each operation."""
    found = {}
    for action, method, pattern in operations():
        if method == "post":
            wanted = [("*" if "<" in part else part) for part in pattern.split("/")]
            for path in CASES:
                if [("*" if "{" in part else part) for part in path.split("/")] == wanted:
                    found[action] = path
    return found


@pytest.mark.skipif(not WRITES, reason="EXAMPLES=write records them")
def test_write_the_examples(scene: Scene) -> None:
    cases, recorded = _cases_by_operation(), {}
    with translation.override("en"), undone():
        named = scene[1] | more(scene)
        for action, method, pattern in operations():
            if action in NOT_RECORDED:
                continue
            if action in cases:
                body, answer = _record_write(scene, cases[action])
                sent = {"request": short(json.loads(json.dumps(body, default=str)))}
            else:
                sent = {}
                answer = _record_read(scene, named, action, method, pattern)
            assert answer.status_code < 300, (action, answer.content)
            is_json = answer.get("content-type", "") == "application/json" and answer.content
            shown = {"answer": short(answer.json())} if is_json else {}
            recorded[action] = {**sent, "status": answer.status_code, **shown}
        recorded["add_document"] = _add_document(scene)
    _write(recorded)


def _add_document(scene: Scene) -> dict[str, Any]:
    who, names = scene
    fields = {"kind": "contract", "title": "流转合同"}
    form = {**fields, "file": SimpleUploadedFile("contract.pdf", pdf())}
    answer = Caller(who.cooperative).post(f"/api/v1/projects/{names['registered']}/documents", form)
    assert answer.status_code == 201, answer.content
    return {"request": {**fields, "file": "contract.pdf"}, "status": 201, "answer": answer.json()}


def _write(recorded: dict[str, Any]) -> None:
    tags: dict[str, str] = {}
    for resolver in get_resolver().url_patterns:
        if str(resolver.pattern) == "api/v1/":
            for pattern in resolver.url_patterns:
                tags |= dict.fromkeys(pattern.callback.actions.values(), pattern.callback.cls.tag)
    by_tag: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for action, example in recorded.items():
        by_tag[tags[action]][action] = example
    EXAMPLES.mkdir(exist_ok=True)
    for old in EXAMPLES.glob("*.json"):
        old.unlink()
    for tag, examples in by_tag.items():
        text = json.dumps(examples, ensure_ascii=False, indent=1, sort_keys=True)
        (EXAMPLES / f"{tag}.json").write_text(text + "\n", encoding="utf-8")


def _validator(schema: dict[str, Any], part: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**part, "components": schema["components"]})


def test_every_example_is_what_the_schema_says(api_schema: dict[str, Any]) -> None:
    wrong = []
    for path, methods in api_schema["paths"].items():
        for operation in methods.values():
            for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
                content = body.get("content", {}).get("application/json", {})
                for example in content.get("examples", {}).values():
                    for error in _validator(api_schema, content["schema"]).iter_errors(example["value"]):
                        wrong.append((path, error.json_path, error.message[:200]))
    assert not wrong


def test_every_operation_has_an_example_of_what_it_takes_and_answers(api_schema: dict[str, Any]) -> None:
    without = []
    for methods in api_schema["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            contents = list(operation.get("requestBody", {}).get("content", {}).items())
            for status, answer in operation["responses"].items():
                contents += answer.get("content", {}).items() if status < "300" else ()
            for kind, content in contents:
                is_empty = content["schema"].get("$ref", "").endswith("/Nothing")
                if "json" in kind and "examples" not in content and not is_empty and kind != "application/geo+json":
                    without.append((name, kind))
    assert not without, "EXAMPLES=write records them"


def test_no_example_is_of_an_operation_that_is_gone() -> None:
    known = {action for action, _method, _pattern in operations()}
    recorded = {name for path in EXAMPLES.glob("*.json") for name in json.loads(path.read_text(encoding="utf-8"))}
    assert recorded <= known
    assert Path(BASE_DIR / "ledger").is_dir()
