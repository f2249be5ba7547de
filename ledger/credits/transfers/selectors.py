"""Read transfers of credits: the two parties theirs, the operator and auditors all."""

import datetime as dt
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from ledger.credits.transfers.models import CreditTransfer
from ledger.errors import NotFound, UnknownRecipient
from ledger.parties.access import reads_everything
from ledger.parties.credit_codes import normal_credit_code
from ledger.parties.models import Membership, Organisation
from ledger.texts import is_storable

MAX_NAMED = 60


def transfers() -> QuerySet[CreditTransfer]:
    """Return all transfers of credits, newest first, with what is needed to name them."""
    return CreditTransfer.objects.select_related(
        "batch__asset", "batch__project", "sender", "recipient", "hold", "transaction__reversed_by"
    ).order_by("-id")


def transfers_of(organisation: Organisation) -> QuerySet[CreditTransfer]:
    """Return the transfers that an organisation has offered or been offered, newest first."""
    return transfers().filter(Q(sender=organisation) | Q(recipient=organisation))


def transfers_seen_by(membership: Membership) -> QuerySet[CreditTransfer]:
    """Return the transfers that one may see, newest first: the operator and auditors all, others their own."""
    return transfers() if reads_everything(membership) else transfers_of(membership.organisation)


def access_transfer_by_public_id(*, public_id: UUID | str, membership: Membership) -> CreditTransfer:
    """Return a transfer.

    Raises: NotFound, also where it is between others.
    """
    try:
        wanted = UUID(str(public_id))
    except ValueError:
        raise NotFound() from None
    transfer = transfers_seen_by(membership).filter(public_id=wanted).first()
    if transfer is None:
        raise NotFound()
    return transfer


def open_transfers(found: QuerySet[CreditTransfer]) -> QuerySet[CreditTransfer]:
    """Return those of the transfers that can still be decided."""
    return found.filter(state=CreditTransfer.State.OFFERED, expires_at__gt=timezone.now())


def overdue_transfers(now: dt.datetime) -> list[int]:
    """Return the ids of transfers that nobody has decided in time, the oldest first."""
    overdue = CreditTransfer.objects.filter(state=CreditTransfer.State.OFFERED, expires_at__lte=now)
    return list(overdue.order_by("expires_at").values_list("pk", flat=True))


def find_recipient(named: str, *, sender: Organisation) -> Organisation:
    """Return the organisation of a unified social credit code or a public id; no list is shown to anybody.

    Raises: UnknownRecipient for oneself, one that is not approved or holds nothing, and a code that two have.
    """
    found: list[Organisation] = []
    if named.strip() and len(named) <= MAX_NAMED and is_storable(named):
        holders = Organisation.objects.filter(kind__in=Organisation.HOLDERS, status=Organisation.Status.APPROVED)
        found = list(holders.filter(_is_named(named.strip())).exclude(pk=sender.pk)[:2])
    if len(found) != 1:
        raise UnknownRecipient(field="recipient")
    return found[0]


def _is_named(named: str) -> Q:
    try:
        return Q(public_id=UUID(named))
    except ValueError:
        return Q(credit_code=normal_credit_code(named))
