"""Who may read the metrics: a caller that comes straight from a network that the settings name, or who has the token."""

import hmac
import ipaddress
from functools import lru_cache

from django.conf import settings


def may_read_metrics(*, remote: str, authorization: str, came_by_proxy: bool) -> bool:
    """Return whether a request may.

    What came through a proxy has the proxy's own address, or one that it says: neither opens anything. It needs the token.
    """
    scheme, _space, secret = authorization.partition(" ")
    token: str = settings.METRICS_TOKEN
    if token and scheme.lower() == "bearer" and hmac.compare_digest(secret.strip().encode(), token.encode()):
        return True
    return not came_by_proxy and _is_near(remote, tuple(settings.METRICS_NETWORKS))


@lru_cache(maxsize=256)
def _is_near(remote: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return any(address in ipaddress.ip_network(network) for network in networks)
