"""Have a worker do something once the transaction has committed: send mail, look up who was locked out.

What a visitor waits for is then the same whether or not somebody of that name is known.
"""

import logging
from functools import partial
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

from config.celery import app

logger = logging.getLogger(__name__)


def later(task: str, **arguments: Any) -> None:
    """Queue one of the registry's tasks after the commit; where the broker is away, nothing is sent, and that is logged."""
    transaction.on_commit(partial(_send, f"ledger.tasks.{task}", arguments))


def _send(task: str, arguments: dict[str, Any]) -> None:
    try:
        app.send_task(task, kwargs=arguments, retry=False)
    except OperationalError as error:
        logger.error("%s was not queued: %s", task, error)
