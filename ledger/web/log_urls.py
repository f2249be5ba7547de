"""Where the log is served: the addresses of checkpoint and tiles are C2SP tlog-tiles', not ours."""

from django.urls import path

from config import converters  # noqa: F401 (registers id)
from ledger.web import log

urlpatterns = [
    path("checkpoint", log.checkpoint, name="log_checkpoint"),
    path("checkpoint/witnessed", log.witnessed_checkpoint, name="log_witnessed_checkpoint"),
    path("keys", log.keys, name="log_keys"),
    path("proof/<id:record_id>", log.proof, name="log_proof"),
    path("add-cosignature", log.add_cosignature, name="log_add_cosignature"),
    path("tile/entries/<path:number>", log.entry_bundle, name="log_entries"),
    path("tile/<str:level>/<path:number>", log.tile, name="log_tile"),
]
