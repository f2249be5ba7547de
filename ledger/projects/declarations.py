"""What a cooperative must have declared before it hands a project in: other listings, and how the baseline is known."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotFound
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.projects import entries
from ledger.projects.access import lock_own, require_proponent
from ledger.projects.models import Parcel, Project
from ledger.texts import check_text
from ledger.transparency.services import NewRecord, append_records

MAX_EVIDENCE = 2_000
NAMED_IN_A_REFUSAL = 5


def require_declarations(project: Project) -> None:
    """Refuse a project of which it is not declared where else it is listed, or how its baseline is known.

    Raises: InvalidValue.
    """
    if project.is_listed_elsewhere is None:
        reason = _("Say first whether the fields are listed in another registry, and where.")
        raise InvalidValue(field="is_listed_elsewhere", reason=reason)
    missing = list(project.parcels.filter(baseline_evidence="").values_list("code", flat=True))
    if missing:
        named = ", ".join(missing[:NAMED_IN_A_REFUSAL]) + (" …" if len(missing) > NAMED_IN_A_REFUSAL else "")
        reason = _("Say first how it is known what was done before the project on: %(fields)s.") % {"fields": named}
        raise InvalidValue(field="baseline_evidence", reason=reason)


@transaction.atomic
def state_baseline(
    *, actor: Membership, project_id: int, evidence: str, parcels: Collection[str] | None = None
) -> list[Parcel]:
    """State how it is known what was done on fields of a draft before the project; on all where none are named.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound (also for a field that is not there), WrongState, InvalidValue.
    """
    require_proponent(actor)
    project = lock_own(actor, project_id, Project.Status.DRAFT)
    evidence = evidence.strip()
    if not evidence:
        raise InvalidValue(field="evidence", reason=_("Say how it is known: records, photos, who was asked."))
    check_text(evidence, field="evidence", most=MAX_EVIDENCE)
    found = project.parcels.order_by("id")
    chosen = list(found if parcels is None else found.filter(code__in=parcels))
    if parcels is not None and len(chosen) != len(set(parcels)):
        raise NotFound(field="parcels")
    if not chosen:
        raise InvalidValue(field="parcels", reason=_("Add a field first."))
    for parcel in chosen:
        parcel.baseline_evidence = evidence
    Parcel.objects.filter(pk__in=[parcel.pk for parcel in chosen]).update(baseline_evidence=evidence)
    name, at = log_name(actor), timezone.now()
    append_records(
        NewRecord("parcel_baseline_stated", entries.parcel_baseline_stated(project, parcel), name, at)
        for parcel in chosen
    )
    return chosen
