"""People, organisations, roles and API tokens."""

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import ActsAlready, InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.parties import entries
from ledger.parties.access import log_name, require_registrar
from ledger.parties.credit_codes import check_credit_code, normal_credit_code
from ledger.parties.locks import lock_for_owner, lock_operators
from ledger.parties.models import ApiToken, Membership, Organisation, User
from ledger.parties.rights import roles_in
from ledger.parties.scopes import WITHOUT_MEMBERS, check_scopes
from ledger.parties.security.keys import end_tokens
from ledger.parties.security.models import SecurityEvent
from ledger.parties.security.passwords import person_by_credentials
from ledger.parties.security.revocations import tell_revoked
from ledger.parties.security.services import NOWHERE, Origin, record_security_event
from ledger.parties.selectors import tokens_of
from ledger.parties.tokens import MAX_TOKENS, TOKEN_PREFIX, check_expiry, check_networks, hash_token
from ledger.texts import check_texts
from ledger.transparency.services import NewRecord, append_record, append_records

WARNED_BEFORE = dt.timedelta(days=7)
MOST_WARNED_AT_ONCE = 1_000
STAFF_KINDS = (Organisation.Kind.OPERATOR, Organisation.Kind.AUDITOR)


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
    """Create the operator itself, approved, once. Its first person comes by a code (first_operator.py), so `members` are none but in
    the demo and in tests.

    Locks: an advisory lock, so that of two who create it at once one does.
    Raises: WrongState where there is one.
    """
    lock_operators()
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
        join(member, organisation, role, "system" if user is None else f"user:{user.public_id}")
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
    _end_weak_tokens(organisation, log_name(actor))
    _open_the_desk(organisation)
    record_organisation("organisation_approved", organisation, log_name(actor), organisation.approved_at)
    return organisation


@transaction.atomic
def suspend_organisation(*, actor: Membership, organisation_id: int) -> Organisation:
    """Suspend an organisation: it can enter nothing new, and its tokens are refused; what it has stays its own.

    Locks: the organisation.
    Raises: NotAllowed, NotFound, WrongState.
    """
    organisation = _lock(actor, organisation_id)
    if not organisation.is_approved or organisation.kind == Organisation.Kind.OPERATOR:
        raise WrongState(state=organisation.get_status_display())
    organisation.status = Organisation.Status.SUSPENDED
    organisation.save()
    people = User.objects.filter(memberships__organisation=organisation)
    people.update(is_staff=False)
    for user_id in people.values_list("pk", flat=True):
        tell_revoked(user_id)
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
    """Give a person who has signed up a role in the actor's organisation.

    Locks: the organisation.
    Raises: NotAllowed (also among the operator's people, where role_changes.py is the way), ActsAlready, InvalidValue.
    """
    organisation = lock_for_owner(actor)
    if organisation.kind == Organisation.Kind.OPERATOR:
        raise NotAllowed()
    check_role(organisation, role)
    return join(user, organisation, role, log_name(actor))


def check_role(organisation: Organisation, role: str) -> None:
    """Refuse a role that a kind of organisation does not have.

    Raises: InvalidValue.
    """
    if role not in roles_in(organisation.kind):
        raise InvalidValue(field="role", reason=_("This kind of organisation has no such role."))


def join(user: User, organisation: Organisation, role: str, actor: str) -> Membership:
    """Let a person act for an organisation; whoever calls has found that they may.

    Raises: ActsAlready.
    """
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=user, organisation=organisation, role=role)
    except IntegrityError as error:
        # Somebody else has taken the person in, perhaps at the same moment.
        raise ActsAlready() from error
    # What a person made before they acted for anybody is good for the first organisation that they act for.
    ApiToken.objects.filter(user=user, organisation=None).update(organisation=organisation)
    if organisation.is_approved:
        _open_the_desk(organisation)
    record_member(membership, actor)
    return membership


def record_member(membership: Membership, actor: str) -> None:
    """Record who acts for whom now, and as what."""
    append_record(
        kind="member_added",
        body=entries.member(membership),
        actor=actor,
    )


def _end_weak_tokens(organisation: Organisation, actor: str) -> None:
    """Make the keys worthless that people of an auditor made as applicants: by password alone, when they opened nothing."""
    if organisation.kind in STAFF_KINDS and settings.SECOND_FACTOR_REQUIRED:
        people = User.objects.filter(memberships__organisation=organisation).order_by("pk")
        for person in people:
            end_tokens(list(tokens_of(person).select_for_update(of=("self",)).order_by("pk")), actor=actor)


def _open_the_desk(organisation: Organisation) -> None:
    """Let the people of the operator or an approved auditor into the admin; an application alone opens nothing."""
    if organisation.kind in STAFF_KINDS:
        User.objects.filter(memberships__organisation=organisation).update(is_staff=True)


def issue_token_by_password(
    *, username: str, password: str, name: str, origin: Origin, code: str = "", **terms: Any
) -> tuple[ApiToken, str]:
    """Make a key to the API for whoever knows the password, and has a code of the second factor where there is one.

    Raises: WrongCredentials, the same for a wrong name and a wrong password; TooManyAttempts; SecondFactorNeeded, WrongCode,
    SecondFactorMissing; InvalidValue as `issue_token`.
    """
    user = person_by_credentials(username=username, password=password, code=code, origin=origin)
    return issue_token(user=user, name=name, origin=origin, **terms)


@transaction.atomic
def issue_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str] = WITHOUT_MEMBERS,
    expires_at: dt.datetime | None = None,
    networks: Iterable[str] = (),
    origin: Origin = NOWHERE,
) -> tuple[ApiToken, str]:
    """Make a key to the API, and return it with its secret, which is shown this once and kept only as a hash.

    It is good for the organisation that the person acts for, for 90 days where no time is given, and with what is said of
    scopes and networks. No door lets a token make another: what leaks must not outlive itself.

    Locks: the person, as whoever refers to them does; who locks the account, or sets another password, waits for this or is seen.
    Raises: InvalidValue (name, scopes, expires_at, networks; too many tokens), NotAllowed where the account was locked, or
    its password changed, since the person was let in: that has ended every token, and this one would outlive it.
    """
    _require_still_let_in(user)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(30)
    token = ApiToken(
        user=user,
        organisation_id=Membership.objects.filter(user=user).values_list("organisation_id", flat=True).first(),
        name=name.strip()[:60] or "API",
        prefix=secret[:10],
        token_hash=hash_token(secret),
        scopes=check_scopes(scopes),
        networks=check_networks(networks),
        expires_at=check_expiry(expires_at),
    )
    check_texts(token)
    # Two who are counted at one moment may come to one too many, which does no harm.
    if tokens_of(user).count() >= MAX_TOKENS:
        raise InvalidValue(field="name", reason=_("You have %(most)s tokens. Revoke one first.") % {"most": MAX_TOKENS})
    token.save()
    record_security_event(user=user, kind=SecurityEvent.Kind.TOKEN_MADE, origin=origin)
    return token, secret


def _require_still_let_in(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_active, password FROM ledger_user WHERE id = %s FOR KEY SHARE", [user.pk])
        if cursor.fetchone() != (True, user.password):
            raise NotAllowed()


@transaction.atomic
def revoke_token(*, user: User, token_id: int, origin: Origin = NOWHERE) -> ApiToken:
    """Make one's own key worthless at once.

    Locks: the token.
    Raises: NotFound.
    """
    token = ApiToken.objects.select_for_update(of=("self",)).filter(pk=token_id, user=user).first()
    if token is None:
        raise NotFound()
    if token.revoked_at is None:
        end_tokens([token], origin=origin)
        token.refresh_from_db(fields=["revoked_at"])
    return token


@transaction.atomic
def revoke_tokens(*, user: User, origin: Origin = NOWHERE) -> int:
    """Make all of a person's keys worthless at once, and return how many were good.

    Locks: the tokens.
    """
    tokens = list(tokens_of(user).select_for_update(of=("self",)).order_by("pk"))
    end_tokens(tokens, origin=origin)
    return len(tokens)


@transaction.atomic
def warn_of_expiring_tokens() -> int:
    """Record tokens that end within a week, each once, so that their people can be told; return how many.

    Locks: the tokens; those that are being changed just now wait for the next time.
    """
    now = timezone.now()
    ending = (
        ApiToken.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("user", "organisation")
        .filter(warned_at=None, revoked_at=None, expires_at__gt=now, expires_at__lte=now + WARNED_BEFORE)
        # Short ones were made short on purpose.
        .exclude(expires_at__lt=F("created_at") + 2 * WARNED_BEFORE)
        .order_by("pk")[:MOST_WARNED_AT_ONCE]
    )
    tokens = list(ending)
    append_records([NewRecord("token_expiring", entries.token_named(token), "system", now) for token in tokens])
    ApiToken.objects.filter(pk__in=[token.pk for token in tokens]).update(warned_at=now)
    return len(tokens)


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
