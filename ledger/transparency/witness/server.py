"""A witness as a server: POST /add-checkpoint. Source: C2SP tlog-witness."""

import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.transparency.witness.core import Refusal, Witness, decode_submission
from ledger.transparency.witness.state import StateError

MAX_BODY_BYTES = 262_144
MAX_CONNECTIONS = 64
PLAIN = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


class WitnessServer(ThreadingHTTPServer):
    """Answers up to some connections at a time; more wait to be accepted."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        super().__init__(address, _Handler)
        self.witness = witness
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in a line what went wrong with a connection: mostly, that it was lost."""
        print(f"{client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    server_version = "tianhui-witness"
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds that a connection may be silent

    def do_POST(self) -> None:
        if self.path.rpartition("/")[2] != "add-checkpoint":
            return self._refuse(Refusal(404, "there is only /add-checkpoint here"))
        try:
            line = self.server.witness.add_checkpoint(decode_submission(self._body()))
        except Refusal as refusal:
            return self._refuse(refusal)
        except StateError as error:
            print(error, file=sys.stderr)
            return self._refuse(Refusal(500, "the witness cannot read what it has seen"))
        return self._answer(HTTPStatus.OK, PLAIN, line)

    def do_GET(self) -> None:
        self._refuse(Refusal(405, "a witness takes POST /add-checkpoint"))

    do_PUT = do_DELETE = do_HEAD = do_GET

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(411, "say how long the body is")
        if len(length) > 9 or int(length) > MAX_BODY_BYTES:
            raise Refusal(413, f"a body has at most {MAX_BODY_BYTES} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refusal(400, "the body is cut off")
        return body

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.size is not None:
            self._answer(refusal.status, SIZE, f"{refusal.size}\n")
        else:
            self._answer(refusal.status, PLAIN, f"{refusal.reason}\n")

    def _answer(self, status: int, content_type: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if status not in (HTTPStatus.OK, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
            # The body may not have been read: the next request would begin in the middle of it.
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        print(f"{self.address_string()} {format % args}", file=sys.stderr)
