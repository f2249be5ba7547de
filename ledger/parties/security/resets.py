"""Whoever has lost every second factor gets in again by two people of the operator, who know who asks."""

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound, SamePerson, WrongState
from ledger.parties.access import STEWARDS, log_name, require_operator
from ledger.parties.models import Membership, User
from ledger.parties.second_factor import has_second_factor
from ledger.parties.security.keys import end_all_tokens
from ledger.parties.security.models import FactorReset, SecurityEvent
from ledger.parties.security.services import record_security_event
from ledger.parties.security.sessions import end_sessions
from ledger.transparency.services import append_record


@transaction.atomic
def request_factor_reset(*, actor: Membership, user_id: int, reason: str) -> FactorReset:
    """Enter that a person's second factors are to go; another one confirms it.

    Locks: the person.
    Raises: NotAllowed, NotFound, SamePerson for oneself, InvalidValue (reason), WrongState where there is nothing to reset or
    it waits already.
    """
    require_operator(actor, *STEWARDS)
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound()
    if user.pk == actor.user_id:
        raise SamePerson()
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say how you know who asks."))
    if not has_second_factor(user):
        raise WrongState(state=_("without a second factor"))
    try:
        with transaction.atomic():
            reset = FactorReset.objects.create(
                user=user, reason=reason.strip()[:200], requested_by=actor.user, requested_at=timezone.now()
            )
    except IntegrityError as error:
        raise WrongState(state=FactorReset.Status.REQUESTED.label) from error
    _record(reset, "requested", actor)
    return reset


@transaction.atomic
def confirm_factor_reset(*, actor: Membership, reset_id: int) -> FactorReset:
    """Take a person's second factors away, and end every session and token; with the password one then sets up new ones.

    Locks: the reset, then the person.
    Raises: NotAllowed, NotFound, WrongState, SamePerson for whoever entered it, or whose factors they are.
    """
    reset = _decide(actor, reset_id, FactorReset.Status.CONFIRMED)
    Authenticator.objects.filter(user_id=reset.user_id).delete()
    end_sessions(user=reset.user)
    end_all_tokens(reset.user, actor=log_name(actor))
    _record(reset, "confirmed", actor)
    record_security_event(user=reset.user, kind=SecurityEvent.Kind.FACTORS_RESET, actor=log_name(actor))
    return reset


@transaction.atomic
def refuse_factor_reset(*, actor: Membership, reset_id: int) -> FactorReset:
    """Leave a person's second factors as they are.

    Locks: the reset, then the person.
    Raises: NotAllowed, NotFound, WrongState, SamePerson.
    """
    reset = _decide(actor, reset_id, FactorReset.Status.REFUSED)
    _record(reset, "refused", actor)
    return reset


def _decide(actor: Membership, reset_id: int, status: FactorReset.Status) -> FactorReset:
    require_operator(actor, *STEWARDS)
    found = FactorReset.objects.select_for_update(of=("self",)).select_related("user")
    reset = found.filter(pk=reset_id).first()
    if reset is None:
        raise NotFound()
    if reset.status != FactorReset.Status.REQUESTED:
        raise WrongState(state=reset.get_status_display())
    if actor.user_id in (reset.requested_by_id, reset.user_id):
        raise SamePerson()
    # No factor is added, and no token made, meanwhile. Before the row is changed: whoever enters another reset holds the person.
    User.objects.select_for_update(of=("self",)).get(pk=reset.user_id)
    reset.status, reset.decided_by, reset.decided_at = status, actor.user, timezone.now()
    reset.save(update_fields=["status", "decided_by", "decided_at"])
    return reset


def _record(reset: FactorReset, step: str, actor: Membership) -> None:
    """Record a step; the reason may name people, and stays outside of the log."""
    append_record(
        kind=f"security_reset_{step}",
        body={"reset": str(reset.pk), "user": str(reset.user.public_id)},
        actor=log_name(actor),
    )
