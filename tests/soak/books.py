"""What clients were told of money, credits, offers and bids against the books; what is still held; the log, verified offline."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from django.db import models
from django.db.models import Q, Sum

from ledger.models import Account, Hold, Payment, Payout, Retirement
from ledger.transparency.export import export_log
from ledger.transparency.history import current_vkey
from ledger.transparency.offline.progress import Progress
from ledger.transparency.offline.report import write_summary
from ledger.transparency.offline.sources import FolderSource
from ledger.transparency.offline.state import Seen
from ledger.transparency.offline.verify import verify_log
from trading.models import Bid, BlockOffer, OneWayAuction

Told = Mapping[str, Any]
LEFT = ("bank", "issuance", "retired", "cancelled")
"""Where money and credits come from, or go for good."""
PROPOSALS: tuple[tuple[str, str, type[models.Model], str], ...] = (
    ("block", "client_offer_id", BlockOffer, "client_offer_id"),
    ("lot", "client_auction_id", OneWayAuction, "client_auction_id"),
    ("bid", "client_bid_id", Bid, "client_bid_id"),
)


def books_told(told: Sequence[Told], total: Mapping[str, int]) -> Iterator[str]:
    """Yield where the books are not what clients were told of them."""
    yield from proposals_told(told)
    yield from payments_told(told)
    yield from retirements_told(told)
    yield from positions(told, total)


def proposals_told(told: Sequence[Told]) -> Iterator[str]:
    """Yield offers, lots and bids that are not there once, each under the id that was told."""
    for what, name, model, column in PROPOSALS:
        there = dict(model._default_manager.values_list(column, "pk"))
        for answer in told:
            if what not in answer or name not in answer[what]:
                continue
            asked = answer[what][name]
            found = there.pop(asked, None)
            if answer["status"] == 0:
                yield f"{what} {asked}: never answered"
            elif answer["status"] < 300 and found != answer["id"]:
                yield f"{what} {asked}: told to be {answer['id']}, and is {found}"
            elif answer["status"] >= 300 and found is not None:
                yield f"{what} {asked}: refused ({answer['code']}), and there all the same"
        yield from (f"{what} {asked}: nobody has asked for it" for asked in there)


def payments_told(told: Sequence[Told]) -> Iterator[str]:
    """Yield payments and payouts that are not there once, with the amount that was told, and decided as was told."""
    asked: dict[int, int] = {}
    confirmed: dict[int, int] = {}
    paid_out: dict[int, int] = {}
    payouts: dict[int, int] = {}
    for answer in told:
        if answer.get("status", 0) >= 300 or "id" not in answer:
            continue
        for what in ("deposit", "withdrawal"):
            if what in answer:
                asked[answer["id"]] = answer[what]["amount_fen"]
            if f"confirmed {what}" in answer:
                confirmed[answer["id"]] = answer[f"confirmed {what}"]["amount_fen"]
        if "payout" in answer:
            payouts[answer["id"]] = answer["payout"]
        if "confirmed payout" in answer:
            paid_out[answer["id"]] = answer["confirmed payout"]["amount_fen"]
    yield from _compare("payment", asked, dict(Payment.objects.values_list("pk", "amount_fen")))
    posted = Payment.objects.filter(status=Payment.Status.POSTED)
    yield from _compare("confirmed payment", confirmed, dict(posted.values_list("pk", "amount_fen")))
    yield from _compare("payout", payouts, dict(Payout.objects.values_list("pk", "amount_fen")))
    paid = Payout.objects.filter(status=Payout.Status.POSTED)
    yield from _compare("confirmed payout", paid_out, dict(paid.values_list("pk", "amount_fen")))


def _compare(what: str, told: Mapping[int, int], there: Mapping[int, int]) -> Iterator[str]:
    for pk in sorted(told.keys() | there.keys()):
        if told.get(pk) != there.get(pk):
            yield f"{what} {pk}: told of {told.get(pk, 'nothing')}, and {there.get(pk, 'nothing')} is there"


def retirements_told(told: Sequence[Told]) -> Iterator[str]:
    """Yield retirements that are not there once, with the tonnes that were told."""
    there = {str(pk): tonnes for pk, tonnes in Retirement.objects.values_list("public_id", "quantity_t")}
    for answer in told:
        if "retirement" not in answer or answer["status"] >= 300:
            continue
        if answer["status"] == 0:
            yield f"a retirement by {answer['by']} was never answered"
        elif (found := there.pop(answer["id"], None)) != answer["retirement"]["quantity_t"]:
            yield f"retirement {answer['id']}: told of {answer['retirement']['quantity_t']} t, and {found} t are there"
    yield from (f"retirement {pk}: nobody was told of it" for pk in there)


def positions(told: Sequence[Told], total: Mapping[str, int]) -> Iterator[str]:
    """Yield where money or tonnes were made or lost: what is there is what was, and what was told to have come and gone."""
    expected = Counter(total)
    for answer in told:
        if answer.get("status", 0) not in range(200, 300):
            continue
        for what, sign in (("confirmed deposit", 1), ("confirmed withdrawal", -1), ("confirmed payout", -1)):
            if what in answer:
                expected["CNY"] += sign * answer[what]["amount_fen"]
        if "retirement" in answer:
            expected[answer["retirement"]["batch"]] -= answer["retirement"]["quantity_t"]
    there = held_in_all()
    for code in sorted(expected.keys() | there.keys()):
        if expected[code] != there.get(code, 0):
            yield f"{code}: {expected[code]} must be there, {there.get(code, 0)} are"


def deposits_there() -> list[dict[str, Any]]:
    """Return the deposits that are there, as clients are told of them: for who was given money before anybody was told anything."""
    return [
        {"deposit": (asked := {"amount_fen": amount_fen}), "confirmed deposit": asked, "id": pk, "status": 200}
        for pk, amount_fen in Payment.objects.order_by("pk").values_list("pk", "amount_fen")
    ]


def held_in_all() -> dict[str, int]:
    """Return what everybody has together of each asset, fees and the buffer pool included."""
    theirs = Account.objects.exclude(purpose__in=LEFT)
    return dict(theirs.order_by().values_list("asset__code").annotate(Sum("balance")))


def still_held() -> Iterator[str]:
    """Yield what is held though nothing is open any more: after everybody has cancelled and withdrawn all that they could."""
    for purpose, count, amount in (
        Hold.objects.filter(remaining__gt=0)
        .order_by()
        .values_list("purpose")
        .annotate(models.Count("pk"), Sum("remaining"))
    ):
        yield f"{count} holds for {purpose} still hold {amount}"
    held = Account.objects.exclude(held=0).count()
    if held:
        yield f"{held} accounts have something held"
    for what, found in (
        ("offers of blocks", BlockOffer.objects.filter(state=BlockOffer.State.OPEN)),
        ("auctions", OneWayAuction.objects.filter(state=OneWayAuction.State.OPEN)),
        ("bids", Bid.objects.filter(state=Bid.State.STANDING)),
        ("payments", Payment.objects.filter(status=Payment.Status.REQUESTED)),
        ("payouts", Payout.objects.filter(status=Payout.Status.REQUESTED)),
    ):
        if count := found.count():
            yield f"{count} {what} are still open"


def nothing_is_open() -> bool:
    """Return whether everything has been decided."""
    open_holds = Hold.objects.filter(remaining__gt=0).exists()
    waiting = Payment.objects.filter(Q(status=Payment.Status.REQUESTED)).exists()
    return not open_holds and not waiting and not OneWayAuction.objects.filter(state=OneWayAuction.State.OPEN).exists()


def verify_offline(told: Iterable[Told], folder: Path) -> tuple[list[str], dict[str, int]]:
    """Export the log and verify it as an auditor would, against every checkpoint that was seen; return problems and figures."""
    found: list[str] = []
    roots: dict[int, bytes] = {}
    for answer in told:
        if "checkpoint" not in answer:
            continue
        size, root = answer["checkpoint"], bytes.fromhex(answer["root"])
        if roots.setdefault(size, root) != root:
            found.append(f"two roots were seen of {size} records")
    vkey = current_vkey()
    export_log(folder)
    result = verify_log(FolderSource(folder), vkey, seen=Seen(vkey.split("+")[0], dict(roots)), progress=Progress(None))
    if not result.holds:
        # What comes after the first empty line is what it would all come to.
        found += [f"offline: {line}" for line in takewhile(bool, write_summary(result))]
    if missing := roots.keys() - set(result.consistent_with):
        found.append(f"{len(missing)} checkpoints that were seen are not in the log, such as of {min(missing)} records")
    return found, {"records": result.checkpoint.size, "checkpoints": len(roots)}
