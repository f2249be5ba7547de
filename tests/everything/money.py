"""Money moves in and out, and what was sold is shared and paid out."""

from django.utils import timezone

from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.journal.corrections import confirm_correction, refuse_correction, request_correction
from ledger.journal.payments import cash, confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.journal.payouts import confirm_payout, refuse_payout, request_payout
from ledger.journal.services import Leg, Posting, open_account, post_transactions
from ledger.parties.households import leave_household
from tests.factories import (
    ProjectFactory,
)
from tests.scenes import (
    bank_account,
    households_of,
    issue_to_cooperative,
    market_for,
    pay_in,
    plan_of,
    sell,
)


def bank(who):
    """Move money in and out: confirmed, refused and waiting; and correct transfers: confirmed, refused and waiting."""
    for payer in (who.buyer, who.other_buyer):
        pay_in(who, payer, 10_000_000)
    refused = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=7, bank_reference="BANK-X"
    )
    refuse_payment(actor=who.second_treasurer, payment_id=refused.pk)
    bank_account(who, who.buyer)
    paid_out = request_withdrawal(actor=who.buyer, amount_fen=1_000)
    confirm_payment(actor=who.treasurer, payment_id=paid_out.pk, bank_reference="BANK-Y")
    request_withdrawal(actor=who.other_buyer, amount_fen=2_000)
    one, other = (open_account(organisation=each.organisation, asset=cash()) for each in (who.buyer, who.other_buyer))
    moved = post_transactions(
        [Posting("transfer", [Leg(one.pk, other.pk, amount)], "system", timezone.now()) for amount in (5, 6, 7)]
    )
    confirmed, refused, _waiting = (
        request_correction(actor=who.treasurer, transaction_id=each.transaction_id, reason=f"Not {at}.")
        for at, each in enumerate(moved)
    )
    confirm_correction(actor=who.second_treasurer, correction_id=confirmed.pk)
    refuse_correction(actor=who.second_treasurer, correction_id=refused.pk)


def share(who):
    """Share sales by plans for all and for one project, and pay out: confirmed, refused, reversed and waiting."""
    project = ProjectFactory(proponent=who.cooperative.organisation, number=4_000)
    market = market_for(who, issue_to_cooperative(who, 500, project=project), taker_fee_bps=35)
    households = households_of(who, project, ["1", "2.5", "4"])
    codes = [household.code for household in households]
    plan_of(who, statement="大会通过", is_public=True)
    plan_of(
        who,
        project=project.code,
        retained_bps=333,
        area_bps=5_000,
        equal_bps=2_000,
        contribution_bps=3_000,
        contributions={codes[0]: 30, codes[1]: 11, codes[2]: 7},
    )
    for turn in range(4):
        sell(who, market, 3, 4)
        share_waiting_proceeds()
        (payout,) = request_payout(actor=who.cooperative)
        if turn < 2:
            payout = confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference=f"HH-{turn}")
        if turn == 1:
            wrong = request_correction(actor=who.treasurer, transaction_id=payout.transaction_id, reason="Came back.")
            confirm_correction(actor=who.second_treasurer, correction_id=wrong.pk)
        if turn == 2:
            refuse_payout(actor=who.treasurer, payout_id=payout.pk)
    leave_household(actor=who.cooperative, public_id=households[0].public_id)
