"""The database backend that the settings name."""

import select

from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus, TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, as Django speaks to it."""

    def is_usable(self) -> bool:
        """Return whether a connection that was kept is still good.

        Where nothing has come on an idle connection, the server has not ended it: one that stops or restarts says so, and its
        host closes the socket. Only where something has come is the server asked, as Django does before every request:
        a quarter of the round trips of an order.
        """
        if self.connection is None:
            return False
        state = self.connection.pgconn
        is_idle = state.status == ConnStatus.OK and state.transaction_status == TransactionStatus.IDLE
        return (is_idle and not _has_come(state.socket)) or super().is_usable()


def _has_come(socket: int) -> bool:
    """Return whether there is something to be read, the end of the connection among it."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
