"""Tell the pilot's story, from the field to the retirement, by the services that pages and API call.

All of it is one transaction: a telling that is interrupted leaves nothing behind, and the next one begins anew. What the
ledger writes down meanwhile carries the time of the telling: nothing is dated back.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from ledger.credits.services import issue_credits, retire_credits
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.sharing.plans import PlanTerms, state_plan
from ledger.journal.bank.accounts import confirm_bank_account, state_bank_account
from ledger.journal.bank.models import BankAccount
from ledger.journal.payments import confirm_payment, request_deposit, request_withdrawal
from ledger.journal.payouts import confirm_payout, request_payout
from ledger.models import Batch, Membership, MonitoringReport, Project
from ledger.parties.households import add_household
from ledger.projects.declarations import state_baseline
from ledger.projects.descriptions import describe_project
from ledger.projects.land.services import add_parcel, set_household
from ledger.projects.lifecycle import accept_project
from ledger.projects.reports import accept_report, approve_report, submit_report, verify_report
from ledger.projects.services import create_project, register_project, submit_project, validate_project
from ledger.registry.places import refresh_places
from ledger.registry.totals import refresh_totals
from trading.demo.cast import Cast, gather_cast
from trading.demo.pilot import fields, order_lines, pilot, practices
from trading.execution.services import execute_market
from trading.markets.services import open_market
from trading.models import Market, Order
from trading.orders.cancels import cancel_order
from trading.orders.services import place_order
from trading.orders.terms import NewOrder

VALIDATION = "演示：地块、基线证据与方法学适用条件已核对。\nDemo: fields, evidence of the baseline and applicability were checked."
VERIFICATION = (
    "演示：灌溉记录已核对，计算已复算。\nDemo: irrigation records were checked and the calculation was done again."
)


@transaction.atomic
def tell(password: str) -> None:
    """Bring the whole story about, in a database that has no operator yet.

    Raises: WrongState where there is one.
    """
    cast = gather_cast(password)
    project = _begin_project(cast, "pilot")
    accept_project(actor=cast.person("verifier"), project_id=project.pk)
    validate_project(actor=cast.person("verifier"), project_id=project.pk, statement=VALIDATION)
    register_project(actor=cast.person("registrar"), project_id=project.pk)
    for organisation, amount_fen in pilot()["deposits_fen"].items():
        _pay_in(cast, organisation, amount_fen)
    _state_bank_accounts(cast)
    _state_plan(cast)
    markets = {
        vintage["vintage"]: _list(cast, _issue(cast, project, vintage), vintage) for vintage in pilot()["vintages"]
    }
    _sell_and_retire(cast, markets)
    _share_and_pay(cast)
    _trade(cast, markets)
    _leave_work(cast, project)
    # What the public map and sums show from the first minute on.
    refresh_places()
    refresh_totals()


def _state_bank_accounts(cast: Cast) -> None:
    """Put on record where money is paid out to, as contracts say; numbers that no bank has."""
    for organisation, (bank, number) in pilot()["bank_accounts"].items():
        stated = _state_bank_account(cast, organisation, bank, number)
        confirm_bank_account(actor=cast.person("treasurer2"), bank_account_id=stated.pk)
    _state_bank_account(cast, *pilot()["bank_account_to_confirm"])


def _state_bank_account(cast: Cast, organisation: str, bank: str, number: str) -> BankAccount:
    holder = cast.owner(organisation).organisation
    return state_bank_account(actor=cast.person("treasurer"), organisation=holder, bank=bank, number=number)


def _begin_project(cast: Cast, key: str) -> Project:
    """Draft a project, add its fields, declare what must be declared, and hand it in."""
    entry = pilot()["projects"][key]
    actor = cast.owner(entry["cooperative"])
    texts = ("name", "name_en", "place", "province_code", "description", "description_en", "illustrative")
    project = create_project(
        actor=actor,
        methodology=entry["methodology"],
        settings=entry["settings"],
        crediting_starts_on=date.fromisoformat(entry["crediting_starts_on"]),
        crediting_ends_on=date.fromisoformat(entry["crediting_ends_on"]),
        **{name: entry[name] for name in texts},
    )
    registered = practices(entry, entry["seasons"])
    for field in fields(key):
        add_parcel(
            actor=actor,
            project_id=project.pk,
            code=field.code,
            name=field.name,
            geometry=field.geometry,
            practices=registered,
        )
    described = entry["described"] | {"starts_on": date.fromisoformat(entry["described"]["starts_on"])}
    describe_project(actor=actor, project_id=project.pk, changes=described)
    state_baseline(actor=actor, project_id=project.pk, evidence=entry["baseline_evidence"])
    if key == "pilot":
        _add_households(actor, project)
    return submit_project(actor=actor, project_id=project.pk)


def _add_households(actor: Membership, project: Project) -> None:
    """Add the member households, each with its fields."""
    for entry in pilot()["households"]:
        household = add_household(actor=actor, code=entry["code"], name=entry["name"])
        parcels = project.parcels.filter(code__in=entry["fields"]).values_list("pk", flat=True)
        set_household(actor=actor, project_id=project.pk, parcel_ids=list(parcels), household_code=household.code)


def _state_plan(cast: Cast) -> None:
    state_plan(actor=cast.owner("qinghexi"), terms=PlanTerms(**pilot()["sharing_plan"]))


def _share_and_pay(cast: Cast) -> None:
    """Share what the first vintages have brought, and pay it out."""
    share_waiting_proceeds()
    for payout in request_payout(actor=cast.owner("qinghexi")):
        confirm_payout(actor=cast.person("treasurer"), payout_id=payout.pk, bank_reference=f"DEMO-PAYOUT-{payout.pk}")


def _pay_in(cast: Cast, organisation: str, amount_fen: int) -> None:
    payment = request_deposit(
        actor=cast.person("treasurer"),
        organisation=cast.owner(organisation).organisation,
        amount_fen=amount_fen,
        bank_reference=f"DEMO-{organisation}-1",
    )
    confirm_payment(actor=cast.person("treasurer2"), payment_id=payment.pk)


def _report(cast: Cast, project: Project, vintage: Mapping[str, Any]) -> MonitoringReport:
    entry = pilot()["projects"]["pilot"]
    monitored = practices(entry, vintage["seasons"])
    return submit_report(
        actor=cast.owner(entry["cooperative"]),
        project_id=project.pk,
        vintage=vintage["vintage"],
        verifier=cast.person("verifier").organisation.public_id,
        practices={field.code: monitored for field in fields("pilot")},
    )


def _issue(cast: Cast, project: Project, vintage: Mapping[str, Any]) -> Batch:
    """Take a vintage from its report to its credits; the second registrar approves and issues."""
    report = _report(cast, project, vintage)
    accept_report(actor=cast.person("verifier"), report_id=report.pk)
    verify_report(actor=cast.person("verifier"), report_id=report.pk, statement=VERIFICATION)
    approve_report(actor=cast.person("registrar2"), report_id=report.pk)
    return issue_credits(actor=cast.person("registrar2"), report_id=report.pk)


def _list(cast: Cast, batch: Batch, vintage: Mapping[str, Any]) -> Market:
    return open_market(
        actor=cast.person("registrar"),
        asset_id=batch.asset_id,
        symbol=batch.asset.code,
        reference_price_fen=vintage["reference_price_fen"],
        **pilot()["fees"],
    )


def _sell_and_retire(cast: Cast, markets: Mapping[int, Market]) -> None:
    """Sell the first vintages to the company of the province, which gives them away for good."""
    donation = pilot()["donation"]
    seller, buyer = cast.owner("qinghexi"), cast.owner(donation["buyer"])
    left_t = donation["tonnes"]
    for vintage in donation["vintages"]:
        market = markets[vintage]
        batch = market.asset.batch
        tonnes = min(left_t, batch.quantity_t)
        left_t -= tonnes
        for actor, side in ((seller, "sell"), (buyer, "buy")):
            order = NewOrder(f"{vintage}-{side}", side, donation["price_fen"], tonnes)
            place_order(actor=actor, market_id=market.pk, order=order)
        _execute(market)
        retire_credits(
            actor=buyer,
            batch_id=batch.pk,
            quantity_t=tonnes,
            beneficiary_name=donation["beneficiary_name"],
            purpose=donation["purpose"],
            note=donation["note"],
        )


def _trade(cast: Cast, markets: Mapping[int, Market]) -> None:
    for line in order_lines():
        actor, market = cast.owner(line.organisation), markets[line.vintage]
        if line.action == "cancel":
            order_id = Order.objects.get(organisation=actor.organisation, client_order_id=line.order).pk
            cancel_order(actor=actor, order_id=order_id)
        else:
            order = NewOrder(line.order, line.action, line.price_fen, line.quantity_t)
            place_order(actor=actor, market_id=market.pk, order=order)
        _execute(market)


def _execute(market: Market) -> None:
    # No worker runs while the demo is seeded: what waits for the market is applied here.
    execute_market(market.pk)


def _leave_work(cast: Cast, project: Project) -> None:
    """Leave something in every queue: a project to validate, a report to verify, payments and a payout to confirm."""
    _begin_project(cast, "second")
    _report(cast, project, pilot()["vintage_to_verify"])
    share_waiting_proceeds()
    request_payout(actor=cast.owner("qinghexi"))
    waiting = pilot()["payments_to_confirm"]
    request_deposit(
        actor=cast.person("treasurer"),
        organisation=cast.owner(waiting["deposit"]["organisation"]).organisation,
        amount_fen=waiting["deposit"]["amount_fen"],
        bank_reference="DEMO-WAITING",
    )
    request_withdrawal(
        actor=cast.owner(waiting["withdrawal"]["organisation"]), amount_fen=waiting["withdrawal"]["amount_fen"]
    )
