"""Take a reversal's row, and let one reversal at a time draw on the buffer pool."""

from uuid import UUID

from django.db import connection

from ledger.credits.reversals.models import Reversal
from ledger.errors import NotFound
from ledger.projects.models import Project

_POOL = 0x544850_4F4F4C  # "THPOOL"; any number of our own


def lock_reversal(public_id: UUID) -> Reversal:
    """Lock a reversal until the transaction ends; accounts are locked after it.

    Locks: the reversal's row.
    Raises: NotFound.
    """
    found = Reversal.objects.select_related("project__proponent", "reporter")
    reversal = found.select_for_update(of=("self",), no_key=True).filter(public_id=public_id).first()
    if reversal is None:
        raise NotFound()
    return reversal


def lock_open_reversals(project: Project) -> list[Reversal]:
    """Lock the reversals for which a project owes something, those due first in front.

    Locks: the reversals' rows, in the order of their ids.
    """
    found = Reversal.objects.select_related("project__proponent", "reporter")
    owing = found.select_for_update(of=("self",), no_key=True).filter(project=project, state=Reversal.State.CONFIRMED)
    return sorted(owing.order_by("id"), key=lambda reversal: (reversal.due_on or reversal.happened_on, reversal.pk))


def lock_losses(project: Project) -> None:
    """Let one transaction at a time report a loss of a project, so that two do not report more than there is.

    Locks: the project's row.
    """
    Project.objects.select_for_update(of=("self",), no_key=True).get(pk=project.pk)


def lock_pool() -> None:
    """Let one transaction at a time choose credits of the buffer pool, so that two do not choose the same.

    Locks: an advisory lock, until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_POOL])
