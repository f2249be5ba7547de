"""Credits are handed on, retired, cancelled, lost and made up for."""

import datetime as dt

import time_machine
from django.utils import timezone

from ledger.credits.cancellations.orders import confirm_cancellation, refuse_cancellation, request_cancellation
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.retiring import Use
from ledger.credits.reversals.services import confirm_reversal, refuse_reversal, replenish
from ledger.credits.services import retire_credits
from ledger.credits.transfers.services import accept_transfer, decline_transfer, expire_transfers, withdraw_transfer
from tests.factories import (
    MembershipFactory,
    ProjectFactory,
)
from tests.scenes import (
    issue_to_cooperative,
    offer_credits,
    report_loss,
)


def hand_on_and_lose(who):
    """Take transfers, cancellations and reversals through their lives, and retire with all that can be said of the use."""
    project = ProjectFactory(proponent=who.cooperative.organisation, number=5_000)
    batch = issue_to_cooperative(who, 1_000, buffer_t=100, project=project)
    issue_to_cooperative(who, 500, buffer_t=50, project=ProjectFactory(number=6_000))
    offers = [
        offer_credits(who.cooperative, who.buyer, batch, 10 + at, key=f"t{at}", note=f"第{at}号", price_fen=4_000 + at)
        for at in range(6)
    ]
    gifts = [offer_credits(who.cooperative, who.other_buyer, batch, 3, ground="gift") for _time in range(2)]
    for transfer in (*offers[:2], gifts[0]):
        accept_transfer(actor=who.buyer if transfer in offers else who.other_buyer, public_id=transfer.public_id)
    decline_transfer(actor=who.buyer, public_id=offers[2].public_id)
    withdraw_transfer(actor=who.cooperative, public_id=offers[3].public_id)
    with time_machine.travel(timezone.now() - dt.timedelta(days=8)):
        offer_credits(who.cooperative, who.other_buyer, batch, 4)
    expire_transfers()
    for at, purpose in enumerate(("judicial_restitution", "on_behalf_of")):
        is_court = purpose == "judicial_restitution"
        retire_credits(
            actor=who.cooperative,
            batch_id=batch.pk,
            quantity_t=2 + at,
            beneficiary_name=f"乙{at}",
            purpose=purpose,
            first_serial=batch.serials.lower + 500 + 10 * at,
            use=Use(
                dt.date(2023, 1 + at, 1),
                dt.date(2023, 12, 30 + at),
                court_name="福建省高级人民法院" if is_court else "",
                case_number="(2023)闽01刑初1号" if is_court else "",
                beneficiary_place="" if is_court else "福州",
            ),
        )
    for at in range(2):
        cancel_credits(
            actor=who.cooperative,
            batch_id=batch.pk,
            quantity_t=5 + at,
            reason=("no_claim", "mistake")[at],
            note=f"n{at}",
            idempotency_key=f"c{at}" if at else None,
        )
    second = MembershipFactory(organisation=who.registrar.organisation, role="registrar")
    lower = batch.serials.lower
    orders = [
        request_cancellation(
            actor=who.registrar,
            batch_id=batch.pk,
            organisation=None if at == 3 else who.cooperative.organisation,
            quantity_t=6 + at,
            reason=("mistake", "over_issuance")[at % 2],
            note=f"o{at}",
            first_serial=lower + 600 + 10 * at if at in (0, 1, 2) else None,
        )
        for at in range(6)
    ]
    for order in orders[:2]:
        confirm_cancellation(actor=second, order_id=order.pk)
    refuse_cancellation(actor=second, order_id=orders[2].pk)
    losses = [
        report_loss(reporter, project, loss_t, cause=cause, days_ago=days, is_intentional=cause == "other")
        for reporter, loss_t, cause, days in (
            (who.cooperative, 120, "flood", 20),
            (who.verifier, 200, "ploughed_up", 12),
            (who.cooperative, 7, "other", 9),
            (who.registrar, 3, "drought", 8),
            (who.cooperative, 9, "over_issuance", 7),
            (who.verifier, 4, "land_lost", 6),
        )
    ]
    for loss in losses[:3]:
        confirm_reversal(actor=second, public_id=loss.public_id)
    refuse_reversal(actor=second, public_id=losses[3].public_id, reason="No loss.")
    for loss, quantity_t in ((losses[1], 10), (losses[2], 7)):
        replenish(actor=who.cooperative, public_id=loss.public_id, batch_id=batch.pk, quantity_t=quantity_t)
