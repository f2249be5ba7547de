"""How soon a peer is given up that has gone without a word: its host is down, or cut off from the network.

Nothing comes from such a peer, not even the end of the connection; left to itself TCP waits for a quarter of an hour, and for
an idle connection two. Where we have sent what is not acknowledged, the time runs from there; where all is silent, the kernel
asks, and gives the peer up that does not answer. Both ends must do so: the worker, to connect anew, and PostgreSQL, to let go
of the market that the worker had locked. A link that is back sooner has done no harm.
"""

import socket
from typing import Any

CONNECT_SECONDS = 5
IDLE_SECONDS = 5
"""Silence after which the kernel asks."""
INTERVAL_SECONDS = 2
PROBES = 3
GONE_SECONDS = IDLE_SECONDS + INTERVAL_SECONDS * PROBES
CHECK_SECONDS = 2
"""How often PostgreSQL looks whether anybody still waits for a statement that takes long."""

# libpq's, for our end; and the server's settings of our session, for the other end. Neither touches other clients of the server.
POSTGRESQL: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": IDLE_SECONDS,
    "keepalives_interval": INTERVAL_SECONDS,
    "keepalives_count": PROBES,
    "tcp_user_timeout": GONE_SECONDS * 1_000,
    "options": f"-c tcp_keepalives_idle={IDLE_SECONDS} -c tcp_keepalives_interval={INTERVAL_SECONDS}"
    f" -c tcp_keepalives_count={PROBES} -c tcp_user_timeout={GONE_SECONDS * 1_000}"
    f" -c client_connection_check_interval={CHECK_SECONDS * 1_000}",
}

# Of the socket, by the number that the system has for each: not every system has all.
_SOCKET = {
    "TCP_KEEPIDLE": IDLE_SECONDS,
    "TCP_KEEPINTVL": INTERVAL_SECONDS,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": GONE_SECONDS * 1_000,
}
REDIS: dict[str, Any] = {
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, name): value for name, value in _SOCKET.items() if hasattr(socket, name)
    },
}
