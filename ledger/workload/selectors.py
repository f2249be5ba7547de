"""One list of what waits for an organisation, whichever domain it comes from."""

import datetime as dt
from itertools import chain

from ledger.parties.models import Membership, Organisation
from ledger.workload.cooperatives import project_tasks
from ledger.workload.holders import reversal_tasks, transfer_tasks
from ledger.workload.operators import desk_tasks, reconciliation_tasks
from ledger.workload.tasks import Source, Task, added_sources
from ledger.workload.verifiers import verifier_tasks

Kind = Organisation.Kind
_SOURCES: dict[str, tuple[Source, ...]] = {
    Kind.COOPERATIVE: (project_tasks, reversal_tasks, transfer_tasks),
    Kind.BUYER: (transfer_tasks,),
    Kind.VERIFIER: (verifier_tasks,),
    Kind.OPERATOR: (desk_tasks, reconciliation_tasks),
    Kind.AUDITOR: (reconciliation_tasks,),
}
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


def tasks_of(reader: Membership) -> list[Task]:
    """Return what waits for the reader's organisation: the reader's own steps first, and of them what is due first.

    Nobody acts for an organisation that is not approved: nothing waits for it. The list is bounded: each source says no more
    than `MOST_OF_A_KIND` of a kind.
    """
    organisation = reader.organisation
    if not organisation.is_approved:
        return []
    sources = (*_SOURCES[organisation.kind], *added_sources(organisation.kind))
    found = chain.from_iterable(source(reader) for source in sources)
    return sorted(found, key=lambda task: (not task.is_for(reader), task.ends_at or _NEVER, task.since or _NEVER))
