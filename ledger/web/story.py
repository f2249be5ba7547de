"""What became of a tonne, in plain words: a line for each step."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.credits.cancellations.models import Cancellation
from ledger.credits.models import Retirement
from ledger.credits.trace import Holder, Move, Step, Trace
from ledger.journal.models import Account, Transaction
from ledger.parties.models import Organisation
from ledger.templatetags.tianhui import tonnes, yuan
from ledger.texts import localized
from ledger.transparency.subjects import Place


@dataclass(frozen=True, slots=True)
class Line:
    """A step: what happened, more about it, who was concerned, and where it is proved."""

    kind: str
    symbol: str
    at: dt.datetime
    title: str
    details: tuple[str, ...]
    place: Place | None
    check_url: str
    certificate_url: str = ""


_STEPS: dict[str, tuple[str, str | Promise]] = {
    "project_created": ("sprout", gettext_lazy("The project was begun")),
    "project_submitted": ("send", gettext_lazy("The project was handed in, with its forecast")),
    "project_validated": ("badge-check", gettext_lazy("The project was validated")),
    "project_registered": ("landmark", gettext_lazy("The project was registered")),
    "report_submitted": ("file-text", gettext_lazy("The monitoring report was handed in, with its calculation")),
    "report_verified": ("badge-check", gettext_lazy("The report was verified: the calculation done again agreed")),
    "report_approved": ("check", gettext_lazy("The report was approved")),
    "batch_issued": ("layers", gettext_lazy("The credits were issued")),
}


def step_lines(found: Trace) -> list[Line]:
    """Return the steps from the project to the issuance."""
    return [_step_line(step, found) for step in found.steps]


def _step_line(step: Step, found: Trace) -> Line:
    symbol, title = _STEPS[step.kind]
    details = [_by(step.organisation)] if step.organisation else []
    if step.kind == "report_submitted":
        details.append(_("It came to %(net)s t of CO₂e.") % {"net": tonnes(found.report.net_t)})
    if step.kind == "batch_issued":
        details.append(_issued(found))
    return Line(step.kind, symbol, step.at, str(title), tuple(details), step.place, _check_url(step.place))


def _issued(found: Trace) -> str:
    span = found.batch.serials
    return _("%(quantity)s t, serial numbers %(first)s to %(last)s.") % {
        "quantity": tonnes(found.batch.quantity_t),
        "first": span.lower,
        "last": span.upper - 1,
    }


def move_lines(found: Trace) -> list[Line]:
    """Return what moved the tonne."""
    return [_MOVES.get(move.kind, _transfer)(move) for move in found.moves]


def _issuance(move: Move) -> Line:
    if move.receiver.purpose == Account.Purpose.BUFFER:
        return _line(move, "layers", _("This tonne went into the buffer pool"))
    return _line(move, "wallet", _("This tonne went to %(holder)s") % {"holder": _name(move.receiver)})


def _settlement(move: Move) -> Line:
    details = [_from_to(move)]
    if move.price_fen is not None:
        details.append(
            _("%(quantity)s t in one trade, at ¥%(price)s a tonne.")
            % {"quantity": tonnes(move.quantity_t), "price": yuan(move.price_fen)}
        )
    return _line(move, "chart-candlestick", _("Sold on the market"), *details)


def _retirement(move: Move) -> Line:
    details = []
    if move.use is not None:
        details = [
            _("In the name of %(beneficiary)s.")
            % {"beneficiary": move.use.beneficiary or _("a beneficiary that is not public")},
            _("Purpose: %(purpose)s.") % {"purpose": Retirement.Purpose(move.use.purpose).label},
        ]
        if move.use.organisation:
            details.insert(0, _by(move.use.organisation))
    return _line(
        move,
        "award",
        _("Retired for good, with %(quantity)s t in all") % {"quantity": tonnes(move.quantity_t)},
        *details,
    )


def _cancellation(move: Move) -> Line:
    details = [_from(move)]
    if move.loss is not None:
        details.append(
            _("Cancelled %(kind)s. Reason: %(reason)s.")
            % {
                "kind": Cancellation.Kind(move.loss.kind).label,
                "reason": Cancellation.Reason(move.loss.reason).label,
            }
        )
    return _line(move, "ban", _("Cancelled for good, used by nobody"), *details)


def _reversal(move: Move) -> Line:
    return _line(move, "refresh-cw", _("Taken back by a correction"), _from_to(move))


def _transfer(move: Move) -> Line:
    return _line(move, "arrow-right", _("Handed over outside the market"), _from_to(move))


_MOVES: dict[str, Callable[[Move], Line]] = {
    Transaction.Kind.ISSUANCE: _issuance,
    Transaction.Kind.SETTLEMENT: _settlement,
    Transaction.Kind.RETIREMENT: _retirement,
    Transaction.Kind.CANCELLATION: _cancellation,
    Transaction.Kind.REVERSAL: _reversal,
}


def _line(move: Move, symbol: str, title: str, *details: str) -> Line:
    place, check_url, certificate_url = move.place, _check_url(move.place), ""
    if move.use is not None:
        place = move.use.place or move.place
        check_url = reverse("certificate_check", args=[move.use.public_id])
        certificate_url = reverse("certificate", args=[move.use.public_id])
    if move.loss is not None:
        certificate_url = reverse("cancellation", args=[move.loss.public_id])
    return Line(move.kind, symbol, move.at, title, details, place, check_url, certificate_url)


def _check_url(place: Place | None) -> str:
    return reverse("record_check", args=[place.record_id]) if place else ""


def _by(organisation: Organisation) -> str:
    return _("By %(organisation)s.") % {"organisation": localized(organisation, "name")}


def _from(move: Move) -> str:
    return _("From %(giver)s.") % {"giver": _name(move.giver)}


def _from_to(move: Move) -> str:
    return _("From %(giver)s to %(receiver)s.") % {"giver": _name(move.giver), "receiver": _name(move.receiver)}


def _name(holder: Holder) -> str:
    if holder.organisation is not None:
        return localized(holder.organisation, "name")
    if holder.purpose == Account.Purpose.HOLDING:
        return _("a holder who is not named here")
    return _("the registry (%(purpose)s)") % {"purpose": Account.Purpose(holder.purpose).label}


def holder_text(holder: Holder) -> str:
    """Return where a tonne is now."""
    if holder.purpose == Account.Purpose.HOLDING:
        return _("held by %(holder)s") % {"holder": _name(holder)}
    return str(Account.Purpose(holder.purpose).label)
