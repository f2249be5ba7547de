"""What a file of fields comes to, kept for an hour between the upload and its confirmation, for who uploaded it alone.

It is kept in Redis, whose content may be lost: the file is then uploaded again. Nothing of it is in the books.
"""

import secrets
import zlib
from typing import Any

import orjson
from django.core.cache import cache
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from ledger.errors import InvalidValue, NotFound
from ledger.parties.models import User

SECONDS = 3_600


def keep(user: User, content: dict[str, Any]) -> str:
    """Keep something that JSON can say, and return the word by which it is found again.

    Raises: InvalidValue where there is no place to keep it just now.
    """
    token = secrets.token_urlsafe(16)
    try:
        cache.set(_key(user, token), zlib.compress(orjson.dumps(content), 1), SECONDS)
    except RedisError:
        raise InvalidValue(
            field="file", reason=_("The upload cannot be kept just now. Try again in a moment.")
        ) from None
    return token


def find(user: User, token: str) -> dict[str, Any]:
    """Return what was kept.

    Raises: NotFound where nothing was, not for this person, or more than an hour ago.
    """
    try:
        kept = cache.get(_key(user, token))
    except RedisError:
        kept = None
    if kept is None:
        raise NotFound()
    found: dict[str, Any] = orjson.loads(zlib.decompress(kept))
    return found


def _key(user: User, token: str) -> str:
    return f"upload:{user.pk}:{token[:40]}"
