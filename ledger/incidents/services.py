"""Freeze in one action by one person, and lift by two: speed where it protects, care where it opens again.

What a freeze stops is stopped by its row (ledger/freezes.py). The exchange calls these from `trading/incidents`, which halts and
resumes the markets in the same transaction: doors call those.
"""

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import freezes
from ledger.errors import InvalidValue, NotFound, SamePerson, WrongState
from ledger.freezes import Scope
from ledger.incidents import entries
from ledger.incidents.models import Incident
from ledger.parties.access import log_name, require_operator
from ledger.parties.models import Membership
from ledger.texts import check_text
from ledger.transparency.services import append_record

ROLES = (Membership.Role.OWNER, Membership.Role.REGISTRAR, Membership.Role.TREASURER)
"""Who may freeze, ask for a lift and confirm one: everyone of the operator's people who decides anything."""
MAX_REASON = 160
LONGEST_AUCTION = 60
SYSTEM = "system"
_ORDER = 0x7469_616E_6875_6903


@transaction.atomic
def open_incident(*, actor: Membership | None, scope: str, reason: str) -> Incident:
    """Freeze, at once and for everybody: what is written, shown to everyone and recorded is the incident.

    `actor` is nobody on the command line of the server, for when pages cannot be reached.

    Locks: the order of freezes (`lock_order`), for a moment; it waits for no writer.
    Raises: NotAllowed, InvalidValue, WrongState where the same is frozen already.
    """
    if actor is not None:
        require_member(actor)
    if scope not in Scope.values:
        raise InvalidValue(field="scope", reason=_("Choose trading, withdrawals or everything."))
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is shown to everyone."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    lock_order()
    try:
        with transaction.atomic():
            incident = Incident.objects.create(
                scope=scope,
                reason=reason.strip(),
                begun_by=None if actor is None else actor.user,
                begun_at=timezone.now(),
            )
    except IntegrityError as error:
        raise WrongState(state=_("frozen already")) from error
    _changed()
    _record("incident_begun", entries.begun(incident), actor)
    return incident


@transaction.atomic
def ask_for_lift(*, actor: Membership, incident_id: int, reason: str, auction_minutes: int = 0) -> Incident:
    """Ask that a freeze be lifted; nothing changes before a second person confirms it.

    Units: `auction_minutes`: how long a call auction lets orders come together before trading goes on; 0: none.

    Locks: the incident.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue.
    """
    require_member(actor)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say what was found, and why it is safe to go on."))
    check_text(reason.strip(), field="reason", most=200)
    if not 0 <= auction_minutes <= LONGEST_AUCTION:
        raise InvalidValue(field="auction_minutes", reason=_("A call auction lasts up to 60 minutes."))
    incident = _lock(incident_id)
    if incident.waits_to_be_lifted:
        raise WrongState(state=_("to be lifted already"))
    incident.lift_requested_by, incident.lift_requested_at = actor.user, timezone.now()
    incident.lift_reason, incident.auction_minutes = reason.strip(), auction_minutes
    incident.save(update_fields=["lift_requested_by", "lift_requested_at", "lift_reason", "auction_minutes"])
    _changed()
    _record("incident_lift_requested", entries.lift_asked(incident), actor)
    return incident


@transaction.atomic
def confirm_lift(*, actor: Membership, incident_id: int) -> Incident:
    """Lift a freeze as the second person.

    Locks: the order of freezes, then the incident.
    Raises: NotAllowed, NotFound, WrongState, SamePerson for whoever asked for it.
    """
    require_member(actor)
    lock_order()
    incident = _lock_waiting(incident_id)
    if incident.lift_requested_by_id == actor.user_id:
        raise SamePerson()
    incident.lifted_by, incident.lifted_at = actor.user, timezone.now()
    incident.save(update_fields=["lifted_by", "lifted_at"])
    # While it is written the freeze still stands for others; for this transaction it is over.
    freezes.forget()
    _record("incident_lifted", entries.lifted(incident), actor)
    _changed()
    return incident


@transaction.atomic
def refuse_lift(*, actor: Membership, incident_id: int) -> Incident:
    """Let the freeze stand, or take one's own request back.

    Locks: the incident.
    Raises: NotAllowed, NotFound, WrongState.
    """
    require_member(actor)
    incident = _lock_waiting(incident_id)
    incident.lift_requested_by = incident.lift_requested_at = None
    incident.lift_reason, incident.auction_minutes = "", 0
    incident.save(update_fields=["lift_requested_by", "lift_requested_at", "lift_reason", "auction_minutes"])
    _changed()
    _record("incident_lift_refused", entries.lifted(incident), actor)
    return incident


def lock_order(*, shared: bool = False) -> None:
    """Take the order in which freezes begin and end, for the rest of the transaction: whoever resumes a market shares it.

    Locks: an advisory lock.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_ORDER])


def require_member(actor: Membership) -> None:
    """Refuse everyone but those of the operator's people who decide anything.

    Raises: NotAllowed.
    """
    require_operator(actor, *ROLES)


def _lock(incident_id: int) -> Incident:
    incident = Incident.objects.select_for_update(of=("self",)).filter(pk=incident_id).first()
    if incident is None:
        raise NotFound()
    if not incident.stands:
        raise WrongState(state=_("lifted"))
    return incident


def _lock_waiting(incident_id: int) -> Incident:
    incident = _lock(incident_id)
    if not incident.waits_to_be_lifted:
        raise WrongState(state=_("not asked to be lifted"))
    return incident


def _changed() -> None:
    """Have this process read anew: now, for this transaction, and once more when others can see what it did."""
    freezes.forget()
    transaction.on_commit(freezes.forget)


def _record(kind: str, body: dict[str, str], actor: Membership | None) -> None:
    append_record(kind=kind, body=body, actor=SYSTEM if actor is None else log_name(actor))
