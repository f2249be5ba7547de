"""What the log says of a reversal, at each step."""

from typing import Any

from ledger.credits.digests import texts_sha256
from ledger.credits.reversals.models import Reversal
from ledger.transparency.services import append_record

State = Reversal.State


def record_reported(reversal: Reversal, *, actor: str) -> None:
    """Record that a loss was reported."""
    body = _name(reversal) | {
        "happened_on": reversal.happened_on.isoformat(),
        "discovered_on": reversal.discovered_on.isoformat(),
        "cause": str(reversal.cause),
        "is_intentional": reversal.is_intentional,
        "loss_t": reversal.loss_t,
        "organisation": str(reversal.reporter.public_id),
        "description_sha256": texts_sha256((reversal.description,)),
    }
    append_record(kind="reversal_reported", body=body, actor=actor, at=reversal.reported_at)


def record_decided(reversal: Reversal, *, actor: str) -> None:
    """Record what a second person has decided: `reversal_confirmed` with what becomes of the loss, or `reversal_refused`."""
    if reversal.state == State.REFUSED:
        kind, decision = "reversal_refused", {"reason": reversal.refusal_reason}
    else:
        kind, decision = "reversal_confirmed", _outcome(reversal)
    append_record(kind=kind, body=_name(reversal) | decision, actor=actor, at=reversal.decided_at)


def record_compensated(reversal: Reversal, *, actor: str) -> None:
    """Record that what was owed for a reversal is made up for."""
    body = _name(reversal) | {"owed_t": reversal.owed_t}
    append_record(kind="reversal_compensated", body=body, actor=actor, at=reversal.compensated_at)


def _name(reversal: Reversal) -> dict[str, Any]:
    return {"reversal": str(reversal.public_id), "project": reversal.project.code}


def _outcome(reversal: Reversal) -> dict[str, Any]:
    return {
        "loss_t": reversal.loss_t,
        "from_buffer_t": reversal.from_buffer_t,
        "owed_t": reversal.owed_t,
        "due_on": reversal.due_on.isoformat() if reversal.due_on else None,
    }
