"""What the pages show while a browser reads them: the demo's story, and more of everything that a page can be about.

`python -m tests.browser furnish FILE` furnishes the demo in the database of the environment, and writes to FILE the names that
complete the addresses of `pages.py`, and a session for each person.
"""

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.reversals.services import Loss, report_reversal
from ledger.credits.sharing.links import make_links
from ledger.credits.transfers.services import TransferTerms, offer_transfer
from ledger.models import (
    Account,
    Batch,
    Distribution,
    Household,
    Membership,
    MonitoringReport,
    Project,
    Record,
    ReferenceProject,
    Retirement,
    User,
)
from ledger.parties.invitations import invite_member
from ledger.parties.services import issue_token
from ledger.projects.diary.services import NewEntry, write_entry
from ledger.projects.documents.services import NewDocument, add_document
from ledger.projects.land.services import add_parcel
from ledger.projects.reports import accept_report, open_finding
from ledger.projects.services import create_project
from ledger.registry.imports.services import run_import, take_in
from ledger.registry.places import refresh_places
from ledger.registry.totals import refresh_totals
from ledger.transparency.sequencer import sequence_log
from tests.factories import PRACTICES, square
from tests.files import picture
from tests.ledger.projects.test_risk import LAND
from trading.auctions.services import announce_auction, place_bid
from trading.auctions.terms import BidTerms, LotTerms
from trading.blocks.services import make_offer
from trading.blocks.terms import OfferTerms
from trading.execution.runs import run_nightly
from trading.models import Market, Order


@transaction.atomic
def furnish() -> dict[str, Any]:
    """Let there be one of everything that a page is about, and return their names; for once in a database."""
    cast = {each.user.username: each for each in Membership.objects.select_related("user", "organisation")}
    coop, buyer, verifier = cast["coop"], cast["buyer"], cast["verifier"]
    project = Project.objects.get(proponent=coop.organisation)
    batch = Batch.objects.filter(report__vintage=2023).get()
    market = Market.objects.get(asset=batch.asset)
    report = MonitoringReport.objects.get(project=project, vintage=2025)
    accept_report(actor=verifier, report_id=report.pk)
    open_finding(
        actor=verifier,
        report_id=report.pk,
        kind="corrective_action",
        text="八月的灌溉记录缺失，请补交。August is missing from the irrigation records.",
    )
    document = _keep_evidence(coop, project)
    draft, field = _begin(coop, "rice-water-1", {"gwp": "AR5", "region": "east_asia"}, PRACTICES, at=40)
    soil, _field = _begin(coop, "soc-tier1-1", {"risk_percent": "12"}, LAND, at=44)
    transfer = offer_transfer(
        actor=coop,
        batch_id=batch.pk,
        recipient=str(buyer.organisation.public_id),
        terms=TransferTerms(12, ground="contract"),
        idempotency_key="scene",
    )
    cancellation = cancel_credits(actor=coop, batch_id=batch.pk, quantity_t=3, reason="no_claim")
    reversal = report_reversal(actor=coop, project_code=project.code, loss=_loss())
    offer, auction = _propose(cast, market)
    household = Household.objects.filter(cooperative=coop.organisation).order_by("code").first()
    assert household is not None
    (link,) = make_links(actor=coop, public_ids=[household.public_id])
    issue_token(user=buyer.user, name="bot-1")
    _invitation, invitation = invite_member(actor=buyer, role="viewer", note="会计")
    _import_references()
    refresh_places()
    refresh_totals()
    retirement = Retirement.objects.order_by("pk").last()
    distribution = Distribution.objects.order_by("pk").first()
    order = Order.objects.filter(organisation=buyer.organisation, status__in=("new", "partially_filled")).first()
    sale = Order.objects.filter(organisation=coop.organisation, status__in=("new", "partially_filled")).first()
    record = Record.objects.filter(kind="transaction_posted").order_by("pk").first()
    reference = ReferenceProject.objects.order_by("pk").first()
    account = Account.objects.filter(organisation=buyer.organisation, asset=batch.asset).first()
    assert None not in (retirement, distribution, order, sale, record, reference, account)
    return {
        "project": project.code,
        "draft": draft.code,
        "soil": soil.code,
        "field": str(field.pk),
        "waiting": Project.objects.get(proponent=cast["coop2"].organisation).code,
        "report": str(report.pk),
        "issued_report": str(batch.report_id),
        "report_field": str(project.parcels.order_by("pk").values_list("pk", flat=True)[0]),
        "document": str(document.public_id),
        "batch": batch.asset.code,
        "retirement": str(retirement.public_id),
        "transfer": str(transfer.public_id),
        "cancellation": str(cancellation.public_id),
        "reversal": str(reversal.public_id),
        "household": str(household.public_id),
        "link": link.token,
        "distribution": str(distribution.pk),
        "account": str(account.pk),
        "market": market.symbol,
        "order": str(order.pk),
        "sale": str(sale.pk),
        "member": str(cast["coop-trader"].user.public_id),
        "invitation": invitation,
        "offer": str(offer.pk),
        "auction": str(auction.pk),
        "serial": str(batch.serials.lower),
        "record": str(record.pk),
        "reference": reference.project_id,
    }


def _keep_evidence(coop: Membership, project: Project) -> Any:
    parcels = list(project.parcels.order_by("code").values_list("code", flat=True)[:2])
    today = timezone.localdate()
    for at, kind in enumerate(("flooding", "drainage", "harvest"), 1):
        content = {"yield_t_per_ha": "6.4"} if kind == "harvest" else {}
        new = NewEntry(UUID(int=at), kind, parcels, today - dt.timedelta(days=30 - at), content)
        entry = write_entry(actor=coop, project_id=project.pk, new=new).entry
    photo = NewDocument(picture(size=(640, 480)), "field.jpg", "photo", diary_entry_id=entry.pk)
    return add_document(actor=coop, project_id=project.pk, new=photo)


def _begin(coop: Membership, methodology: str, settings: dict[str, str], practices: Any, *, at: int) -> Any:
    """Begin a draft with a field."""
    draft = create_project(
        actor=coop,
        methodology=methodology,
        settings=settings,
        name="后坑村低碳稻田项目" if methodology.startswith("rice") else "后坑村保护性耕作项目",
        name_en="",
        place="福建省漳州市南靖县龙山镇后坑村",
        province_code="35",
        description="",
        description_en="",
        illustrative="",
        crediting_starts_on=dt.date(2026, 1, 1),
        crediting_ends_on=dt.date(2035, 12, 31),
    )
    field = add_parcel(
        actor=coop, project_id=draft.pk, code="HK-01", name="村口大田", geometry=square(at), practices=practices
    )
    return draft, field


def _loss() -> Loss:
    today = timezone.localdate()
    return Loss(
        today - dt.timedelta(days=5), today, "over_issuance", "面积多计了两亩。Two mu too many were counted.", 2
    )


def _propose(cast: dict[str, Membership], market: Market) -> Any:
    """Leave a block trade and a lot open for a day."""
    until = timezone.now() + dt.timedelta(days=1)
    offer = make_offer(
        actor=cast["buyer"],
        market=market.symbol,
        counterparty=str(cast["coop"].organisation.public_id),
        side="buy",
        terms=OfferTerms("scene-block", expires_at=until, price_fen=2_450, quantity_t=40),
    ).offer
    lot = LotTerms("scene-lot", 30, 2_400, until, is_sealed=True)
    auction = announce_auction(actor=cast["coop"], market=market.symbol, terms=lot).auction
    place_bid(actor=cast["buyer"], auction_id=auction.pk, terms=BidTerms("scene-bid", 2_460, 20))
    return offer, auction


def _import_references() -> None:
    projects = b"project_id,registry,name\nA1,verra,Mekong paddies\nA2,verra,Delta paddies\n"
    credits = b"project_id,quantity,vintage,transaction_date,transaction_type\nA1,500,2021,2022-03-04,issuance\nA2,5,,,issuance\n"
    for content in (projects, credits):
        run_import(import_id=take_in(chunks=[content], file_name="references.csv").pk)


def sessions() -> dict[str, str]:
    """Return for each person the key of a session in which they are logged in."""
    return {user.username: session_of(user) for user in User.objects.filter(is_active=True)}


def session_of(user: User) -> str:
    """Log a person in without a browser, as after every step that their log-in has: allauth's note of a second one included."""
    session = SessionStore()
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "totp", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def main(file: Path) -> None:
    """Furnish the database, close the day, and write down what addresses and browsers need."""
    names = furnish()
    sequence_log()
    run_nightly()
    file.write_text(json.dumps({"names": names, "sessions": sessions(), "desk": dict(desk_pages())}), encoding="utf-8")


def desk_pages() -> Iterator[tuple[str, list[str]]]:
    """Yield for each table of the desk its list, and the page of its first row where it has one."""
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.order_by("pk").first()
        change = [] if row is None else [reverse(f"admin:{name}_change", args=[row.pk])]
        yield name, [reverse(f"admin:{name}_changelist"), *change]
