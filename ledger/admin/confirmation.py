"""A button of somebody who may not write: a GET that nobody else can have them send, and that counts once.

A page of another site can make a browser fetch an address of ours (`<img src=…>`), but cannot read our pages: it does not
know the word that the button carries, which is signed, is for one person, and is used up by the first press.
"""

import secrets

from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest

PARAMETER = "confirm"
SALT = "ledger.admin.confirmation"
SECONDS = 60 * 60


def confirmation_for(request: HttpRequest) -> str:
    """Return a fresh word for a button on the reader's page."""
    return signing.dumps([request.user.pk, secrets.token_urlsafe(12)], salt=SALT)


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether the reader has pressed a button that we gave them, for the first time and within an hour.

    Raises: redis.RedisError where it cannot be known whether it is the first time.
    """
    if request.method != "GET":
        return False
    try:
        person, once = signing.loads(request.GET.get(PARAMETER, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return False
    return person == request.user.pk and cache.add(f"confirmed:{once}", 1, SECONDS)
