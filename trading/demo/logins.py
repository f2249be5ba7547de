"""Who can log in to the demo, and with what."""

import secrets
from pathlib import Path

from django.conf import settings

from config.embedded import private_text


def password_file() -> Path:
    """Return where the demo's password is kept."""
    return Path(settings.DEMO_PASSWORD_FILE)


def demo_password() -> str:
    """Return the password that the demo's people share: made at random at first, readable to its owner only."""
    return private_text(password_file(), lambda: secrets.token_hex(6))
