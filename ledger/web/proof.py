"""How anyone can check the log, in plain words, with its newest state."""

import base64

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.transparency.history import current_vkey, key_periods
from ledger.transparency.models import Checkpoint
from ledger.transparency.selectors import cosigned_note, latest_checkpoint, waiting_records, witness_states


@require_safe
def log_page(request: HttpRequest) -> HttpResponse:
    """Show the log's size, root and signature, and how to check them."""
    checkpoint = latest_checkpoint()
    keys = key_periods()
    context = {
        "checkpoint": checkpoint,
        "note": cosigned_note(checkpoint) if checkpoint else "",
        "root": root_text(checkpoint),
        "vkey": keys[-1].vkey if keys else current_vkey(),
        "is_rotated": len(keys) > 1,
        "waiting": waiting_records(),
        "witnesses": witness_states(),
        "address": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "ledger/proof.html", context)


def root_text(checkpoint: Checkpoint | None) -> str:
    """Return the root hash as checkpoints write it, in base64."""
    return base64.b64encode(bytes(checkpoint.root_hash)).decode() if checkpoint else ""
