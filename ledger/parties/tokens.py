"""What a key to the API looks like, what is kept of it, and on what terms it is made."""

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import AddressNotAllowed, InvalidValue

TOKEN_PREFIX = "th_"
GOOD_FOR = dt.timedelta(days=90)
"""How long a token is good where nothing else is said."""
MOST_GOOD_FOR = dt.timedelta(days=366)
"""A year, to the end of its last day."""
MAX_NETWORKS = 20
MAX_TOKENS = 100
"""Good ones of one person at a time."""


class HeldToken(NamedTuple):
    """The token by which somebody comes, as far as a request needs to know it."""

    id: int
    scopes: Sequence[str]


def hash_token(secret: str) -> bytes:
    """Return what is kept of a token. It is long and random: a fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def check_expiry(expires_at: dt.datetime | None) -> dt.datetime:
    """Return when a token that is made now ends.

    Raises: InvalidValue for a time that is over, or more than a year away.
    """
    now = timezone.now()
    if expires_at is None:
        return now + GOOD_FOR
    if expires_at <= now:
        raise InvalidValue(field="expires_at", reason=_("This time is over."))
    if expires_at > now + MOST_GOOD_FOR:
        raise InvalidValue(field="expires_at", reason=_("A token is good for one year at most."))
    return expires_at


def check_networks(words: Iterable[str]) -> list[str]:
    """Return networks as CIDR, each once; an address is the network of itself.

    Raises: InvalidValue.
    """
    found: list[str] = []
    for word in words:
        try:
            network = str(ipaddress.ip_network(word.strip()))
        except ValueError:
            reason = _("%(word)s is no network: write an address, or a network such as 203.0.113.0/24.")
            raise InvalidValue(field="networks", reason=reason % {"word": word.strip()[:43]}) from None
        if network not in found:
            found.append(network)
    if len(found) > MAX_NETWORKS:
        raise InvalidValue(field="networks", reason=_("At most %(most)s networks.") % {"most": MAX_NETWORKS})
    return found


def require_address(networks: Sequence[str], address: str) -> None:
    """Refuse a token that comes from outside of the networks it names; one that names none is good from everywhere.

    Raises: AddressNotAllowed.
    """
    if not networks:
        return
    caller = _caller(address)
    if caller is None or not any(caller in ipaddress.ip_network(network) for network in networks):
        raise AddressNotAllowed(address=address)


def _caller(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address; an IPv4 one that is written as IPv6 is still itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
