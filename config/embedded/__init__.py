"""PostgreSQL and Redis from wheels, started and stopped with the product. See README.md."""

from config.embedded.launch import EmbeddedError, announce_free_port, free_port, private_text
from config.embedded.lifecycle import Services, attach, remember, remembered, remove, services

__all__ = [
    "EmbeddedError",
    "Services",
    "announce_free_port",
    "attach",
    "free_port",
    "private_text",
    "remember",
    "remembered",
    "remove",
    "services",
]
