"""A mail server on this machine that keeps what it gets: real SMTP over a socket."""

import contextlib
import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

from allauth.account.models import EmailAddress

from ledger.models import User


def verify(user: User, address: str) -> User:
    """Give a person a verified address."""
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user


@dataclass
class Mailbox:
    """What has come in, and how the server behaves: codes by address, how many connections it drops after DATA."""

    port: int = 0
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    drops: int = 0

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for recipient, letter in self.letters if recipient == address]


class _Talk(socketserver.StreamRequestHandler):
    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        box: Mailbox = self.server.box
        recipients: list[str] = []
        self.say("220 test")
        while line := self.rfile.readline():
            verb = line.decode("utf-8", "replace").strip()
            match verb[:4].upper():
                case "EHLO" | "HELO":
                    self.say("250 test")
                case "RCPT":
                    address = verb[verb.index("<") + 1 : verb.index(">")]
                    if address in box.refusals:
                        self.say(box.refusals[address])
                    else:
                        recipients.append(address)
                        self.say("250 ok")
                case "DATA":
                    self.say("354 go on")
                    lines = []
                    while (said := self.rfile.readline()) != b".\r\n":
                        lines.append(said[1:] if said.startswith(b"..") else said)
                    letter = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                    box.letters += [(address, letter) for address in recipients]
                    recipients = []
                    if box.drops > 0:
                        # It has the letter, and the sender will never know.
                        box.drops -= 1
                        return
                    self.say("250 kept")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    recipients = [] if verb[:4].upper() in ("MAIL", "RSET") else recipients
                    self.say("250 ok")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextlib.contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a mail server as long as the context lasts."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.box = box = Mailbox(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
