"""PostgreSQL and Redis from wheels, started and stopped with the product. See README.md."""

from config.embedded.launch import EmbeddedError, free_port, private_text, signals_deferred
from config.embedded.lifecycle import Services, attach, remember, remembered, remove, services

__all__ = [
    "EmbeddedError",
    "Services",
    "attach",
    "free_port",
    "private_text",
    "remember",
    "remembered",
    "remove",
    "services",
    "signals_deferred",
]
