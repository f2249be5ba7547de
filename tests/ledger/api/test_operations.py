"""Operations that bring to the API what pages could do alone, and what lists are narrowed by."""

import datetime as dt

import pytest
from django.utils import timezone

from ledger.models import MonitoringReport, Parcel, RegistryDump
from tests.callers import Caller, is_problem, statuses
from tests.factories import HouseholdFactory, ParcelFactory, ProjectFactory, square
from tests.scenes import People, issue_to_cooperative, market_for, pay_in, sell


@pytest.fixture
def draft(who: People) -> str:
    project = ProjectFactory(proponent=who.cooperative.organisation, status="draft")
    ParcelFactory(project=project, code="A")
    ParcelFactory(project=project, code="B")
    return str(project.code)


def test_fields_of_a_draft_are_changed_and_taken_out(who: People, draft: str) -> None:
    caller, path = Caller(who.cooperative), f"/projects/{draft}/parcels"
    practices = Parcel.objects.get(code="A").practices
    new = {"parcel": "A", "code": "C", "name": "上坂", "geometry": square(77), "practices": practices}
    changed = caller.send(f"{path}/change", new)
    assert changed.status_code == 200, changed.content
    assert changed.json()["parcels"][0]["code"] == "C"
    assert is_problem(caller.send(f"{path}/change", new), 422, "invalid_value", "/parcel")
    assert is_problem(caller.send(f"{path}/remove", {"parcels": ["C", "X"]}), 422, "invalid_value", "/parcels")
    assert caller.send(f"{path}/remove", {"parcels": ["C"]}).json() == {"changed": 1}
    assert list(Parcel.objects.values_list("code", flat=True)) == ["B"]


def test_many_fields_get_the_same_practices_and_a_household(who: People, draft: str) -> None:
    caller, path = Caller(who.cooperative), f"/projects/{draft}/parcels"
    household = HouseholdFactory(cooperative=who.cooperative.organisation, code="1-001")
    given = {"parcels": ["A", "B", "A"], "practices": Parcel.objects.get(code="A").practices}
    assert caller.send(f"{path}/practices", given).json() == {"changed": 2}
    assert caller.send(f"{path}/household", {"parcels": ["A"], "household_code": "1-001"}).json() == {"changed": 1}
    assert Parcel.objects.get(code="A").household == household
    assert caller.send(f"{path}/household", {"parcels": ["A"], "household_code": ""}).json() == {"changed": 1}
    assert Parcel.objects.get(code="A").household is None


@pytest.mark.parametrize(
    ("what", "body"),
    [("remove", {}), ("practices", {"practices": {}}), ("household", {"household_code": ""})],
)
def test_only_its_cooperative_touches_the_fields_of_a_draft(
    who: People, draft: str, what: str, body: dict[str, object]
) -> None:
    found = statuses(who, "POST", f"/projects/{draft}/parcels/{what}", {"parcels": ["A"], **body})
    assert {name: status for name, status in found.items() if name != "cooperative"} == {
        "buyer": 404,
        "verifier": 404,
        "registrar": 403,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }


def test_the_diary_of_a_year_is_taken_over_into_a_draft(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation)
    parcel = ParcelFactory(project=project, code="P")
    caller, path = Caller(who.cooperative), f"/projects/{project.code}/diary"
    assert is_problem(caller.send(f"{path}/report", {"vintage": 2024}), 422, "invalid_value", "/vintage")
    for number, (kind, day, content) in enumerate(
        [
            ("planting", "2024-04-01", {"method": "transplanting"}),
            ("drainage", "2024-05-01", {}),
            ("harvest", "2024-07-22", {"yield_t_per_ha": "7"}),
        ]
    ):
        entry = {"client_uuid": f"0a3c1f0e-58a5-4d0b-9d3e-7a0a5a9a6c1{number}", "kind": kind, "content": content}
        wrote = caller.send(path, {**entry, "parcels": [parcel.code], "happened_on": day})
        assert wrote.status_code == 201, wrote.content
    taken = caller.send(f"{path}/report", {"vintage": 2024})
    assert taken.status_code == 201, taken.content
    again = caller.send(f"{path}/report", {"vintage": 2024})
    assert taken.json()["report"] == again.json()["report"] == MonitoringReport.objects.get().pk
    assert taken.json()["parcels"] == 1
    assert is_problem(Caller(who.auditor).send(f"{path}/report", {"vintage": 2024}), 403, "not_allowed")
    assert is_problem(Caller(who.buyer).send(f"{path}/report", {"vintage": 2024}), 403, "not_allowed")


def test_links_are_made_for_all_households_that_have_none(who: People) -> None:
    household = HouseholdFactory(cooperative=who.cooperative.organisation, code="1-001")
    caller = Caller(who.cooperative)
    made = caller.send("/households/links")
    assert [one["household"] for one in made.json()["links"]] == [str(household.public_id)]
    assert made["cache-control"] == "no-store"
    assert caller.send("/households/links").json() == {"links": []}
    assert caller.ask(f"/households/{household.public_id}").json()["has_link"] is True
    assert is_problem(Caller(who.buyer).ask(f"/households/{household.public_id}"), 404, "not_found")
    assert is_problem(Caller(who.buyer).send("/households/links"), 403, "not_allowed")


def test_papers_are_had_with_a_token(who: People) -> None:
    batch = issue_to_cooperative(who, 100)
    caller = Caller(who.cooperative)
    body = {"batch": batch.asset.code, "quantity_t": 3, "beneficiary_name": "乙", "purpose": "event"}
    retired = caller.send("/retirements", body).json()["id"]
    cancelled = caller.send("/cancellations", {"batch": batch.asset.code, "quantity_t": 1, "reason": "no_claim"}).json()
    account = caller.ask("/accounts", asset=batch.asset.code).json()["results"][0]["id"]
    for path in (
        f"/retirements/{retired}/certificate.pdf",
        f"/cancellations/{cancelled['id']}/statement.pdf",
        f"/accounts/{account}/statement.pdf",
    ):
        paper = caller.ask(path)
        assert paper["content-type"] == "application/pdf", paper.content
        assert paper.content.startswith(b"%PDF-")
        assert "attachment" in paper["content-disposition"]
    assert is_problem(Caller(who.buyer).ask(f"/accounts/{account}/statement.pdf"), 404, "not_found")
    assert Caller().ask(f"/retirements/{retired}/certificate.pdf").status_code == 200


def test_the_publics_sums_and_dumps_are_there(db: None) -> None:
    RegistryDump.objects.create(
        name="d.zip", dated_on=dt.date(2024, 1, 1), sha256="0" * 64, size_bytes=5, made_at=timezone.now()
    )
    assert Caller().ask("/dumps").json()["results"][0]["address"] == "/downloads/dumps/d.zip"
    totals = Caller().ask("/carbon-totals", province="35")
    assert totals.json() == {"computed_at": None, "totals": []}
    assert totals["cache-control"] == "public, max-age=60"


def test_lists_are_read_from_either_end(who: People) -> None:
    caller = Caller(who.cooperative)
    for code in ("1", "2", "3"):
        caller.send("/households", {"code": code, "name": "家"})
    first = caller.ask("/households", order="oldest", page_size=2).json()
    assert [one["code"] for one in first["results"]] == ["1", "2"]
    rest = caller.get(first["next"]).json()
    assert [one["code"] for one in rest["results"]] == ["3"]
    newest = caller.ask("/households", order="newest").json()["results"]
    assert [one["code"] for one in newest] == ["3", "2", "1"]
    assert is_problem(caller.ask("/households", order="name"), 400, "invalid_input", "/order")


def test_what_happened_is_found_by_when_and_what(who: People) -> None:
    pay_in(who, who.buyer, 1_000_000)
    market = market_for(who, issue_to_cooperative(who, 100))
    sell(who, market, 1)
    buyer, now = Caller(who.buyer), timezone.now()
    hour_ago, soon = (now - dt.timedelta(hours=1)).isoformat(), (now + dt.timedelta(hours=1)).isoformat()
    for path, query in (
        ("/trades", {"market": market.symbol, "side": "buy"}),
        ("/orders", {"side": "buy", "status": "filled"}),
        (f"/markets/{market.symbol}/trades", {}),
        ("/payments", {"direction": "deposit", "status": "posted"}),
    ):
        within = buyer.ask(path, **query, **{"from": hour_ago, "to": soon}).json()["results"]
        assert within, path
        assert buyer.ask(path, **query, to=hour_ago).json()["results"] == [], path
        assert buyer.ask(path, **query, **{"from": soon}).json()["results"] == [], path
        backwards = buyer.ask(path, **{"from": soon, "to": hour_ago})
        assert is_problem(backwards, 400, "invalid_input", "/to"), path
    assert buyer.ask("/trades", side="sell").json()["results"] == []
    assert buyer.ask("/payments", direction="withdrawal").json()["results"] == []
    cash = next(one for one in buyer.ask("/accounts", kind="cash").json()["results"])
    moved = buyer.ask(f"/accounts/{cash['id']}/transfers", kind="deposit").json()["results"]
    assert [one["kind"] for one in moved] == ["deposit"]


def test_a_query_that_an_operation_does_not_read_is_refused(who: People) -> None:
    caller = Caller(who.buyer)
    assert is_problem(caller.ask("/me", verbose="1"), 400, "invalid_input", "/verbose")
    dry = caller.post("/api/v1/payments/withdrawals?dry_run=true", {"amount_fen": 5}, content_type="application/json")
    assert is_problem(dry, 400, "invalid_input", "/dry_run")
