"""A log of everything that the journal knows, told by the services that people use, exported, and what the database says of it."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from ledger.credits.services import retire_credits
from ledger.journal.corrections import confirm_correction, refuse_correction, request_correction
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.journal.posting import Leg, Posting, post_transactions
from ledger.journal.services import open_account
from ledger.models import Account, Asset, SerialBlock, Transaction
from ledger.transparency.__main__ import main
from ledger.transparency.keys import log_signer
from ledger.transparency.offline.bundles import split_bundle
from ledger.transparency.sequencer import sequence_log
from tests.scenes import People, issue_to_cooperative, market_for, pay_in, people
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order


@dataclass(frozen=True, slots=True)
class Told:
    """A folder with a log, its entries, and what the database holds at the end of it."""

    folder: Path
    vkey: str
    entries: list[bytes]
    balances: dict[str, int]
    serials: dict[str, list[list[str]]]


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Tell the story once for all tests of a file; the folder is not to be changed."""
    folder = tmp_path_factory.mktemp("told") / "log"
    with django_db_blocker.unblock(), transaction.atomic():
        tell(people())
        sequence_log()
        call_command("export_log", str(folder), stdout=io.StringIO())
        found = Told(folder, log_signer().vkey, entries_in(folder), _balances(), _serials())
        transaction.set_rollback(True)
    return found


def tell(who: People) -> None:
    """Issue, trade, pay, transfer, retire, cancel and correct."""
    rice, tea = issue_to_cooperative(who, 1_000, buffer_t=100), issue_to_cooperative(who, 500)
    for payer in (who.buyer, who.other_buyer):
        pay_in(who, payer, 10_000_000)
    _trade(who, rice)
    _trade(who, tea)
    for holder, tonnes in ((who.buyer, 12), (who.other_buyer, 3)):
        retire_credits(
            actor=holder, batch_id=rice.pk, quantity_t=tonnes, beneficiary_name="龙山米业", purpose="own_footprint"
        )
    _move(who, "transfer", rice.asset, who.buyer.organisation, 5)
    _move(who, "cancellation", rice.asset, None, 2)
    confirm_payment(
        actor=who.treasurer,
        payment_id=request_withdrawal(actor=who.cooperative, amount_fen=50_000).pk,
        bank_reference="OUT 1",
    )
    _correct(who)


def _trade(who: People, batch: Any) -> None:
    market = market_for(who, batch, taker_fee_bps=35)
    sell = NewOrder(f"sell {market.pk}", "sell", 4_000, 90)
    place_order(actor=who.cooperative, market_id=market.pk, order=sell)
    for buyer, quantity in ((who.buyer, 30), (who.other_buyer, 20), (who.buyer, 11)):
        order = NewOrder(f"buy {market.pk} {quantity}", "buy", 4_010, quantity)
        place_order(actor=buyer, market_id=market.pk, order=order)
    execute_market(market.pk)


def _move(who: People, kind: str, asset: Asset, receiver: Any, tonnes: int) -> None:
    giver = open_account(organisation=who.cooperative.organisation, asset=asset)
    purpose = Account.Purpose.HOLDING if receiver else Account.Purpose.CANCELLED
    leg = Leg(giver.pk, open_account(organisation=receiver, asset=asset, purpose=purpose).pk, tonnes)
    post_transactions([Posting(kind, [leg], "system", timezone.now(), idempotency_key=f"{kind} of the story")])


def _correct(who: People) -> None:
    """Take back a deposit and a transfer that were wrong; refuse a payment and a correction."""
    pay_in(who, who.other_buyer, 777)
    refused = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=5, bank_reference="TYPO"
    )
    refuse_payment(actor=who.second_treasurer, payment_id=refused.pk)
    wrong = [Transaction.objects.filter(kind=kind).latest("pk") for kind in ("deposit", "transfer")]
    for posted in wrong:
        correction = request_correction(actor=who.treasurer, transaction_id=posted.pk, reason="To the wrong one.")
        confirm_correction(actor=who.second_treasurer, correction_id=correction.pk)
    first = Transaction.objects.filter(kind="deposit").earliest("pk")
    correction = request_correction(actor=who.treasurer, transaction_id=first.pk, reason="Perhaps wrong.")
    refuse_correction(actor=who.second_treasurer, correction_id=correction.pk)


def entries_in(folder: Path) -> list[bytes]:
    """Return all entries of an exported log."""
    entries: list[bytes] = []
    for path in sorted((folder / "tile" / "entries").rglob("*"), key=lambda path: path.name.startswith("000.p")):
        if path.is_file():
            entries += split_bundle(path.read_bytes())[0]
    return entries


def _balances() -> dict[str, int]:
    return {str(pk): balance for pk, balance in Account.objects.values_list("pk", "balance")}


def _serials() -> dict[str, list[list[str]]]:
    owned: dict[str, list[list[str]]] = {}
    for block in SerialBlock.objects.order_by("serials"):
        runs = owned.setdefault(str(block.account_id), [])
        first, last = block.serials.lower, block.serials.upper - 1
        if runs and int(runs[-1][1]) + 1 == first:
            runs[-1][1] = str(last)
        else:
            runs.append([str(first), str(last)])
    return owned


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the verifier's command in this process: exit status, what it says, what it complains of."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit:  # of argparse
            status = int(exit.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def verify(run: Callable[..., tuple[int, str, str]]) -> Callable[..., dict[str, Any]]:
    """Verify a folder, and return the report for programs; its exit status must agree with it."""

    def verify(folder: Path, vkey: str, *arguments: object) -> dict[str, Any]:
        status, out, errors = run("verify", folder, "--key", vkey, "--json", *arguments)
        assert not errors, errors
        report: dict[str, Any] = json.loads(out)
        assert status == (0 if report["verified"] else 1)
        return report

    return verify
