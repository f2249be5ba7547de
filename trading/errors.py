"""What the exchange refuses, and why."""

from django.utils.translation import gettext_lazy as _

from ledger.errors import DomainError


class MarketHalted(DomainError):
    code, status, message = "market_halted", 409, _("The market is halted: %(reason)s")


class MarketClosed(DomainError):
    code, status, message = (
        "market_closed",
        409,
        _("The market is closed now. Cancels are taken; enter the order when it opens."),
    )


class NotInAuction(DomainError):
    code, status = "not_in_auction", 422
    message = _("A call auction takes no orders that trade at once, only make, or show a part.")


class OrderTooLarge(DomainError):
    code, status, message = "order_too_large", 422, _("An order may be for %(most)s t at most here: split it.")


class OverLimit(DomainError):
    code, status = "over_limit", 422
    message = _(
        "Your organisation's limit is %(most)s; the order would come to %(needed)s. Ask the operator to raise it."
    )


class ReplacePending(DomainError):
    code, status = "replace_pending", 409
    message = _("The market has not taken the last new terms of this order yet. Try again in a moment.")


class TooLateToReplace(DomainError):
    code, status = "too_late_to_replace", 409
    message = _("The order is %(state)s: its terms cannot be replaced any more.")


class NothingToChange(DomainError):
    code, status, message = "nothing_to_change", 422, _("The market has these rules already.")


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


class RelationExists(DomainError):
    code, status, message = "relation_exists", 409, _("This relation is declared already, and has not ended.")


class WorkersOutOfReach(DomainError):
    code, status = "workers_out_of_reach", 503
    message = _("The workers cannot be reached now, so nothing was begun. Try again in a while.")


class DuplicateProposal(DomainError):
    code, status = "duplicate_proposal", 409
    message = _("The id %(client_id)s was used before for something else.")


class TooManyProposals(DomainError):
    code, status = "too_many_proposals", 409
    message = _("At most %(most)s may stand at a time. Withdraw one first.")


class BelowMinimum(DomainError):
    code, status = "below_minimum", 422
    message = _("The quantity must be %(least)s t at least.")


class BelowReserve(DomainError):
    code, status = "below_reserve", 422
    message = _("The price must be the reserve price, %(reserve)s fen per tonne, at least.")


class UnknownParty(DomainError):
    code, status = "unknown_party", 422
    message = _("No other approved cooperative or buyer has this name, code or id.")


class OfferNotOpen(DomainError):
    code, status, message = "offer_not_open", 409, _("The offer is %(state)s: nothing more can be done with it.")


class AuctionNotOpen(DomainError):
    code, status, message = "auction_not_open", 409, _("The auction is %(state)s: this cannot be done now.")


class BidBinds(DomainError):
    code, status = "bid_binds", 409
    message = _("A bid that everyone sees binds until the close: others have answered it.")


class BidNotStanding(DomainError):
    code, status, message = "bid_not_standing", 409, _("The bid is %(state)s: nothing more can be done with it.")


class StreamsOutOfReach(DomainError):
    code, status = "streams_out_of_reach", 503
    message = _("The live streams cannot be reached now. Ask every few seconds instead, or try again in a while.")
