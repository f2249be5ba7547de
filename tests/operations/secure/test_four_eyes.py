"""Four eyes: the table of docs/four-eyes.md is what the desk and the API have, and what it says of two people holds."""

import re
from pathlib import Path

import pytest
from django.contrib import admin
from django.db import IntegrityError, connection, transaction

from ledger.admin.base import ViewOnlyAdmin
from ledger.errors import NotAllowed, SamePerson, WrongState
from ledger.models import Record
from tests.database import as_owner
from tests.factories import MembershipFactory
from tests.ledger.api.test_fuzz import CASES
from tests.racing import race
from tests.scenes import issue_to_cooperative, market_for
from trading.execution.services import execute_market
from trading.models import Instruction, MarketChange
from trading.orders.changes import confirm_market_change, propose_market_change, refuse_market_change

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "four-eyes.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENT.splitlines()
    if re.match(r"\| [a-z]+/[a-z-]+ \|", line)
]
HOW = {"two", "other side", "first of two", "one"}
OPERATORS = ("registrar", "treasurer", "second_treasurer")
# What operators send in the fuzzing cases though others may as well, and what only reads, refuses or is a person's own.
EVERYBODYS = re.compile(
    r"refuse|reject|return|decline|preview|members|invitations|tokens|password|role-changes|notices|webhooks"
)


def test_every_step_of_the_desk_is_in_the_table_and_no_other():
    steps = {
        f"{model._meta.model_name}/{action.name}"
        for model, table in admin.site._registry.items()
        if isinstance(table, ViewOnlyAdmin)
        for action in (*table.list_actions, *table.object_actions)
    }
    assert {row[0] for row in ROWS} == steps


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_says_how_many_people_why_and_where_it_is_tested(row):
    _step, how, why, service, tested = row
    assert how in HOW
    assert why or how in ("first of two", "two", "other side")
    assert re.fullmatch(r"`\w+`", service)
    assert (ROOT / tested).exists(), tested


def test_what_two_people_do_names_its_maker_at_the_desk():
    """Who made it does not find the step: the service refuses them as well."""
    by_name = {
        f"{model._meta.model_name}/{action.name}": action
        for model, table in admin.site._registry.items()
        if isinstance(table, ViewOnlyAdmin)
        for action in (*table.list_actions, *table.object_actions)
    }
    without = [row[0] for row in ROWS if row[1] == "two" and not by_name[row[0]].makers]
    assert without == []


def test_every_address_by_which_the_operator_changes_something_is_named():
    ours = {path for path, (person, _body) in CASES.items() if person in OPERATORS and not EVERYBODYS.search(path)}
    services = {row[3].strip("`") for row in ROWS}
    unnamed = [path for path in sorted(ours) if f"`{path}`" not in DOCUMENT and not _has_service(path, services)]
    assert unnamed == []


def _has_service(path: str, services: set[str]) -> bool:
    """Return whether an address does by its last word what a service of the table does."""
    word = path.rsplit("/", 1)[-1].replace("-", "_")
    noun = path.split("/", 1)[0].rstrip("s").split("-")[0]
    return any(service.startswith(word) or (word in service and noun in service) for service in services)


@pytest.fixture
def market(who):
    return market_for(who, issue_to_cooperative(who, 10))


@pytest.fixture
def second(who):
    return MembershipFactory(organisation=who.registrar.organisation, role="registrar")


def propose(actor, market, **rules):
    return propose_market_change(
        actor=actor, market_id=market.pk, reason="As announced.", **(rules or {"band_percent": 5})
    )


def test_other_rules_of_a_market_wait_for_a_second_person(who, market, second):
    change = propose(who.registrar, market, taker_fee_bps=20, maker_fee_bps=10)
    with pytest.raises(SamePerson):
        confirm_market_change(actor=who.registrar, change_id=change.pk)
    execute_market(market.pk)
    market.refresh_from_db()
    assert market.taker_fee_bps == 0
    confirm_market_change(actor=second, change_id=change.pk)
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.maker_fee_bps, market.taker_fee_bps) == (10, 20)
    kinds = list(Record.objects.filter(kind__startswith="market_change").order_by("id").values_list("kind", flat=True))
    assert kinds == ["market_change_proposed", "market_change_confirmed", "market_change_ordered", "market_changed"]


def test_an_owner_of_the_operator_may_confirm_and_nobody_else(who, market):
    change = propose(who.registrar, market)
    for person in (who.treasurer, who.cooperative, who.buyer, who.verifier, who.auditor):
        with pytest.raises(NotAllowed):
            confirm_market_change(actor=person, change_id=change.pk)
        with pytest.raises(NotAllowed):
            propose(person, market)
    owner = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    assert confirm_market_change(actor=owner, change_id=change.pk).state == "confirmed"


def test_one_change_of_a_market_waits_at_a_time_and_its_proposer_takes_it_back(who, market, second):
    change = propose(who.registrar, market)
    with pytest.raises(WrongState):
        propose(second, market, band_percent=7)
    refuse_market_change(actor=who.registrar, change_id=change.pk)
    with pytest.raises(WrongState):
        confirm_market_change(actor=second, change_id=change.pk)
    propose(second, market, band_percent=7)
    assert not Instruction.objects.exists()


def test_the_database_refuses_one_person_for_both(who, market):
    change = propose(who.registrar, market)
    sql = "UPDATE trading_marketchange SET state = 'confirmed', decided_by_id = proposed_by_id, decided_at = now() WHERE id = %s"
    with as_owner(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [change.pk])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_one_moment_one_is_refused(who, market, second):
    change = propose(who.registrar, market)
    outcomes = race(
        lambda: confirm_market_change(actor=second, change_id=change.pk),
        lambda: refuse_market_change(actor=who.registrar, change_id=change.pk),
    )
    assert sum(isinstance(each, WrongState) for each in outcomes) == 1
    assert Instruction.objects.count() == (MarketChange.objects.get().state == "confirmed")


def test_no_command_of_the_server_makes_an_account_but_the_demo_s():
    """Who sits at the server could be several people at once: the operator's first one comes by a code (first_operator)."""
    folders = [ROOT / app / "management" / "commands" for app in ("ledger", "trading")]
    making = re.compile(r"register_user|create_user|createsuperuser|User\.objects\.create|Membership\.objects\.create")
    found = {path.stem for folder in folders for path in folder.glob("*.py") if making.search(path.read_text())}
    assert found <= {"seed_demo", "seed_large"}
