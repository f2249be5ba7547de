"""Erase what names a person or a household, without touching the ledger: its public id stays, and stands for nobody any more.

What the law has kept (orders, trades, payments, judgements, and who did what in the log, by opaque ids) stays as it is.
docs/personal-data.md says what is where, and why what stays stays.
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.sharing.models import HouseholdLink
from ledger.errors import NotFound, SamePerson, WrongState
from ledger.journal.models import Account
from ledger.notices.models import Message, Notice, NoticeSettings
from ledger.parties.access import STEWARDS, log_name, require_operator
from ledger.parties.models import ApiToken, Household, Invitation, Membership, User
from ledger.parties.security.keys import end_all_tokens
from ledger.parties.security.locking import ERASED
from ledger.parties.security.models import AccountLock, EventOrigin, FactorReset
from ledger.parties.security.sessions import end_sessions
from ledger.personal.models import Erasure
from ledger.transparency.services import append_record

Status = Erasure.Status


@transaction.atomic
def ask_for_own_erasure(*, user: User) -> Erasure:
    """Ask that one's own data be erased; somebody of the operator confirms it.

    Raises: WrongState for who still acts for an organisation, or has asked already.
    """
    return _request(person=user, household=None, by=user, actor=f"user:{user.public_id}")


@transaction.atomic
def request_erasure(*, actor: Membership, person_id: int | None = None, household_id: int | None = None) -> Erasure:
    """Enter, for who has asked for it, that a person's or a household's data be erased; a second person confirms it.

    Raises: NotAllowed, NotFound, SamePerson for oneself, WrongState where it cannot be done yet or waits already.
    """
    require_operator(actor, *STEWARDS)
    person = None if person_id is None else User.objects.filter(pk=person_id).first()
    household = None if household_id is None else Household.objects.filter(pk=household_id).first()
    if (person is None) == (household is None):
        raise NotFound()
    if person is not None and person.pk == actor.user_id:
        raise SamePerson()
    return _request(person=person, household=household, by=actor.user, actor=log_name(actor))


@transaction.atomic
def confirm_erasure(*, actor: Membership, erasure_id: int) -> Erasure:
    """Erase, as the second person. It cannot be undone.

    Locks: the erasure, then the person or the household.
    Raises: NotAllowed, NotFound, SamePerson, WrongState where it cannot be done any more.
    """
    erasure = _lock(actor, erasure_id)
    if actor.user_id in (erasure.requested_by_id, erasure.person_id):
        raise SamePerson()
    if erasure.person is not None:
        _erase_person(erasure.person, log_name(actor))
    else:
        assert erasure.household is not None
        _erase_household(erasure.household)
    _decide(erasure, Status.DONE, actor)
    _record("confirmed", erasure, log_name(actor))
    return erasure


@transaction.atomic
def refuse_erasure(*, actor: Membership, erasure_id: int) -> Erasure:
    """Leave the data as they are, or take one's own entry back.

    Locks: the erasure.
    Raises: NotAllowed, NotFound, WrongState.
    """
    erasure = _lock(actor, erasure_id)
    _decide(erasure, Status.REFUSED, actor)
    _record("refused", erasure, log_name(actor))
    return erasure


@transaction.atomic
def note_export(*, actor: Membership, household_id: int) -> Household:
    """Note in the log that a household's data were handed out at its request, and return it.

    Raises: NotAllowed, NotFound.
    """
    require_operator(actor, *STEWARDS)
    household = Household.objects.select_related("cooperative").filter(pk=household_id).first()
    if household is None:
        raise NotFound()
    append_record(kind="household_data_exported", body={"household": str(household.public_id)}, actor=log_name(actor))
    return household


def _request(*, person: User | None, household: Household | None, by: User, actor: str) -> Erasure:
    _check(person, household)
    try:
        with transaction.atomic():
            erasure = Erasure.objects.create(
                person=person, household=household, requested_by=by, requested_at=timezone.now()
            )
    except IntegrityError as error:
        raise WrongState(state=Status.REQUESTED.label) from error
    _record("requested", erasure, actor)
    return erasure


def _check(person: User | None, household: Household | None) -> None:
    """Refuse what would leave somebody acting, or money owed, under no name.

    Raises: WrongState.
    """
    if person is not None and Membership.objects.filter(user=person).exists():
        raise WrongState(state=_("still acting for an organisation: leave it first"))
    if household is None:
        return
    if household.left_at is None:
        raise WrongState(state=_("still a member: the cooperative removes it from its list first"))
    if Account.objects.filter(household=household, balance__gt=0).exists():
        raise WrongState(state=_("still owed money: it is paid out first"))


def _erase_person(person: User, actor: str) -> None:
    user = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    _check(user, None)
    end_sessions(user=user)
    end_all_tokens(user, actor=actor)
    ApiToken.objects.filter(user=user).update(name="API", networks=[])
    EmailAddress.objects.filter(user_id=user.pk).delete()
    Authenticator.objects.filter(user_id=user.pk).delete()
    EventOrigin.objects.filter(event__user=user).delete()
    Message.objects.filter(person=user).delete()
    Notice.objects.filter(person=user).delete()
    NoticeSettings.objects.filter(person=user).update(
        phone="", phone_confirmed_at=None, phone_code_hash=None, email_groups=[], sms_groups=[], digest="off"
    )
    Invitation.objects.filter(Q(accepted_by=user) | Q(invited_by=user)).update(note="")
    FactorReset.objects.filter(user=user).update(reason="–")
    AccountLock.objects.filter(user=user).update(reason="–")
    user.username = f"{ERASED}{user.public_id.hex[:16]}"
    user.display_name = user.first_name = user.last_name = user.email = ""
    user.last_login, user.is_active, user.is_staff = None, False, False
    user.set_unusable_password()
    user.save()


def _erase_household(household: Household) -> None:
    found = Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    _check(None, found)
    HouseholdLink.objects.filter(household=found).update(token_hash=None, revoked_at=timezone.now())
    found.code = f"{ERASED}{found.public_id.hex[:16]}"
    found.name = "–"
    found.save(update_fields=["code", "name"])


def _lock(actor: Membership, erasure_id: int) -> Erasure:
    require_operator(actor, *STEWARDS)
    found = Erasure.objects.select_for_update(of=("self",)).select_related("person", "household")
    erasure = found.filter(pk=erasure_id).first()
    if erasure is None:
        raise NotFound()
    if erasure.status != Status.REQUESTED:
        raise WrongState(state=erasure.get_status_display())
    return erasure


def _decide(erasure: Erasure, status: Erasure.Status, actor: Membership) -> None:
    erasure.status, erasure.decided_by, erasure.decided_at = status, actor.user, timezone.now()
    erasure.save(update_fields=["status", "decided_by", "decided_at"])


def _record(step: str, erasure: Erasure, actor: str) -> None:
    """Record a step: whose data went is told by a public id that names nobody from then on."""
    body = {"erasure": str(erasure.pk)}
    if erasure.person is not None:
        append_record(kind=f"security_erasure_{step}", body=body | {"user": str(erasure.person.public_id)}, actor=actor)
    elif erasure.household is not None:
        append_record(
            kind=f"household_erasure_{step}",
            body=body | {"household": str(erasure.household.public_id)},
            actor=actor,
        )
