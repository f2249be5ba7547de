"""Read reversals, and what projects owe for them."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from ledger.credits.cancellations.models import Cancellation
from ledger.credits.models import Batch
from ledger.credits.reversals.models import Reversal
from ledger.errors import NotFound, ReversalOwed
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.projects.models import Project

State = Reversal.State


def reversals_seen_by(membership: Membership | None) -> QuerySet[Reversal]:
    """Return the reversals that one may see, newest first.

    Confirmed ones everybody; those that wait or were refused who has reported them, the proponent, verifiers, the operator
    and auditors.
    """
    found = Reversal.objects.select_related("project__proponent", "reporter").order_by("-id")
    public = Q(state__in=Reversal.STANDING)
    if membership is None:
        return found.filter(public)
    organisation = membership.organisation
    if reads_everything(membership) or (organisation.kind == Organisation.Kind.VERIFIER and organisation.is_approved):
        return found
    return found.filter(public | Q(project__proponent=organisation) | Q(reporter=organisation))


def access_reversal_by_public_id(*, public_id: UUID | str, membership: Membership | None) -> Reversal:
    """Return a reversal.

    Raises: NotFound, also where it is not to be seen.
    """
    try:
        wanted = UUID(str(public_id))
    except ValueError:
        raise NotFound() from None
    reversal = reversals_seen_by(membership).filter(public_id=wanted).first()
    if reversal is None:
        raise NotFound()
    return reversal


def replenished_t(reversals: Iterable[Reversal]) -> dict[int, int]:
    """Return how much is made up for of each reversal, by its id, in one query. Units: tonnes."""
    ids = [reversal.pk for reversal in reversals]
    # No query where there is none.
    found = Cancellation.objects.filter(reversal__in=ids, kind=Cancellation.Kind.REPLENISHMENT)
    made_up = dict(found.order_by().values_list("reversal").annotate(total=Sum("quantity_t")))
    return {pk: made_up.get(pk, 0) for pk in ids}


def still_owed_t(reversal: Reversal) -> int:
    """Return what is still owed for a reversal. Units: tonnes."""
    if reversal.state != State.CONFIRMED:
        return 0
    return (reversal.owed_t or 0) - replenished_t([reversal])[reversal.pk]


def owed_t(project: Project) -> int:
    """Return what a project's proponent still owes for its reversals. Units: tonnes."""
    owing = list(Reversal.objects.filter(project=project, state=State.CONFIRMED))
    if not owing:
        return 0
    return sum(reversal.owed_t or 0 for reversal in owing) - sum(replenished_t(owing).values())


def owing_of(organisation: Organisation) -> list[tuple[Reversal, int]]:
    """Return the reversals that an organisation has to make up for, each with what it still owes, due first in front."""
    owing = Reversal.objects.filter(project__proponent=organisation, state=State.CONFIRMED).select_related("project")
    found = list(owing.order_by("due_on", "id"))
    made_up = replenished_t(found)
    return [(reversal, (reversal.owed_t or 0) - made_up[reversal.pk]) for reversal in found]


def require_nothing_owed(project: Project) -> None:
    """Refuse a step that a project may take only once it owes nothing for its reversals, such as to be completed.

    Raises: ReversalOwed.
    """
    owed = owed_t(project)
    if owed:
        raise ReversalOwed(project=project.code, owed=owed)


def losable_t(project: Project) -> int:
    """Return how much of what was issued to a project nobody has reported as lost yet. Units: tonnes."""
    issued = Batch.objects.filter(project=project).aggregate(total=Sum("quantity_t"))["total"] or 0
    standing = Reversal.objects.filter(project=project).exclude(state=State.REFUSED)
    return issued - (standing.aggregate(total=Sum("loss_t"))["total"] or 0)


def stores_carbon(project: Project) -> bool:
    """Return whether what a project has gained can be lost again: where it is stored, or the pool has a share of it.

    Avoided methane is not lost again; of it only too much can have been issued.
    """
    return project.methodology.startswith("soc-") or Batch.objects.filter(project=project, buffer_t__gt=0).exists()
