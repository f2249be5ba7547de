"""What waits for who holds credits: transfers to decide, and reversals to make up for."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.selectors import owing_of
from ledger.credits.transfers.models import CreditTransfer
from ledger.credits.transfers.selectors import transfers
from ledger.parties.models import Membership, Organisation
from ledger.texts import localized
from ledger.workload.tasks import MOST_OF_A_KIND, Task
from ledger.workload.writing import tonnes


def transfer_tasks(reader: Membership) -> Iterator[Task]:
    """Yield the transfers that the organisation may accept, those that expire first in front."""
    offered = transfers().filter(
        recipient=reader.organisation, state=CreditTransfer.State.OFFERED, expires_at__gt=timezone.now()
    )
    for transfer in offered.order_by("expires_at", "id")[:MOST_OF_A_KIND]:
        yield Task(
            "transfer_to_decide",
            _("Accept the credits, or decline them"),
            f"{transfer.batch.asset.code} · {tonnes(transfer.quantity_t)} · {localized(transfer.sender, 'name')}",
            "transfer",
            {"public_id": transfer.public_id},
            since=transfer.offered_at,
            due_at=transfer.expires_at,
        )


def reversal_tasks(reader: Membership) -> Iterator[Task]:
    """Yield the reversals that a cooperative has to make up for, those that are due first in front."""
    assert reader.organisation.kind == Organisation.Kind.COOPERATIVE
    for reversal, owed_t in owing_of(reader.organisation)[:MOST_OF_A_KIND]:
        yield _owed(reversal, owed_t)


def _owed(reversal: Reversal, owed_t: int) -> Task:
    return Task(
        "reversal_to_make_up_for",
        _("Make up for the carbon that was lost"),
        f"{localized(reversal.project, 'name')} · {tonnes(owed_t)}",
        "reversal",
        {"public_id": reversal.public_id},
        since=reversal.decided_at,
        due_on=reversal.due_on,
    )
