"""What systemd would hear: programs that are started with NOTIFY_SOCKET tell here that they are ready, and that they live."""

import itertools
import os
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

_numbers = itertools.count(1)


@dataclass
class Notified:
    """A socket of its own for one program, without a file: paths of tests are too long for one."""

    address: str = field(default_factory=lambda: f"@tianhui-test-{os.getpid()}-{next(_numbers)}")
    heard: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{self.address[1:]}")

    def __enter__(self) -> "Notified":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def wait_for(self, said: str, *, seconds: float) -> None:
        """Wait until the program has said so, or says it again where it has before this was asked."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                word = self._socket.recv(4_096).decode()
            except TimeoutError:
                break
            self.heard[word] += 1
            if word == said:
                return
        raise AssertionError(f"{said} was not said within {seconds:g} s")
