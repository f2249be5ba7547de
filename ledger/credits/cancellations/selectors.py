"""Read cancellations, which are public, and those that the operator has ordered."""

from uuid import UUID

from django.db.models import QuerySet, Sum

from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.errors import NotAllowed, NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership


def cancellations() -> QuerySet[Cancellation]:
    """Return all cancellations, newest first."""
    return Cancellation.objects.select_related(
        "organisation", "batch__asset", "batch__project__proponent", "reversal", "transaction"
    ).order_by("-id")


def cancellation_by_public_id(public_id: UUID | str) -> Cancellation:
    """Return a cancellation.

    Raises: NotFound.
    """
    try:
        wanted = UUID(str(public_id))
    except ValueError:
        raise NotFound() from None
    cancellation = cancellations().filter(public_id=wanted).first()
    if cancellation is None:
        raise NotFound()
    return cancellation


def may_see_holder(cancellation: Cancellation, viewer: Membership | None) -> bool:
    """Return whether is shown whose credits they were: a proponent's own, one's own, and to the operator and auditors."""
    organisation = cancellation.organisation
    if organisation is None or organisation.pk == cancellation.batch.project.proponent_id:
        return True
    return viewer is not None and (viewer.organisation_id == organisation.pk or reads_everything(viewer))


def cancelled_t() -> int:
    """Return the tonnes that were ever cancelled."""
    return Cancellation.objects.aggregate(total=Sum("quantity_t"))["total"] or 0


def orders_seen_by(membership: Membership) -> QuerySet[CancellationOrder]:
    """Return the cancellations that the operator has ordered, newest first, to the operator and auditors.

    Raises: NotAllowed.
    """
    if not reads_everything(membership):
        raise NotAllowed()
    return CancellationOrder.objects.select_related("batch__asset", "organisation", "cancellation").order_by("-id")
