"""People, organisations, roles and API tokens."""

import datetime as dt
import secrets
from collections.abc import Sequence

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotAllowed, NotFound, SamePerson, WrongCredentials, WrongState
from ledger.parties.access import log_name, require_registrar, require_role
from ledger.parties.attempts import count_attempt
from ledger.parties.credit_codes import check_credit_code, normal_credit_code
from ledger.parties.models import ApiToken, Membership, Organisation, User
from ledger.parties.tokens import TOKEN_PREFIX, hash_token
from ledger.texts import check_texts
from ledger.transparency.services import append_record

STAFF_KINDS = (Organisation.Kind.OPERATOR, Organisation.Kind.AUDITOR)
ROLES_BY_KIND = {
    Organisation.Kind.OPERATOR: (
        Membership.Role.OWNER,
        Membership.Role.REGISTRAR,
        Membership.Role.TREASURER,
        Membership.Role.VIEWER,
    ),
}
ROLES_ELSEWHERE = (Membership.Role.OWNER, Membership.Role.TRADER, Membership.Role.VIEWER)


@transaction.atomic
def register_user(*, username: str, password: str, display_name: str, email: str = "") -> User:
    """Create a person who can log in.

    Raises: InvalidValue for a name that is taken or malformed, or a password that is too weak.
    """
    user = User(username=User.normalize_username(username), display_name=display_name, email=email)
    _check_names(user)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue(field="password", reason=" ".join(error.messages)) from error
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise InvalidValue(field="username", reason=_("This user name is taken.")) from error
    return user


def _check_names(user: User) -> None:
    check_texts(user)
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        field, reasons = next(iter(error.message_dict.items()))
        raise InvalidValue(field=field, reason=" ".join(reasons)) from error


@transaction.atomic
def apply_for_organisation(
    *, user: User, kind: str, name: str, name_en: str = "", credit_code: str = ""
) -> Organisation:
    """Apply for an organisation; the applicant becomes its owner, and the operator approves it.

    A cooperative names its unified social credit code, which every cooperative in China has: the operator looks it up, and a
    bank's statement names it. Others may come from abroad, and have none.

    Raises: InvalidValue (kind, name, credit_code), NotAllowed for somebody who acts for an organisation already.
    """
    if kind not in Organisation.Kind.values or kind == Organisation.Kind.OPERATOR:
        raise InvalidValue(field="kind", reason=_("The kind is cooperative, buyer, verifier or auditor."))
    credit_code = normal_credit_code(credit_code)
    if kind == Organisation.Kind.COOPERATIVE and not credit_code:
        raise InvalidValue(
            field="credit_code",
            reason=_("Give the cooperative's unified social credit code: it is on the business licence."),
        )
    check_credit_code(credit_code, field="credit_code")
    return _create(kind, name, name_en, credit_code, user, [(user, Membership.Role.OWNER)])


@transaction.atomic
def create_operator(*, name: str, name_en: str, members: Sequence[tuple[User, str]]) -> Organisation:
    """Create the operator itself, approved, with its first people: done once, on the server's command line.

    Raises: WrongState where there is one.
    """
    if Organisation.objects.filter(kind=Organisation.Kind.OPERATOR).exists():
        raise WrongState(state=_("one operator"))
    operator = _create(Organisation.Kind.OPERATOR, name, name_en, "", None, members)
    operator.status = Organisation.Status.APPROVED
    operator.approved_at = timezone.now()
    operator.save()
    _open_the_desk(operator)
    record_organisation("organisation_approved", operator, "system", operator.approved_at)
    return operator


def _create(
    kind: str,
    name: str,
    name_en: str,
    credit_code: str,
    user: User | None,
    members: Sequence[tuple[User, str]],
) -> Organisation:
    name = name.strip()
    if not name:
        raise InvalidValue(field="name", reason=_("Give the organisation's name."))
    if any(Membership.objects.filter(user=member).exists() for member, _role in members):
        raise NotAllowed()
    organisation = Organisation(
        kind=kind, name=name, name_en=name_en.strip(), credit_code=credit_code.strip(), applied_by=user
    )
    check_texts(organisation)
    try:
        with transaction.atomic():
            organisation.save()
    except IntegrityError as error:
        raise InvalidValue(field="name", reason=_("An organisation of this name exists.")) from error
    record_organisation(
        "organisation_applied", organisation, f"user:{user.public_id}" if user else "system", organisation.created_at
    )
    for member, role in members:
        _join(member, organisation, role, "system" if user is None else f"user:{user.public_id}")
    return organisation


@transaction.atomic
def approve_organisation(*, actor: Membership, organisation_id: int) -> Organisation:
    """Approve an organisation, so that it may register, trade or verify.

    Locks: the organisation.
    Raises: NotAllowed, NotFound, WrongState, SamePerson.
    """
    organisation = _lock(actor, organisation_id)
    if organisation.is_approved:
        raise WrongState(state=organisation.get_status_display())
    if organisation.applied_by_id == actor.user_id:
        raise SamePerson()
    organisation.status = Organisation.Status.APPROVED
    organisation.approved_by, organisation.approved_at = actor.user, timezone.now()
    organisation.save()
    _open_the_desk(organisation)
    record_organisation("organisation_approved", organisation, log_name(actor), organisation.approved_at)
    return organisation


@transaction.atomic
def suspend_organisation(*, actor: Membership, organisation_id: int) -> Organisation:
    """Suspend an organisation: it can enter nothing new; what it has stays its own.

    Locks: the organisation.
    Raises: NotAllowed, NotFound, WrongState.
    """
    organisation = _lock(actor, organisation_id)
    if not organisation.is_approved or organisation.kind == Organisation.Kind.OPERATOR:
        raise WrongState(state=organisation.get_status_display())
    organisation.status = Organisation.Status.SUSPENDED
    organisation.save()
    User.objects.filter(memberships__organisation=organisation).update(is_staff=False)
    record_organisation("organisation_suspended", organisation, log_name(actor), timezone.now())
    return organisation


def _lock(actor: Membership, organisation_id: int) -> Organisation:
    require_registrar(actor)
    organisation = Organisation.objects.select_for_update(of=("self",)).filter(pk=organisation_id).first()
    if organisation is None:
        raise NotFound()
    return organisation


@transaction.atomic
def add_member(*, actor: Membership, user: User, role: str) -> Membership:
    """Give a person a role in the actor's organisation.

    Raises: NotAllowed (also for somebody who acts for an organisation already), InvalidValue.
    """
    require_role(actor, Membership.Role.OWNER)
    if role not in ROLES_BY_KIND.get(Organisation.Kind(actor.organisation.kind), ROLES_ELSEWHERE):
        raise InvalidValue(field="role", reason=_("This kind of organisation has no such role."))
    if Membership.objects.filter(user=user).exists():
        raise NotAllowed()
    return _join(user, actor.organisation, role, log_name(actor))


def _join(user: User, organisation: Organisation, role: str, actor: str) -> Membership:
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=user, organisation=organisation, role=role)
    except IntegrityError as error:
        # Somebody else has taken the person in at the same moment.
        raise NotAllowed() from error
    if organisation.is_approved:
        _open_the_desk(organisation)
    record_member(membership, actor)
    return membership


def record_member(membership: Membership, actor: str) -> None:
    """Record who acts for whom now, and as what."""
    append_record(
        kind="member_added",
        body={
            "user": str(membership.user.public_id),
            "organisation": str(membership.organisation.public_id),
            "role": str(membership.role),
        },
        actor=actor,
    )


def _open_the_desk(organisation: Organisation) -> None:
    """Let the people of the operator or an approved auditor into the admin; an application alone opens nothing."""
    if organisation.kind in STAFF_KINDS:
        User.objects.filter(memberships__organisation=organisation).update(is_staff=True)


def issue_token_by_password(*, username: str, password: str, name: str, address: str) -> tuple[ApiToken, str]:
    """Make a key to the API for whoever knows the password; guesses are counted by name and by address.

    Raises: WrongCredentials, the same for a wrong name and a wrong password; TooManyAttempts.
    """
    username = User.normalize_username(username)
    count_attempt(username=username, address=address)
    # Django hashes the password for an unknown name too, so that the time taken tells nothing either.
    user = authenticate(username=username, password=password)
    if user is None:
        raise WrongCredentials()
    assert isinstance(user, User)
    return issue_token(user=user, name=name)


@transaction.atomic
def issue_token(*, user: User, name: str, expires_at: dt.datetime | None = None) -> tuple[ApiToken, str]:
    """Make a key to the API, and return it with its secret, which is shown this once and kept only as a hash."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(30)
    token = ApiToken.objects.create(
        user=user,
        name=name.strip()[:60] or "API",
        prefix=secret[:10],
        token_hash=hash_token(secret),
        expires_at=expires_at,
    )
    return token, secret


@transaction.atomic
def revoke_token(*, user: User, token_id: int) -> ApiToken:
    """Make one's own key worthless at once.

    Raises: NotFound.
    """
    token = ApiToken.objects.select_for_update(of=("self",)).filter(pk=token_id, user=user).first()
    if token is None:
        raise NotFound()
    token.revoked_at = token.revoked_at or timezone.now()
    token.save()
    return token


def record_organisation(kind: str, organisation: Organisation, actor: str, at: dt.datetime | None) -> None:
    """Record what an organisation is now."""
    append_record(
        kind=kind,
        body={
            "organisation": str(organisation.public_id),
            "kind": str(organisation.kind),
            "name": organisation.name,
            "name_en": organisation.name_en,
            "credit_code": organisation.credit_code,
        },
        actor=actor,
        at=at,
    )
