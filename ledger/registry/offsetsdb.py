"""Projects and credits as OffsetsDB has them (carbonplan/offsets-db): the same tables that can be imported here."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from ledger.credits.models import Batch, Retirement
from ledger.journal.models import Account, Transfer
from ledger.projects.models import Project
from ledger.registry.chunks import Addresses, in_chunks

REGISTRY = "tianhui"
CATEGORY = "agriculture"
COUNTRY = "China"
PROJECT_FIELDS = (
    "project_id",
    "name",
    "registry",
    "proponent",
    "protocol",
    "category",
    "country",
    "status",
    "listed_at",
    "issued",
    "retired",
    "is_compliance",
    "project_url",
)
CREDIT_FIELDS = ("project_id", "quantity", "vintage", "transaction_date", "transaction_type")


def projects(found: QuerySet[Project], addresses: Addresses) -> Iterator[dict[str, Any]]:
    """Yield projects as OffsetsDB has them, oldest first."""
    for chunk in in_chunks(found.select_related("proponent")):
        issued, retired = _issued_and_retired(chunk)
        for project in chunk:
            values = (
                project.code,
                project.name,
                REGISTRY,
                project.proponent.name,
                project.methodology,
                CATEGORY,
                COUNTRY,
                project.status,
                timezone.localdate(project.registered_at).isoformat() if project.registered_at else None,
                issued.get(project.pk, 0),
                retired.get(project.pk, 0),
                False,
                addresses.of(f"/projects/{project.code}"),
            )
            yield dict(zip(PROJECT_FIELDS, values, strict=True))


def _issued_and_retired(projects: Sequence[Project]) -> tuple[dict[int, int], dict[int, int]]:
    batches = Batch.objects.filter(project__in=projects).order_by().values_list("project")
    issued = dict(batches.annotate(total=Sum("quantity_t")))
    used = Account.objects.filter(purpose=Account.Purpose.RETIRED, asset__batch__project__in=projects)
    retired = dict(used.order_by().values_list("asset__batch__project").annotate(total=Sum("balance")))
    return issued, retired


def credits(batches: QuerySet[Batch]) -> Iterator[dict[str, Any]]:
    """Yield what happened to batches, oldest batch first: each issuance, cancellation and retirement."""
    for chunk in in_chunks(batches.select_related("project"), 500):
        cancelled: dict[int, list[Transfer]] = {}
        accounts = Account.objects.filter(
            purpose=Account.Purpose.CANCELLED, asset__in=[each.asset_id for each in chunk]
        ).values_list("pk", "asset_id")
        by_account = dict(accounts)
        moved = Transfer.objects.filter(credit_account__in=by_account).select_related("transaction").order_by("id")
        for transfer in moved if by_account else ():
            cancelled.setdefault(by_account[transfer.credit_account_id], []).append(transfer)
        retired: dict[int, list[Retirement]] = {}
        for each in (
            Retirement.objects.filter(batch__in=chunk).only("batch_id", "quantity_t", "retired_at").order_by("id")
        ):
            retired.setdefault(each.batch_id, []).append(each)
        for batch in chunk:
            yield _credit(batch, batch.quantity_t, batch.issued_at, "issuance")
            for transfer in cancelled.get(batch.asset_id, ()):
                yield _credit(batch, transfer.amount, transfer.transaction.occurred_at, "cancellation")
            for each in retired.get(batch.pk, ()):
                yield _credit(batch, each.quantity_t, each.retired_at, "retirement")


def _credit(batch: Batch, quantity_t: int, at: Any, kind: str) -> dict[str, Any]:
    values = (batch.project.code, quantity_t, batch.vintage, timezone.localdate(at).isoformat(), kind)
    return dict(zip(CREDIT_FIELDS, values, strict=True))
