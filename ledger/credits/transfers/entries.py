"""What the log says of a transfer of credits: its terms and its parties, at each step."""

from typing import Any

from ledger.credits.digests import texts_sha256
from ledger.credits.transfers.models import CreditTransfer
from ledger.transparency.services import append_record, format_time


def record_offered(transfer: CreditTransfer, *, actor: str) -> None:
    """Record that credits were offered."""
    append_record(kind="credit_transfer_offered", body=_body(transfer), actor=actor, at=transfer.offered_at)


def record_decided(transfer: CreditTransfer, *, actor: str) -> None:
    """Record what became of it: `credit_transfer_accepted`, `credit_transfer_declined` and so on."""
    kind = f"credit_transfer_{transfer.state}"
    append_record(kind=kind, body=_body(transfer), actor=actor, at=transfer.decided_at)


def _body(transfer: CreditTransfer) -> dict[str, Any]:
    body: dict[str, Any] = {
        "credit_transfer": str(transfer.public_id),
        "asset": transfer.batch.asset.code,
        "sender": str(transfer.sender.public_id),
        "recipient": str(transfer.recipient.public_id),
        "quantity_t": transfer.quantity_t,
        "ground": str(transfer.ground),
        "hold": str(transfer.hold_id),
        "expires_at": format_time(transfer.expires_at),
        "details_sha256": texts_sha256((transfer.note, transfer.idempotency_key or "")),
    }
    if transfer.price_fen is not None:
        body["price_fen"] = transfer.price_fen
    if transfer.transaction_id is not None:
        body["transaction"] = str(transfer.transaction_id)
    return body
