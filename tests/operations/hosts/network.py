"""Hosts of one machine: network namespaces with addresses of their own, on a switch that forgets a cable when told to.

Nothing of it is seen outside: the switch is a bridge in a namespace too, so test runs beside each other use the same
addresses. All names begin with `th`, the number of the process that made them, and a dash; what a process has left that was
killed goes when the next network is made.
"""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SWITCH = "switch"
SUBNET = "10.77.0"
NAMES = re.compile(r"th(\d+)-[a-z]+")
CLONE_NEWNET = 0x40000000


class NotPermitted(RuntimeError):
    """This machine makes no namespaces for us; the message says why."""


@dataclass(frozen=True)
class Host:
    """A host: its name, its namespace's name, and its address."""

    name: str
    namespace: str
    address: str

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs another one on this host; it is no process of its own."""
        return ["ip", "netns", "exec", self.namespace, *command]

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Let this thread, and the threads and programs that it starts, be on this host as long as the context lasts."""
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{self.namespace}") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())


class Network:
    """Hosts on one switch."""

    def __init__(self, names: Sequence[str]) -> None:
        self._owner = f"th{os.getpid()}-"
        self.hosts = {
            name: Host(name, f"{self._owner}{name}", f"{SUBNET}.{number}") for number, name in enumerate(names, start=2)
        }

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def connect(self) -> None:
        """Make the hosts and their switch.

        Raises: NotPermitted.
        """
        remove_stale()
        switch = f"{self._owner}{SWITCH}"
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "name", SWITCH, "type", "bridge")
        _ip("-n", switch, "link", "set", SWITCH, "up")
        for host in self.hosts.values():
            there = host.namespace
            _ip("netns", "add", there)
            _ip("-n", switch, "link", "add", "name", host.name, "type", "veth", "peer", "name", "eth0", "netns", there)
            _ip("-n", switch, "link", "set", "dev", host.name, "master", SWITCH, "up")
            _ip("-n", there, "addr", "add", f"{host.address}/24", "dev", "eth0")
            _ip("-n", there, "link", "set", "eth0", "up")
            _ip("-n", there, "link", "set", "lo", "up")

    def cut_off(self, name: str) -> None:
        """Let the switch drop whatever comes from a host and goes to it. Nobody is told: that is the worst case."""
        _ip("-n", f"{self._owner}{SWITCH}", "link", "set", "dev", name, "nomaster")

    def unplug(self, name: str) -> None:
        """Pull a host's cable at the switch: the host sees that its link is down."""
        _ip("-n", f"{self._owner}{SWITCH}", "link", "set", "dev", name, "down")

    def mend(self, name: str) -> None:
        """Undo `cut_off` and `unplug`."""
        _ip("-n", f"{self._owner}{SWITCH}", "link", "set", "dev", name, "master", SWITCH, "up")

    def remove(self) -> None:
        """Take everything away, with what still runs on the hosts."""
        for name in _names():
            if name.startswith(self._owner):
                _remove(name)


@contextlib.contextmanager
def network(*names: str) -> Iterator[Network]:
    """Have hosts as long as the context lasts.

    Raises: NotPermitted.
    """
    found = Network(names)
    try:
        found.connect()
        yield found
    finally:
        found.remove()


def why_not() -> str:
    """Return why there can be no network here; nothing where there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need `ip` (Debian: apt-get install iproute2)"
    try:
        with network("a"):
            return ""
    except NotPermitted as error:
        return f"this machine makes no network namespaces: {error}"


def remove_stale() -> None:
    """Take away what processes have left that are no more, with what still runs there."""
    for name in _names():
        owner = NAMES.fullmatch(name)
        if owner is not None and not Path(f"/proc/{owner[1]}").exists():
            _remove(name)


def _names() -> list[str]:
    if shutil.which("ip") is None:
        return []
    return [line.split()[0] for line in _ip("netns", "list").splitlines() if line.strip()]


def _remove(namespace: str) -> None:
    for process in _ip("netns", "pids", namespace).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGKILL)
    _ip("netns", "delete", namespace)


def _ip(*words: str) -> str:
    run = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if run.returncode:
        raise NotPermitted(f"ip {' '.join(words)}: {run.stderr.strip()}")
    return run.stdout


def _enter(namespace: int) -> None:
    # os.setns is new in Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET):
        raise NotPermitted(os.strerror(ctypes.get_errno()))
