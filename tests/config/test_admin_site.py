"""The desk as a whole: who gets in, what can be read, and that an auditor changes nothing on any path."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from ledger.admin.base import ViewOnlyAdmin
from ledger.credits.cancellations.orders import request_cancellation
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.services import retire_credits
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.transfers.services import accept_transfer
from ledger.incidents.services import ask_for_lift
from ledger.journal.bank.accounts import state_bank_account
from ledger.journal.bank.services import import_statement
from ledger.journal.corrections import request_correction
from ledger.journal.payments import request_deposit, request_withdrawal
from ledger.journal.payouts import request_payout
from ledger.models import Membership, MonitoringReport, Organisation, Project, Transaction, User
from ledger.parties.access import log_name
from ledger.parties.invitations import invite_member
from ledger.parties.role_changes import propose_change
from ledger.parties.security.locking import lock_account
from ledger.parties.security.resets import request_factor_reset
from ledger.parties.security.services import Origin, record_security_event
from ledger.parties.services import issue_token
from ledger.personal.services import request_erasure
from ledger.projects.conflicts import declare_conflict
from ledger.projects.debundling import decide_debundling
from ledger.projects.diary.services import NewEntry, write_entry
from ledger.projects.documents.services import NewDocument, add_document
from ledger.projects.lifecycle import ask_withdrawal
from ledger.projects.renewals import assess_renewal, request_renewal
from ledger.projects.risk import confirm_risk, state_risk
from ledger.registry.imports.services import run_import, take_in
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of, tell_people_and_programs
from tests.factories import (
    PASSWORD,
    MembershipFactory,
    OrganisationFactory,
    ParcelFactory,
    ProjectFactory,
    ReportFactory,
    UserFactory,
    beside,
    square,
)
from tests.factors import code_now, with_app
from tests.files import picture
from tests.ledger.projects.test_risk import ANSWERS
from tests.scenes import (
    People,
    accepted,
    bid_for,
    find,
    households_of,
    issue_to_cooperative,
    market_for,
    offer_block,
    offer_credits,
    pay_in,
    people,
    plan_of,
    put_up_lot,
    report_loss,
    report_year,
    sell,
)
from tests.statements import sample
from tests.strength import weak_login
from trading.execution.runs import run_nightly
from trading.execution.services import execute_market
from trading.incidents.services import confirm_lift, freeze
from trading.markets.days import close_day
from trading.markets.limits import set_limit
from trading.markets.models import Market
from trading.orders.changes import propose_market_change
from trading.orders.services import NewOrder, place_orders
from trading.surveillance.models import Rule
from trading.surveillance.rules import RULES
from trading.surveillance.services import change_thresholds, declare_relation, take_up_alert
from trading.surveillance.watching import run_rule

REGISTRY = admin.site._registry
MODELS = list(REGISTRY)
# What each list costs: session, person, membership, count and rows; then a date hierarchy (2), and filters by other rows
# or by all values there are, prefetched rows and the supply of batches (1 each).
QUERIES = {
    "organisation": 7,
    "user": 7,
    "membership": 5,
    "invitation": 5,
    "rolechange": 5,
    "household": 7,
    "apitoken": 5,
    "securityevent": 7,
    "factorreset": 5,
    "accountlock": 5,
    "erasure": 5,
    "project": 9,
    "parcel": 5,
    "renewal": 5,
    "debundlingdecision": 5,
    "declaredconflict": 5,
    "monitoringreport": 8,
    "diaryentry": 8,
    "document": 8,
    "finding": 7,
    "riskassessment": 7,
    "batch": 9,
    "retirement": 7,
    "sharingplan": 7,
    "distribution": 7,
    "referenceimport": 5,
    "referenceproject": 8,
    "referencecredit": 8,
    "credittransfer": 5,
    "cancellation": 7,
    "cancellationorder": 5,
    "reversal": 5,
    "payment": 7,
    "payout": 7,
    "correction": 5,
    "bankstatement": 7,
    "bankentry": 7,
    "bankaccount": 5,
    "account": 6,
    "transaction": 9,
    "transfer": 9,
    "hold": 8,
    "serialblock": 8,
    "asset": 5,
    "market": 5,
    "marketchange": 5,
    "closedday": 5,
    "tradinglimit": 5,
    "order": 9,
    "trade": 9,
    "executedinstruction": 9,
    "blockoffer": 9,
    "onewayauction": 9,
    "bid": 9,
    "alert": 7,
    "relation": 5,
    "rulechange": 6,
    "message": 8,
    "webhookendpoint": 5,
    "webhookdelivery": 8,
    "incident": 5,
    "record": 9,
    "checkpoint": 8,
    "reconciliationrun": 6,
}


@pytest.fixture(scope="module")
def _season_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[People]:
    """Let the season happen once for all tests of this file, in one transaction that none of them changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield all_that_can_be_done(people())
        transaction.set_rollback(True)


@pytest.fixture
def season(_season_once: People, db: None) -> People:
    """Return people who have done all that can be done, as the database has them; what a test does is undone."""
    known = Membership.objects.select_related("user", "organisation")
    return People(*(known.get(pk=getattr(_season_once, field.name).pk) for field in fields(People)))


def _import_references() -> None:
    projects = b"project_id,registry\nA1,verra\nA2,verra\n"
    credits = b"project_id,quantity,vintage,transaction_date,transaction_type\nA1,5,,,issuance\nA2,5,,,issuance\n"
    for content in (projects, credits):
        run_import(import_id=take_in(chunks=[content], file_name="references.csv").pk)


def all_that_can_be_done(who: People) -> People:
    """Leave no list at the desk empty, and let something wait."""
    pay_in(who, who.buyer, 1_000_000)
    pay_in(who, who.other_buyer, 1_000_000)
    batch = issue_to_cooperative(who, 100, buffer_t=10)
    ParcelFactory.create_batch(3, project=batch.project)
    keep_evidence(who, batch.project)
    market = market_for(who, batch, taker_fee_bps=20)
    for seller in range(3):
        sell = NewOrder(f"sell-{seller}", "sell", 4_000, 10)
        place_orders(actor=who.cooperative, market_id=market.pk, orders=[sell])
    for buyer in (who.buyer, who.other_buyer):
        buys = [NewOrder(f"buy-{number}", "buy", 4_000, 4) for number in range(3)]
        place_orders(actor=buyer, market_id=market.pk, orders=buys)
    execute_market(market.pk)
    market_for(who, issue_to_cooperative(who, 50))
    for number in range(2):
        offer_block(who.buyer, who.cooperative, market, f"offer-{number}")
        bid_for(who.buyer, put_up_lot(who.cooperative, market, f"lot-{number}"), f"bid-{number}")
    share(who, batch.project, market)
    for _time in range(2):
        retire_credits(actor=who.buyer, batch_id=batch.pk, quantity_t=1, beneficiary_name="我", purpose="own_footprint")
    for _time in range(2):
        accept_transfer(actor=who.buyer, public_id=offer_credits(who.cooperative, who.buyer, batch, 1).public_id)
        cancel_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=1, reason="no_claim")
        request_cancellation(
            actor=who.registrar, batch_id=batch.pk, organisation=None, quantity_t=1, reason="mistake", note="Twice."
        )
    for days in (1, 2):
        report_loss(who.cooperative, batch.project, 2, days_ago=days)
    sequence_log()
    night = run_nightly()
    assert night is not None
    # Another one, without checking all of it again.
    night.pk, night.triggered_by = None, log_name(who.auditor)
    night.save(force_insert=True)
    issue_token(user=who.buyer.user, name="robot")
    tell_people_and_programs(who.buyer)
    for holder in (who.buyer, who.cooperative):
        state_bank_account(
            actor=who.treasurer, organisation=holder.organisation, bank="中国农业银行", number="6228480402564890018"
        )
    director = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    for _time in range(2):
        invite_member(actor=director, role="viewer")
        propose_change(actor=director, person=UserFactory(), role="viewer")
    issue_token(user=who.other_buyer.user, name="robot")
    request_deposit(actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=5_000, bank_reference="waits")
    request_withdrawal(actor=who.buyer, amount_fen=1_000)
    for wrong in Transaction.objects.filter(kind=Transaction.Kind.DEPOSIT):
        request_correction(actor=who.treasurer, transaction_id=wrong.pk, reason="To the wrong one.")
    for name in ("june-daily.camt.053.001.02.xml", "june-ccb.gbk.csv"):
        import_statement(actor=who.treasurer, content=sample(name))
    for limited, each in ((who.buyer, market.pk), (who.other_buyer, None)):
        organisation_id = limited.organisation_id
        set_limit(
            actor=who.registrar, organisation_id=organisation_id, market_id=each, largest_order_t=50, reason="New here."
        )
    for days in (1, 2):
        close_day(actor=who.registrar, day=timezone.localdate() + dt.timedelta(days=days), reason="Typhoon")
    _import_references()
    OrganisationFactory(status=Organisation.Status.APPLIED, applied_by=UserFactory())
    ProjectFactory(status=Project.Status.VALIDATED)
    judge_projects(who)
    examine(who)
    ReportFactory(status=MonitoringReport.Status.VERIFIED, approved_by=None)
    ReportFactory()
    watched(who)
    guard_accounts(who)
    secure_the_house(who)
    return who


def secure_the_house(who: People) -> None:
    """Let accounts be locked and data erased, rules of markets wait for a second person, and freezes come and go."""
    for _time in range(2):
        lock_account(actor=who.registrar, user_id=UserFactory().pk, reason="A strange log-in.")
        request_erasure(actor=who.registrar, person_id=UserFactory().pk)
    for market in Market.objects.order_by("id")[:2]:
        propose_market_change(actor=who.registrar, market_id=market.pk, reason="Calmer.", largest_order_t=77)
    for _time in range(2):
        incident = freeze(actor=who.registrar, scope="withdrawals", reason="A drill.")
        ask_for_lift(actor=who.registrar, incident_id=incident.pk, reason="It was one.")
        confirm_lift(actor=who.treasurer, incident_id=incident.pk)


def guard_accounts(who: People) -> None:
    """Let two people log in, and lose their phones."""
    for person in (who.buyer, who.other_buyer):
        with_app(person.user)
        record_security_event(user=person.user, kind="logged_in", origin=Origin("203.0.113.7", "Firefox"))
        request_factor_reset(actor=who.registrar, user_id=person.user_id, reason="Called back: the phone is lost.")


def examine(who: People) -> None:
    """Open findings, and let risks be stated."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    report = accepted(who, report_year(who, project))
    for _number in range(2):
        find(who, report)
    for _number in range(2):
        soil = ProjectFactory(
            proponent=who.cooperative.organisation,
            methodology="soc-tier1-1",
            settings={"risk_percent": "12"},
            validator=who.verifier.organisation,
        )
        assessment = state_risk(actor=who.cooperative, project_id=soil.pk, answers=ANSWERS)
        confirm_risk(actor=who.verifier, assessment_id=assessment.pk)


def judge_projects(who: People) -> None:
    """Let a renewal and a withdrawal wait, and decide what there is to decide of projects."""
    ends_on = timezone.localdate() + dt.timedelta(days=30)
    own = {"proponent": who.cooperative.organisation}
    for number in range(2):
        project = ProjectFactory(crediting_ends_on=ends_on, **own)
        near = ProjectFactory(status=Project.Status.VALIDATED, **own)
        field = ParcelFactory(project=project, geometry=square(100 + number))
        ParcelFactory(project=near, geometry=beside(field.geometry))
        later = ends_on + dt.timedelta(days=700)
        renewal = request_renewal(actor=who.cooperative, project_id=project.pk, ends_on=later)
        assess_renewal(actor=who.verifier, renewal_id=renewal.pk, statement="So.")
        decide_debundling(actor=who.registrar, project_id=near.pk, is_one_with_them=False, reason="Two villages.")
        declare_conflict(actor=who.verifier, project_id=near.pk, nature="advised")
        ask_withdrawal(actor=who.cooperative, project_id=ProjectFactory(**own).pk, reason="Sold.")


def keep_evidence(who: People, project: Project) -> None:
    """Write into the diary, with photos."""
    parcels = list(project.parcels.values_list("code", flat=True))
    for at in (1, 2):
        new = NewEntry(UUID(int=at), "flooding", parcels, dt.date(2024, 5, at), {})
        entry = write_entry(actor=who.cooperative, project_id=project.pk, new=new).entry
        photo = NewDocument(picture(), "a.jpg", "photo", diary_entry_id=entry.pk)
        add_document(actor=who.cooperative, project_id=project.pk, new=photo)


def share(who: People, project: Project, market: Market) -> None:
    """Share two sales by two plans, and let two payouts wait."""
    households_of(who, project, ["1", "2"])
    for _turn in range(2):
        plan_of(who)
        sell(who, market, 1)
        share_waiting_proceeds()
        request_payout(actor=who.cooperative)


def watched(who: People) -> None:
    """Let surveillance raise alerts, of which one is reviewed, and registrars say what they know."""
    for least_t in (1, 2):
        thresholds = {"percent": 40, "least_t": least_t}
        change_thresholds(actor=who.registrar, rule="holding", thresholds=thresholds, reason="Small batches.")
    raised = run_rule(RULES[Rule.HOLDING])
    take_up_alert(actor=who.registrar, alert_id=raised[0].id)
    for kind in ("shareholder", "agreement"):
        declare_relation(
            actor=who.registrar,
            one=who.buyer.organisation,
            other=who.other_buyer.organisation,
            kind=kind,
            reason="Company register.",
        )


def model_pages(model: type[models.Model], patterns: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield name and address of each page of a model, about its first row where it is about one."""
    row = model._default_manager.order_by("pk").first()
    assert row is not None, f"no {model.__name__} in the season"
    for pattern in patterns:
        arguments = [row.pk] if pattern.pattern.converters else []
        yield pattern.name, reverse(f"admin:{pattern.name}", args=arguments)


def pages() -> list[tuple[str, str]]:
    """Return name and address of every page of the site, found in its own table of addresses."""
    found: list[tuple[str, str]] = []
    by_route = {f"{model._meta.app_label}/{model._meta.model_name}/": model for model in MODELS}
    for pattern in admin.site.get_urls():
        if isinstance(pattern, URLResolver):
            found += model_pages(by_route[str(pattern.pattern)], pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            found.append((pattern.name, reverse(f"admin:{pattern.name}")))
    return found


def stock_pages() -> list[str]:
    """Return the addresses at which Django's admin would write, or help to."""
    found = ["/admin/autocomplete/", "/admin/r/1/1/", "/admin/ledger/", "/admin/auth/group/", "/admin/auth/user/"]
    for model in MODELS:
        row = model._default_manager.order_by("pk").first()
        assert row is not None
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        found += [f"{listed}add/", f"{listed}{row.pk}/delete/", f"{listed}{row.pk}/history/"]
    return found


def fingerprint() -> dict[str, tuple[str, int]]:
    """Return a checksum and the number of rows of every table, all but sessions and the time of the last log-in."""
    found = {}
    row = "md5((to_jsonb(each) - 'last_login')::text)"
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names()) - {"django_session"}):
            cursor.execute(f"SELECT md5(string_agg({row}, '' ORDER BY {row})), count(*) FROM {table} each")
            found[table] = cursor.fetchone()
    return found


def payload() -> dict[str, Any]:
    """Return what every form of the site could want at once, all of it valid."""
    organisation = Organisation.objects.filter(kind=Organisation.Kind.BUYER).first()
    assert organisation is not None
    rows = [str(row.pk) for row in User.objects.all()]
    return {
        "reason": "plausible",
        "bank_reference": "plausible-1",
        "organisation": organisation.pk,
        "amount_fen": "12.34",
        "username": "nobody",
        "role": "viewer",
        "status": "approved",
        "name": "another",
        "old_password": PASSWORD,
        "new_password1": "a-quite-different-1",
        "new_password2": "a-quite-different-1",
        "action": "delete_selected",
        "_selected_action": rows,
        "select_across": "1",
        "index": "0",
        "post": "yes",
        "_save": "Save",
    }


def is_action(name: str) -> bool:
    return any(
        name == f"{model._meta.app_label}_{model._meta.model_name}_{action.name}"
        for model, model_admin in REGISTRY.items()
        for action in (*model_admin.object_actions, *model_admin.list_actions)  # type: ignore[attr-defined]
    )


# What an auditor may read of a page's address, but not at it: the step's own page.
def expected_of_auditor(name: str) -> int:
    return 403 if is_action(name) else 200


# Outside the walk: to log in and out writes the session, and the log-in of somebody who is in leads to the desk.
def walked() -> list[tuple[str, str]]:
    return [page for page in pages() if page[0] not in ("login", "logout")]


def read(answer: Any) -> bytes:
    """Return the whole of an answer: what is streamed is done only while it is read."""
    content: bytes = answer.getvalue()
    return content


@pytest.mark.parametrize("is_superuser", [False, True])
def test_auditor_changes_nothing_on_any_path(season: People, is_superuser: bool) -> None:
    auditor = season.auditor.user
    auditor.set_password(PASSWORD)
    auditor.is_superuser = is_superuser
    auditor.save()
    client = client_of(season.auditor)
    before, wanted = fingerprint(), payload()
    assert len(walked()) > 3 * len(MODELS) + 14
    for name, address in walked():
        answer = client.get(address)
        assert (answer.status_code, len(read(answer)) > 0) == (expected_of_auditor(name), True), address
        assert client.head(address).status_code == expected_of_auditor(name), address
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(address, wanted).status_code == 403, address
    for address in stock_pages():
        assert client.get(address).status_code == 404, address
        assert client.post(address, wanted).status_code == 403, address
    assert client.get(reverse("admin:login"))["Location"] == "/admin/"
    assert client.post(reverse("admin:login"), {"username": auditor.username, "password": "x"})["Location"] == "/admin/"
    assert client.post(reverse("admin:logout")).status_code in (200, 302)
    assert fingerprint() == before


def test_the_walk_has_every_kind_of_page(season: People) -> None:
    names = {name for name, _address in walked()}
    own = {"index", "reconcile", "reconcile_progress", "trial_balance", "trial_balance_export", "jsi18n"}
    assert own < names
    for model in MODELS:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert {f"{name}_changelist", f"{name}_change", f"{name}_export"} < names


@pytest.mark.parametrize("kind", ["cooperative", "buyer", "verifier"])
def test_people_of_others_get_nothing_on_any_path(kind: str, season: People) -> None:
    client = client_of(getattr(season, kind))
    before, wanted = fingerprint(), payload()
    for _name, address in walked():
        assert client.get(address).status_code == 403, address
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(address, wanted).status_code == 403, address
    assert fingerprint() == before


def test_strangers_get_nothing_on_any_path_but_the_log_in(season: People) -> None:
    client = Client()
    before = fingerprint()
    for _name, address in walked():
        for method in (client.get, client.post, client.put, client.patch, client.delete):
            answer = method(address)
            assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={address}"), address
    assert fingerprint() == before


def test_the_fingerprint_sees_a_change(season: People) -> None:
    before = fingerprint()
    waiting = Organisation.objects.get(status=Organisation.Status.APPLIED)
    client_of(season.registrar).post(reverse("admin:ledger_organisation_approve", args=[waiting.pk]))
    after = fingerprint()
    assert {table for table in after if after[table] != before[table]} == {
        "ledger_organisation",
        "ledger_record",
        "ledger_unsequencedrecord",
    }


def test_reading_the_whole_desk_changes_nothing_for_the_operator_either(season: People) -> None:
    client = client_of(season.registrar)
    before = fingerprint()
    for name, address in pages():
        if name not in ("login", "logout"):
            answer = client.get(address)
            assert answer.status_code in (200, 403), address
            read(answer)
    assert fingerprint() == before


def test_auditor_is_offered_no_step(season: People) -> None:
    client = client_of(season.auditor)
    for name, address in pages():
        if name.startswith(("ledger_", "trading_")) and name.endswith(("_change", "_changelist")):
            assert client.get(address).context["offered"] == [], address


def test_no_model_can_be_edited_and_none_is_outside_the_rooms(rf: Any, who: People) -> None:
    request = rf.get("/admin/")
    request.user, request.session = who.registrar.user, client_of(who.registrar).session
    for model_admin in REGISTRY.values():
        assert isinstance(model_admin, ViewOnlyAdmin)
        assert model_admin.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
        assert not model_admin.get_actions(request)


def test_lists_read_as_often_however_long_they_are(season: People) -> None:
    client = client_of(season.auditor)
    found = {}
    for model in MODELS:
        name = str(model._meta.model_name)
        assert model._default_manager.count() > 1 or name == "checkpoint"
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse(f"admin:{model._meta.app_label}_{name}_changelist"))
        assert answer.status_code == 200
        found[name] = len(queries)
    assert found == QUERIES


def test_lists_take_any_search(season: People) -> None:
    client = client_of(season.auditor)
    for model in MODELS:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for query in ("q=1", "q=x", "q=%00", "q=99999999999999999999999", "p=2", "p=x", "o=1.-2", "all=", "pk__lt=3"):
            assert client.get(f"{address}?{query}").status_code in (200, 302), f"{address}?{query}"


@pytest.mark.parametrize("kind", ["cooperative", "buyer", "other_buyer", "verifier"])
def test_everyone_else_gets_a_refusal_and_no_log_in_loop(kind: str, who: People) -> None:
    client = client_of(getattr(who, kind))
    for address in (
        "/admin/",
        "/admin/login/",
        "/admin/ledger/project/",
        "/admin/reconcile/",
        "/admin/password_change/",
    ):
        assert client.get(address).status_code == 403, address
    assert client.post("/admin/ledger/payment/enter-deposit/", {"reason": "x"}).status_code == 403


def test_who_is_refused_can_log_out_there(who: People) -> None:
    client = client_of(who.buyer)
    client.post("/admin/logout/")
    assert "_auth_user_id" not in client.session


def test_visitor_is_sent_to_the_log_in(db: None) -> None:
    answer = Client().get("/admin/ledger/project/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/ledger/project/")
    assert Client().post("/admin/ledger/payment/enter-deposit/", {"amount_fen": "1"}).status_code == 302
    assert Client().get("/admin/login/")["Location"] == "/login?next=%2Fadmin%2F"
    elsewhere = Client().get("/admin/login/", {"next": "https://elsewhere.example/"})
    assert elsewhere["Location"] == "/login?next=%2Fadmin%2F"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Organisation.Status.APPLIED, Organisation.Status.SUSPENDED])
def test_auditor_whose_organisation_is_not_approved_stays_outside(status: str) -> None:
    applicant = MembershipFactory(organisation__kind=Organisation.Kind.AUDITOR, organisation__status=status)
    assert client_of(applicant).get("/admin/").status_code == 403


@pytest.mark.django_db
def test_staff_flag_and_superuser_flag_alone_open_nothing() -> None:
    person = UserFactory(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(person)
    assert client.get("/admin/").status_code == 403
    assert client.get("/admin/ledger/user/").status_code == 403


def test_the_desk_has_no_way_in_of_its_own(who: People) -> None:
    who.auditor.user.set_password(PASSWORD)
    who.auditor.user.save()
    client = Client()
    given = {"username": who.auditor.user.username, "password": PASSWORD, "next": "/admin/ledger/project/"}
    assert client.post("/admin/login/", given)["Location"] == "/login?next=%2Fadmin%2Fledger%2Fproject%2F"
    assert "_auth_user_id" not in client.session


def test_auditor_logs_in_with_a_code_and_reads_the_desk(who: People) -> None:
    who.auditor.user.set_password(PASSWORD)
    who.auditor.user.save()
    with_app(who.auditor.user)
    client = Client()
    given = {"username": who.auditor.user.username, "password": PASSWORD, "next": "/admin/"}
    assert client.post("/login", given)["Location"] == "/login/second-step"
    assert client.get("/admin/").status_code == 302
    answer = client.post("/login/second-step", {"code": code_now()}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["registrar", "treasurer", "auditor"])
def test_without_a_second_factor_the_desk_is_closed(kind: str, who: People) -> None:
    person = getattr(who, kind)
    client = weak_login(Client(), person.user)
    assert client.get("/admin/")["Location"] == "/security/setup?next=%2Fadmin%2F"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/security/setup?next=%2Fadmin%2F"
    assert client.post("/admin/ledger/payment/enter-deposit/", {"reason": "x"}).status_code == 403
    with_app(person.user)
    answer = client.get("/admin/ledger/project/?q=x")
    assert answer["Location"] == "/security/confirm?next=%2Fadmin%2Fledger%2Fproject%2F%3Fq%3Dx"


def test_nothing_in_the_pages_runs_inline(season: People) -> None:
    client = client_of(season.registrar)
    for name, address in pages():
        answer = client.get(address)
        if answer["Content-Type"].startswith("text/html"):
            text = answer.content.decode()
            assert "<script>" not in text, name
            assert "script-src" not in answer["Content-Security-Policy"]
            assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_passwords_and_secrets_are_on_no_page(season: People) -> None:
    client = client_of(season.auditor)
    user = season.buyer.user
    user.set_password(PASSWORD)
    user.save()
    text = client.get(reverse("admin:ledger_user_change", args=[user.pk])).content.decode()
    assert user.password not in text
    assert "token_hash" not in client.get(reverse("admin:ledger_apitoken_changelist")).content.decode()
