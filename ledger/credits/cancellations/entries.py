"""What the log says of cancellations, and of those that the operator orders."""

from typing import Any

from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.credits.digests import texts_sha256
from ledger.transparency.services import append_record


def record_cancelled(cancellation: Cancellation, *, actor: str) -> int:
    """Record that credits were cancelled, and return the record's number."""
    organisation = cancellation.organisation
    body: dict[str, Any] = {
        "cancellation": str(cancellation.public_id),
        "kind": str(cancellation.kind),
        "organisation": str(organisation.public_id) if organisation else None,
        "asset": cancellation.batch.asset.code,
        "quantity_t": cancellation.quantity_t,
        "reason": str(cancellation.reason),
        "details_sha256": texts_sha256((cancellation.note, cancellation.idempotency_key or "")),
        "transaction": str(cancellation.transaction_id),
    }
    if cancellation.reversal is not None:
        body["reversal"] = str(cancellation.reversal.public_id)
    return append_record(kind="credits_cancelled", body=body, actor=actor, at=cancellation.cancelled_at)


def record_order(order: CancellationOrder, *, actor: str) -> None:
    """Record a step of an order: `cancellation_requested`, `cancellation_confirmed` or `cancellation_refused`."""
    organisation = order.organisation
    body: dict[str, Any] = {
        "cancellation_order": str(order.pk),
        "organisation": str(organisation.public_id) if organisation else None,
        "asset": order.batch.asset.code,
        "quantity_t": order.quantity_t,
        "reason": str(order.reason),
        "note_sha256": texts_sha256((order.note,)),
        "hold": str(order.hold_id),
    }
    if order.first_serial is not None:
        body["first_serial"] = str(order.first_serial)
    if order.cancellation is not None:
        body["cancellation"] = str(order.cancellation.public_id)
    append_record(
        kind=f"cancellation_{order.status}", body=body, actor=actor, at=order.decided_at or order.requested_at
    )
