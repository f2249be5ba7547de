"""What the exchange refuses, and why."""

from django.utils.translation import gettext_lazy as _

from ledger.errors import DomainError


class MarketHalted(DomainError):
    code, status, message = "market_halted", 409, _("The market is halted: %(reason)s")


class OffTick(DomainError):
    code, status, message = "off_tick", 422, _("The price must be a multiple of %(tick)s fen.")


class OffLot(DomainError):
    code, status, message = "off_lot", 422, _("The quantity must be a multiple of %(lot)s t.")


class OutsideBand(DomainError):
    code, status = "outside_band", 422
    message = _("The price must be between %(low)s and %(high)s fen per tonne.")


class InvalidOrder(DomainError):
    code, status, message = "invalid_order", 422, _("%(reason)s")


class DuplicateOrder(DomainError):
    code, status = "duplicate_order", 409
    message = _("The client order id %(client_order_id)s was used before for another order.")


class TooLateToCancel(DomainError):
    code, status, message = (
        "too_late_to_cancel",
        409,
        _("The order is %(state)s: there is nothing to cancel."),
    )


class InsufficientFunds(DomainError):
    code, status = "insufficient_funds", 409
    message = _("The order needs %(needed)s fen, available are %(available)s fen. Pay in first, or buy less.")


class InsufficientCredits(DomainError):
    code, status = "insufficient_credits", 409
    message = _("The order needs %(needed)s t, available are %(available)s t.")


class MarketExists(DomainError):
    code, status, message = "market_exists", 409, _("These credits, or this symbol, have a market already.")


class WorkersOutOfReach(DomainError):
    code, status = "workers_out_of_reach", 503
    message = _("The workers cannot be reached now, so nothing was begun. Try again in a while.")


class StreamsOutOfReach(DomainError):
    code, status = "streams_out_of_reach", 503
    message = _("The live streams cannot be reached now. Ask every few seconds instead, or try again in a while.")
