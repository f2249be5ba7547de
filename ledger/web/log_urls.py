"""Where the log is served: the addresses are C2SP tlog-tiles', not ours."""

from django.urls import path

from ledger.web import log

urlpatterns = [
    path("checkpoint", log.checkpoint, name="log_checkpoint"),
    path("tile/entries/<path:number>", log.entry_bundle, name="log_entries"),
    path("tile/<int:level>/<path:number>", log.tile, name="log_tile"),
]
