"""Freeze and lift, with what that means for the markets: every door calls these.

A freeze of trading, or of everything, halts each market ahead of all that waits for it, in the very transaction in which it
begins to stand: what a batch had taken before is done, nothing that waits is matched. Cancels are taken as in any halt.
"""

from django.db import transaction

from ledger.freezes import STOPS, Scope, letting_through
from ledger.incidents import services as incidents
from ledger.incidents.models import Incident
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from trading.orders.phases import halt_all_at_once, resume_halted


def halts_markets(incident: Incident) -> bool:
    """Return whether a freeze stops trading."""
    return incident.scope in STOPS[Scope.TRADING]


def note_of(incident: Incident) -> str:
    """Return what a market that an incident has halted says for a reason."""
    return f"{incident.reason} (#{incident.pk})"


@transaction.atomic
def freeze(*, actor: Membership | None, scope: str, reason: str) -> Incident:
    """Freeze trading, withdrawals or everything, in one action; nobody on the command line of the server.

    Locks: the order of freezes.
    Raises: NotAllowed, InvalidValue, WrongState where the same is frozen already.
    """
    incident = incidents.open_incident(actor=actor, scope=scope, reason=reason)
    if halts_markets(incident):
        with letting_through():
            halt_all_at_once(note=note_of(incident), actor=_name_of(actor))
    return incident


@transaction.atomic
def confirm_lift(*, actor: Membership, incident_id: int) -> Incident:
    """Lift a freeze as the second person; markets go on that an incident has halted, once no other freeze stops them.

    Locks: the order of freezes, then the incident.
    Raises: NotAllowed, NotFound, WrongState, SamePerson.
    """
    incident = incidents.confirm_lift(actor=actor, incident_id=incident_id)
    if halts_markets(incident) and not _trading_stays_frozen():
        resume_halted(
            notes={note_of(each) for each in Incident.objects.filter(scope__in=STOPS[Scope.TRADING])},
            actor=log_name(actor),
            auction_minutes=incident.auction_minutes,
        )
    return incident


def _trading_stays_frozen() -> bool:
    return Incident.objects.filter(scope__in=STOPS[Scope.TRADING], lifted_at=None).exists()


def _name_of(actor: Membership | None) -> str:
    return incidents.SYSTEM if actor is None else log_name(actor)
