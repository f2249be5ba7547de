"""A small server for Prometheus, in a process that serves nothing else: what web has at /metrics, under the same guard."""

import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from config.operations.observe import exposition
from config.operations.observe.access import may_read_metrics

logger = logging.getLogger(__name__)

SECONDS = 10


class _Handler(BaseHTTPRequestHandler):
    timeout = SECONDS
    server_version = "tianhui"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._answer(200, b"ok\n")
        elif path != "/metrics":
            self._answer(404, b"Metrics are at /metrics.\n")
        elif not self._may_read():
            self._answer(403, b"Metrics are read from the networks in METRICS_NETWORKS, or with METRICS_TOKEN.\n")
        else:
            self._answer(200, exposition.exposition(with_figures=False), exposition.CONTENT_TYPE)

    def _may_read(self) -> bool:
        return may_read_metrics(
            remote=self.client_address[0],
            authorization=self.headers.get("Authorization", ""),
            came_by_proxy="X-Forwarded-For" in self.headers or "Forwarded" in self.headers,
        )

    def _answer(self, status: int, text: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of being asked."""


def serve_metrics(host: str, port: int) -> ThreadingHTTPServer | None:
    """Answer at the port from a thread, as long as this process lives; where the port is taken, another one answers there."""
    try:
        server = ThreadingHTTPServer((host, port), _Handler)
    except OSError as error:
        logger.warning("no metrics at port %s: %s", port, error)
        return None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
