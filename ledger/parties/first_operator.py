"""The first person of the operator: let in by a code that the server's command line prints, good once and for an hour.

The code is an invitation like any other, made by nobody: its person is alone until they have brought in another, who confirms
from then on what they do among the operator's people (invitations.py).
"""

import datetime as dt
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotFound, WrongState
from ledger.parties import entries
from ledger.parties.invitations import accept_invitation, find_invitation, offer
from ledger.parties.locks import lock_operators, lock_organisation
from ledger.parties.models import Invitation, Membership, Organisation
from ledger.parties.services import create_operator, register_user
from ledger.transparency.services import append_record

GOOD_FOR = dt.timedelta(hours=1)
_GROUPS, _IN_A_GROUP = 5, 4
# Without I, L, O and U: it may have to be read from one screen and typed at another (base 32 of Crockford).
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


@transaction.atomic
def offer_first_operator(*, name: str, name_en: str = "") -> tuple[Invitation, str]:
    """Bring the operator into being where there is none, and return the code that lets its first person in.

    Asked again while nobody has come, it makes another code, and the one before is worthless.

    Locks: whoever else would create the operator; the operator.
    Raises: WrongState where it has people already; InvalidValue (name).
    """
    lock_operators()
    operator = Organisation.objects.filter(kind=Organisation.Kind.OPERATOR).first()
    if operator is None:
        operator = create_operator(name=name, name_en=name_en, members=[])
    operator = lock_organisation(operator.pk)
    if Membership.objects.filter(organisation=operator).exists():
        raise WrongState(state=_("an operator that has its people"))
    if name.strip() != operator.name:
        reason = _("The operator is called %(name)s already, and waits for its first person.")
        raise InvalidValue(field="name", reason=reason % {"name": operator.name})
    _withdraw_former(operator)
    code = "-".join("".join(secrets.choice(_LETTERS) for _letter in range(_IN_A_GROUP)) for _group in range(_GROUPS))
    invitation = Invitation(organisation=operator, role=Membership.Role.OWNER, needs_no_other=True)
    return offer(invitation, secret=as_typed(code), good_for=GOOD_FOR, actor="system"), code


def as_typed(code: str) -> str:
    """Return a code without what people add or confuse when they type it."""
    return code.strip().upper().translate(_READ_AS)


def _withdraw_former(operator: Organisation) -> None:
    now = timezone.now()
    former = Invitation.objects.filter(organisation=operator, invited_by=None, accepted_at=None, withdrawn_at=None)
    for invitation in former.select_related("organisation").order_by("pk"):
        invitation.withdrawn_at = now
        invitation.save(update_fields=["withdrawn_at"])
        body = entries.invitation_named(invitation)
        append_record(kind="member_invitation_withdrawn", body=body, actor="system", at=now)


def find_first_operator(*, code: str, address: str) -> Invitation:
    """Return the invitation that a code is, where it is good. Misses are counted by the address that they come from.

    Raises: NotFound, InvitationOver, TooManyAttempts.
    """
    invitation = find_invitation(secret=as_typed(code), address=address)
    if invitation.invited_by_id is not None:
        raise NotFound()
    return invitation


@transaction.atomic
def become_first_operator(*, code: str, username: str, display_name: str, password: str, address: str) -> Membership:
    """Make the account of the operator's first person, who is its owner: of two who come with the code, the first.

    Locks: the operator.
    Raises: NotFound, InvitationOver, TooManyAttempts, InvalidValue (username, display_name, password).
    """
    find_first_operator(code=code, address=address)
    user = register_user(username=username, password=password, display_name=display_name)
    return accept_invitation(user=user, secret=as_typed(code), address=address)
