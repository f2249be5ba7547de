"""How anyone can check the log, in plain words, with its newest state."""

import base64

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.transparency.keys import log_signer
from ledger.transparency.models import Checkpoint
from ledger.transparency.selectors import latest_checkpoint, waiting_records


@require_safe
def log_page(request: HttpRequest) -> HttpResponse:
    """Show the log's size, root and signature, and how to check them."""
    checkpoint = latest_checkpoint()
    context = {
        "checkpoint": checkpoint,
        "root": root_text(checkpoint),
        "vkey": log_signer().vkey,
        "waiting": waiting_records(),
        "address": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "ledger/proof.html", context)


def root_text(checkpoint: Checkpoint | None) -> str:
    """Return the root hash as checkpoints write it, in base64."""
    return base64.b64encode(bytes(checkpoint.root_hash)).decode() if checkpoint else ""
