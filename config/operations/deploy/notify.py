"""Tell systemd how a program is: that it is ready (`Type=notify`), and that it lives (`WatchdogSec=`). Elsewhere nobody listens.

A program that says nothing for longer than its unit allows is ended and started again: one that hangs, too.
"""

import contextlib
import os
import socket
import threading
import time

from config.operations.deploy.probe import answers

READY, ALIVE = "READY=1", "WATCHDOG=1"
LOOK_SECONDS = 10.0
READY_LOOK_SECONDS = 0.5


def notify(said: str) -> None:
    """Say a word to systemd where it listens (sd_notify); what cannot be said is left."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # An address that begins with @ is one without a file.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.setblocking(False)
        out.sendto(said.encode(), name)


def watch_over(program: str) -> None:
    """Ask this very program (`web`, `stream`) over and over whether it answers, from a thread, and tell systemd as long as it does."""
    if os.environ.get("NOTIFY_SOCKET"):
        threading.Thread(target=_watch, args=(program,), name="watch", daemon=True).start()


def _watch(program: str) -> None:
    while answers(program, os.environ):
        time.sleep(READY_LOOK_SECONDS)
    notify(READY)
    while True:
        if not answers(program, os.environ):
            notify(ALIVE)
        time.sleep(LOOK_SECONDS)
